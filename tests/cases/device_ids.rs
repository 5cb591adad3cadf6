//! Device ids of the example firmware: what each board's chip, or its flash, is named by, as a host reads it.
//!
//! QEMU's nRF51822 and rsemu's STM32F405 have such registers. The flash of rp2040py has no id, and the emulator of these tests
//! adds the command that reads it; firmware reads it by the chip's own boot ROM and the registers that it drives.

use crate::stm32f405;
use lifeboot_client::link::{Link, Retry};
use lifeboot_client::pipe::Pipe;
use lifeboot_report::Device;
use lifeboot_tests::bench::{Bench, image, version};
use lifeboot_tests::emulator::stm32f4::chip::Settings;
use lifeboot_tests::emulator::{Emulated, Microbit, Pico};

/// The line of `lifeboot status` that shows the id of the device at this link.
fn shown<P: Pipe>(link: &mut Link<P>) -> String {
    let (status, identity) = link.identity(Retry::SHORT).unwrap();
    let text = Device::from(&status).with_identity(identity.as_ref()).to_string();
    let line = text.lines().find(|line| line.starts_with("device id"));
    line.unwrap_or_else(|| panic!("no device id is shown:\n{text}")).to_owned()
}

fn shown_by<B: Emulated>() -> String {
    let bench = Bench::<B>::start(&image(&B::TARGET, &[], version(1), 0).unwrap()).unwrap();
    shown(&mut bench.link().unwrap())
}

#[test]
fn a_microbit_shows_what_its_production_has_written() {
    // The same in each of QEMU's: it has one constant for all of them.
    assert_eq!(shown_by::<Microbit>(), "device id    0300000078563412");
}

#[test]
fn an_stm32f405_shows_its_unique_id() {
    let mut host = stm32f405::connect(&stm32f405::factory(), &Settings::default());
    assert_eq!(shown(&mut host), "device id    ac14e84447012c1edfe919b1");
}

#[test]
fn a_pico_shows_the_id_of_its_flash() {
    assert_eq!(shown_by::<Pico>(), "device id    e6614103e7452d2f");
}
