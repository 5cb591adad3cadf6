//! Whole lives on every geometry: power is lost at every flash operation, in every way that it tears, and again in the
//! recovery; after each cut the oracle looks at the flash, the device boots, and the update is pushed again to its end.
//!
//! Second cuts are sampled; the deep tier makes them all: `cargo test-deep lives::`.

mod device;
mod found;
mod host;
mod oracle;
mod script;
mod world;

use device::{Device, Lived, Stop};
use lifeboot_core::record::Cause;
use lifeboot_tests::chance::Chance;
use lifeboot_tests::geometries::{GEOMETRIES, Geometry};
use lifeboot_tests::simulated_flash::{Cut, Tear};
use lifeboot_tests::tier::{self, one_in};
use std::collections::HashSet;
use std::rc::Rc;
use world::World;

const fn torn(bytes: usize, kept: u32, unsteady: u32) -> Cut {
    Cut::Torn(Tear { bytes, kept, unsteady })
}

/// Before, at several bytes and bits inside, and after all was done. A record ends at 128, a header at 256, an erase
/// somewhere in its unit.
const CUTS: [Cut; 15] = [
    Cut::Before,
    torn(0, 0x5555_5555, 0),
    torn(0, 0xffff_fffe, 0),
    torn(0, 0, 0x8421_1248),
    torn(1, 0x7fff_ffff, 0),
    torn(6, 0x0f3c_a596, 0),
    torn(32, 0xffff_ffff, 0),
    torn(124, 0xaaaa_aaaa, 0),
    torn(124, 0, 0xc396_5a0f),
    torn(127, 0xfeff_ffff, 0),
    torn(252, 0, 0x0001_0100),
    torn(255, 0x5555_5555, 0),
    torn(512, 0x1234_5678, 0xffff_ffff),
    torn(usize::MAX, 0, 0),
    Cut::Marginal,
];

/// Failures of a geometry after which its sweep stops.
const ENOUGH: usize = 12;

/// One in how many second cuts is made by default.
const SAMPLE: usize = 150;

/// A line of the table.
#[derive(Default)]
struct Row {
    operations: u32,
    cuts: u32,
    torn: u32,
    second: u32,
    failures: Vec<String>,
    states: HashSet<u64>,
}

impl Row {
    fn judge(&mut self, lived: Lived, what: impl FnOnce() -> String) -> bool {
        match lived {
            Ok(()) => return true,
            Err(Stop::Broken(promise)) => self.failures.push(format!("{promise}; {}", what())),
            Err(Stop::NoPower) => self.failures.push(format!("power was not cut, and is lost; {}", what())),
        }
        false
    }
}

/// Goes on after a cut: power returns, and the update continues.
fn follow(device: &mut Device) -> Lived {
    device.boot(Cause::PowerOn)?;
    device.complete()
}

/// Runs a step up to the cut in it. Returns false, and records the failure, if the cut did not occur or a promise was
/// broken.
fn cut(device: &mut Device, at: (u32, Cut), row: &mut Row, step: impl Fn(&mut Device) -> Lived, what: &str) -> bool {
    device.flash.cut(at.0, at.1);
    let lived = step(device);
    assert!(!device.flash.is_powered() || matches!(lived, Err(Stop::Broken(_))), "{what}: the cut has not come");
    if let Err(Stop::Broken(promise)) = lived {
        row.failures.push(format!("{promise}; {what}, before the cut"));
        return false;
    }
    device.flash.power_on();
    row.states.insert(device.flash.state());
    let checked = device.check();
    row.judge(checked, || format!("{what}, at the cut"))
}

fn sweep(geometry: &'static Geometry) {
    let table = tier::Row::begin(format!("{}, lives with two cuts", geometry.board.name));
    let mut chance = Chance::new(0);
    let mut row = Row::default();
    let mut device = Device::new(Rc::new(World::new(geometry)));
    for (name, step) in script::LIFE {
        let before = device.clone();
        if let Err(stop) = step(&mut device) {
            panic!("{}, {name}, without a cut: {stop:?}", geometry.board.name);
        }
        let operations = device.flash.operations() - before.flash.operations();
        row.operations += operations;
        for first in (0..operations).flat_map(|number| CUTS.map(|cut| (number, cut))) {
            if row.failures.len() >= ENOUGH {
                break;
            }
            let what = format!("{}, {name}, {first:x?}", geometry.board.name);
            let mut once = before.clone();
            if first.1 == Cut::Before {
                row.cuts += 1
            } else {
                row.torn += 1
            }
            if !cut(&mut once, first, &mut row, step, &what) {
                continue;
            }
            let after_cut = once.clone();
            let followed = follow(&mut once);
            row.states.insert(once.flash.state());
            if !row.judge(followed, || what.clone()) {
                continue;
            }
            let operations = once.flash.operations() - after_cut.flash.operations();
            for second in (0..operations).flat_map(|number| CUTS.map(|cut| (number, cut))) {
                if chance.below(one_in(SAMPLE)) > 0 {
                    continue;
                }
                let what = format!("{what}, then {second:x?}");
                let mut twice = after_cut.clone();
                row.second += 1;
                if cut(&mut twice, second, &mut row, follow, &what) {
                    let followed = follow(&mut twice);
                    row.states.insert(twice.flash.state());
                    row.judge(followed, || what);
                }
            }
        }
    }
    let Row { operations, cuts, torn, second, failures, states, .. } = row;
    println!(
        "{:10} {operations:4} operations {cuts:5} cuts {torn:6} torn cuts {second:8} second cuts {:8} distinct states \
         {:4} failures",
        geometry.board.name,
        states.len(),
        failures.len()
    );
    table.end((cuts + torn + second) as usize, failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn nrf51() {
    sweep(&GEOMETRIES[0]);
}

#[test]
fn nrf52840() {
    sweep(&GEOMETRIES[1]);
}

#[test]
fn stm32f405() {
    sweep(&GEOMETRIES[2]);
}

#[test]
fn stm32l476() {
    sweep(&GEOMETRIES[3]);
}

#[test]
fn rp2040() {
    sweep(&GEOMETRIES[4]);
}

#[test]
fn stm32h7() {
    sweep(&GEOMETRIES[5]);
}

#[test]
fn stm32f411_16_times_smaller() {
    sweep(&GEOMETRIES[6]);
}
