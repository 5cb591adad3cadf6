//! A push to an STM32F405 in rsemu, in emulated time, with the data sheet's times for flash. rsemu has one erase time
//! for all sectors. It is set to that of a slot's sectors, as the journal is not erased meanwhile.

use super::bench::Bench;
use super::{BAUD, KIB, Limits, Went, in_use, push, timed};
use crate::bench::HOST;
use crate::costs::line::Silicon;
use crate::costs::{Device, Figure, FlashTime, Unit, kit, stall};
use crate::emulator::stm32f4::chip::{Chip, Settings};
use crate::emulator::stm32f4::paced::{IMMEDIATELY, PacedLine};
use crate::product::{self, STM32F405};
use crate::sweep::Operation;
use anyhow::{Result, ensure};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::{Link, Retry};
use lifeboot_core::Slot;
use std::time::Duration;

const LIMITS: Limits = Limits { time: 6_100_000, ratio: 1_050, share: 978 };

/// The clock of the example firmware.
const HERTZ: u64 = 160_000_000;

/// Bytes that DMA takes from its serial port (`firmware-example/src/board/stm32f405.rs`), whatever the core does.
const CIRCLE: usize = 28 * 1024 - 1;

/// The limit of a turn of its loop, in instructions, most of them for a frame of 2 KiB: 2.5 ms.
const TURN: u64 = 405_000;

/// What a push to an STM32F405 takes, and how long its application stalls meanwhile.
pub fn figures() -> Result<Vec<Figure>> {
    let board = STM32F405.board;
    let (first, second) = (kit::image(&STM32F405, KIB, 1)?, kit::firmware(&STM32F405, &[], 2)?);
    let third = kit::image(&STM32F405, KIB, 3)?;
    let flash = in_use(&STM32F405, &first, &second)?.flash();
    let times = FlashTime::STM32F405;
    let settings = Settings {
        line: IMMEDIATELY,
        erase: Duration::from_nanos(times.erase),
        write: Duration::from_nanos(times.byte),
        ..Settings::default()
    };
    let line = PacedLine::new(Chip::power_on(&flash, &settings)?, BAUD);
    let mut link = Link::new(line.clone(), HOST);
    link.status(Retry::SHORT)?;
    let before = line.traffic();
    line.chip().seen().recording = true;
    let elf = product::firmware(&STM32F405, Slot::A, &[])?;
    let turn = product::function(&elf, stall::EACH_TURN)? + board.distance(Slot::A, Slot::B);
    line.chip().counts().watch(&[turn]);
    let went = push(&mut link, &third)?;
    let lost = line.traffic().lost - before.lost;
    ensure!(lost == 0, "{lost} bytes are lost, though DMA takes them while flash is erased");
    ensure!(went.pushed.retransmitted == 0, "{} bytes are sent again", went.pushed.retransmitted);

    let operations = std::mem::take(&mut line.chip().seen().operations);
    let busy = operations.iter().map(|operation| match operation {
        Operation::Erase { .. } => times.erase,
        Operation::Write { length, .. } => u64::from(*length) * times.byte,
    });
    let modelled = modelled(in_use(&STM32F405, &first, &second)?, &third)?;
    ensure!(
        modelled.sending.abs_diff(went.sending) * 50 <= went.sending,
        "by `line`, the image is sent in {} ms, and in rsemu in {} ms",
        modelled.sending / 1_000_000,
        went.sending / 1_000_000,
    );

    let name = board.name;
    let mut figures = timed(name, &third, &went, busy.sum(), &LIMITS).to_vec();
    let longest = line.chip().counts().longest_between();
    let what = stall::MAX_STALL;
    figures.extend([
        Figure::new(format!("{what}, beside flash"), name, Unit::Instructions, longest.instructions).held_to(TURN),
        Figure::new(what, name, Unit::Microseconds, longest.cycles * 1_000_000 / HERTZ)
            .held_to(times.erase / 1000 * 21 / 20),
    ]);
    Ok(figures)
}

/// The same push on `line`, which the other boards are measured on: its time of sending is compared with the
/// emulator's. The core computes in the time of line or flash, which hardly counts.
fn modelled(device: Device, image: &ImageFile) -> Result<Went> {
    let silicon = Silicon {
        hertz: HERTZ,
        baud: BAUD,
        port: CIRCLE,
        buffer: CIRCLE,
        window: CIRCLE,
        flash: FlashTime::STM32F405,
        byte: 100,
        turn: 200,
        signature: 0,
        hash: 0,
        made: 0, // No patch is pushed.
    };
    push(&mut Bench::start(silicon, device)?.link, image)
}
