//! Faults that the sweeps have found, kept as tests so that they do not depend on a sample.

use super::device::Device;
use super::world::World;
use super::{follow, script, torn};
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::Slot;
use lifeboot_tests::geometries::GEOMETRIES;
use lifeboot_tests::simulated_flash::Cut;
use std::rc::Rc;

/// Operations of the first update on an nRF51 before it writes the header.
const BEFORE_HEADER: u32 = 9;

/// An nRF51 that loses power in its first update, `operations` into it.
fn cut_after(operations: u32, cut: Cut) -> Device {
    let mut device = Device::new(Rc::new(World::new(&GEOMETRIES[0])));
    let [(_, boot), (_, update), ..] = script::LIFE;
    boot(&mut device).unwrap();
    device.flash.cut(operations, cut);
    update(&mut device).unwrap_err();
    device.flash.power_on();
    device
}

/// The torn offsets in the target slot.
fn unsteady(device: &Device) -> Vec<usize> {
    let region = GEOMETRIES[0].board.slot(Slot::B);
    device.flash.unsteady(region).map(|(offset, _)| offset - region.start as usize).collect()
}

/// Goes on after the cut, to the end of the update, however unsteady bits happen to be read.
fn follows_however_it_reads(device: &Device) {
    let slot = GEOMETRIES[0].board.slot(Slot::B);
    for readings in 0..64 {
        let mut device = device.clone();
        for _ in 0..readings {
            device.flash.read(slot.start, &mut [0; 1024]).unwrap();
        }
        assert!(follow(&mut device).is_ok(), "{readings} readings before: {:?}", unsteady(&device));
    }
}

/// A header that was torn in its last word read as another image's when the updater asked whether anything could be
/// torn, and as the new one a moment later, when it decided whether to erase it: so it stayed.
#[test]
fn a_header_that_reads_either_way_goes() {
    let device = cut_after(BEFORE_HEADER, torn(252, 0, 0x0001_0100));
    assert!(unsteady(&device).iter().all(|offset| (252..256).contains(offset)));
    assert!(!unsteady(&device).is_empty());
    follows_however_it_reads(&device);
}

/// The first boot record of a device was torn, and was none when the device started again. When power failed again
/// in the next push, it read as one: an unfinished image went on trial.
#[test]
fn a_record_that_becomes_valid_later_starts_nothing() {
    let mut device = cut_after(BEFORE_HEADER + 1, torn(124, 0, 0xc396_5a0f));
    device.flash.cut(BEFORE_HEADER, Cut::Marginal);
    follow(&mut device).unwrap_err();
    device.flash.power_on();
    follows_however_it_reads(&device);
}
