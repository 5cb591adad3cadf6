//! Flash after power cuts, booted by the emulated board: the cuts around erases, the header and the boot records, and a
//! sample of the rest, or all in the deep tier.

use super::cuts::{expected, is_in_journal};
use super::update::{UPDATE, Update, applied, flash_after, record};
use anyhow::{Result, ensure};
use lifeboot_core::Slot;
use lifeboot_core::record::Trial;
use lifeboot_tests::bench::{image, version};
use lifeboot_tests::emulator::Pico;
use lifeboot_tests::emulator::pico::{Operation, Options};
use lifeboot_tests::product::PICO;
use lifeboot_tests::tier::{Row, one_in};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

/// The emulated board is cut at one in so many of the other commands.
const SAMPLED: usize = 100;

#[test]
fn after_a_cut_the_emulated_board_starts_what_the_host_decides() {
    let row = Row::begin("Pico, cuts booted by the emulated chip");
    let update = &*UPDATE;
    let last = update.operations.len();
    let decides = |made: &Operation| {
        made.0 != Operation::PROGRAM_PAGE || is_in_journal(made) || made.1 == PICO.board.slot(Slot::B).start
    };
    let important = update.operations.iter().enumerate().filter(|(_, made)| decides(made)).map(|(number, _)| number);
    let sampled = (0..last).step_by(one_in(SAMPLED));
    let cuts: Vec<usize> = important.chain(sampled).chain([last]).collect::<BTreeSet<_>>().into_iter().collect();
    let next = Mutex::new(cuts.iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    // The lock is released before the board runs.
                    let cut = next.lock().unwrap().next().copied();
                    let Some(cut) = cut else { break };
                    if let Err(error) = boots(update, cut) {
                        failures.lock().unwrap().push((cut, error));
                    }
                }
            });
        }
    });
    println!("Pico, booted in the emulator: {} cuts of {last} flash commands", cuts.len());
    let failures = failures.into_inner().unwrap();
    row.end(cuts.len(), failures.len());
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Boots flash after a cut.
fn boots(update: &Update, operations: usize) -> Result<()> {
    let left = flash_after(update, operations);
    let mut board = Pico::power_on_with(&left, Options::default())?;
    let started = board.started(1)?;
    let right = expected(update, operations).0;
    ensure!(started == PICO.board.payload_address(right), "{started:#x} was started, not slot {right}");
    let old = image(&PICO, &[], version(1), 0)?;
    let image = if right == Slot::A { &old } else { &update.new };
    let start = PICO.board.slot(right).start as usize;
    ensure!(left[start..].starts_with(&image.for_slot(PICO.board, right)?), "slot {right} is not whole");
    // The bootloader may change only the journal. A start on trial is counted as one after a loss of power, which the
    // chip's registers report, whatever RAM holds.
    let made = board.operations()?;
    ensure!(made.iter().all(is_in_journal), "the bootloader makes {made:x?}");
    if let Some(before) = record(&left).trial {
        let counted = Trial { power_attempts: before.power_attempts - 1, ..before };
        let is_counted =
            (1..=made.len()).any(|so_many| record(&applied(&left, &made[..so_many])).trial == Some(counted));
        ensure!(is_counted, "the start is not counted in {made:x?}");
    }
    Ok(())
}
