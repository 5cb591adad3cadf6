//! Stack use on the emulated micro:bit: the stack is painted before, and what is left of the paint is counted
//! afterwards.

use super::size::COMPACT;
use super::{Figure, Unit, kit};
use crate::bench::Bench;
use crate::emulator::{Emulated, Microbit};
use crate::product::{self, MICROBIT, RECOVERY};
use anyhow::{Result, ensure};
use lifeboot_board::Verifier;
use lifeboot_client::push::{self, Options, Until};
use lifeboot_core::Slot;
use lifeboot_core::handover::{BOOT_STACK, COMPACT_BOOT_STACK, HANDOVER_LENGTH};
use lifeboot_example_boards::MICROBIT as BOARD;
use std::path::Path;
use std::time::Duration;

/// The byte that unused stack is painted with.
const PAINT: u8 = 0xa7;

/// The example firmware's during an update, updater and session among it, at most.
const UPDATE: u64 = 8 * 1024;

/// The same with the compact verifier.
const COMPACT_UPDATE: u64 = 7_400;

/// Longer than any step here takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Returns the bytes from the lowest one that was overwritten up to the end of RAM.
fn used(board: &mut Microbit, from: u32) -> Result<u64> {
    let ram = board.read_memory(from, (BOARD.ram.end() - from) as usize)?;
    Ok(ram.iter().skip_while(|byte| **byte == PAINT).count() as u64)
}

fn paint(board: &mut Microbit, from: u32) -> Result<()> {
    board.write_memory(from, &vec![PAINT; (BOARD.ram.end() - from) as usize])
}

/// The figures.
pub fn figures() -> Result<Vec<Figure>> {
    let dalek = bootloader("bootloader's stack", &kit::bootloader(&MICROBIT)?)?;
    let compact = bootloader(
        &format!("bootloader's stack{COMPACT}"),
        &kit::bootloader_of(Verifier::Compact, &MICROBIT, &[RECOVERY])?,
    )?;
    Ok(vec![
        dalek.held_to(u64::from(BOOT_STACK)).meant_to_be(8_700),
        compact.held_to(u64::from(COMPACT_BOOT_STACK)).meant_to_be(3_700),
        firmware("", &[])?.held_to(UPDATE),
        firmware(COMPACT, &["compact"])?.held_to(COMPACT_UPDATE),
    ])
}

fn bootloader(what: &str, program: &Path) -> Result<Figure> {
    let flash = product::factory_flash(&MICROBIT, program, &kit::image(&MICROBIT, 16, 1)?)?;
    let mut board = Microbit::power_on(&flash)?;
    board.pause()?;
    board.reset()?;
    // Between the two times that it clears its stack.
    let [begin, leave] = ["lifeboot_reset", "cortex_m5leave"].map(|name| product::function(program, name));
    ensure!(board.run_to(&[begin?], TIMEOUT)?.is_some(), "the bootloader does not begin");
    paint(&mut board, BOARD.ram.start)?;
    ensure!(board.run_to(&[leave?], TIMEOUT)?.is_some(), "the bootloader does not end");
    let used = used(&mut board, BOARD.ram.start + HANDOVER_LENGTH)?;
    ensure!(used > 1000, "{used} bytes of stack cannot check a signature");
    Ok(Figure::new(what, BOARD.name, Unit::Bytes, used))
}

fn firmware(verifier: &str, features: &[&str]) -> Result<Figure> {
    let first = kit::firmware(&MICROBIT, features, 1)?;
    let flash = product::factory_flash(&MICROBIT, &kit::bootloader(&MICROBIT)?, &first)?;
    let mut bench = Bench { board: Microbit::power_on(&flash)? };
    bench.board.pause()?;
    bench.board.reset()?;
    let begins = bench.board.run_to(&[kit::entry(&MICROBIT, &first, Slot::A)?], TIMEOUT)?;
    ensure!(begins.is_some(), "the firmware does not begin");
    // Everything behind the firmware's own static variables.
    let heap = product::address_of(&product::firmware(&MICROBIT, Slot::A, features)?, "__sheap")?;
    paint(&mut bench.board, heap)?;
    bench.board.resume()?;
    // Received and verified, not started: the reset would bring the bootloader's stack into it.
    let options = Options { until: Until::Pending, ..Options::default() };
    push::push(&mut bench.link()?, &kit::image(&MICROBIT, 16, 2)?, &options, &mut ())?;
    let used = used(&mut bench.board, heap)?;
    ensure!(used > 1000, "{used} bytes of stack cannot check a signature");
    let what =
        format!("example firmware's stack in an update, signature check, updater and session included{verifier}");
    Ok(Figure::new(what, BOARD.name, Unit::Bytes, used))
}
