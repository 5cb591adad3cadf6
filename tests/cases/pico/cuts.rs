//! Power is lost before every flash command of the update, and in the middle of it. What the bootloader then decides
//! depends on flash alone, so its own `boot()` decides on the host for all of them; `booted.rs` boots some of them on the
//! emulated board.
//!
//! The figures are printed: `cargo test -p lifeboot-tests pico::cuts -- --nocapture`.

use super::update::{UPDATE, Update, applied, flash_after, record, simulated};
use lifeboot_core::Slot;
use lifeboot_core::boot::{Decision, boot};
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::record::Cause;
use lifeboot_tests::chance::Chance;
use lifeboot_tests::emulator::pico::Operation;
use lifeboot_tests::product::PICO;
use lifeboot_tests::tier::Row;
use std::collections::BTreeSet;
use std::iter;

/// Ways in which a command may be left half done.
const TORN: u64 = 4;

/// Flash after a loss of power in the middle of an operation, which has changed a part of its bits. For every other
/// `number` it has changed all of them up to some byte.
fn torn(flash: &[u8], operation: &Operation, number: u64) -> Vec<u8> {
    let mut whole = flash.to_vec();
    operation.apply(&mut whole).unwrap();
    let mut chance = Chance::new(number);
    let done = match number % 2 {
        0 => vec![0xff; chance.below(PICO.board.write_size as usize)],
        _ => chance.bytes(PICO.board.unit_at(PICO.board.slots[0].start).length as usize),
    };
    let done = done.into_iter().chain(iter::repeat(0));
    for ((new, old), done) in whole.iter_mut().zip(flash).skip(operation.1 as usize).zip(done) {
        *new = *old ^ ((*new ^ *old) & done);
    }
    whole
}

/// Which slot must be started after so many operations, and whether on trial.
pub fn expected(update: &Update, operations: usize) -> (Slot, bool) {
    recorded(&flash_after(update, operations))
}

/// The same according to the boot records.
fn recorded(flash: &[u8]) -> (Slot, bool) {
    let record = record(flash);
    match record.trial {
        Some(trial) => (trial.slot, true),
        None => (record.confirmed, false),
    }
}

fn decided(flash: &[u8]) -> Option<(Slot, bool)> {
    let mut flash = simulated(flash);
    let info = BootloaderInfo::read(&mut flash, PICO.board)?;
    match boot(&mut flash, PICO.board, &info, Cause::PowerOn.into()) {
        Decision::Trial(verified) | Decision::FellBack(verified) => Some((verified.slot(), true)),
        Decision::Confirmed(verified) => Some((verified.slot(), false)),
        Decision::Recovery(_) => None,
    }
}

pub fn is_in_journal(operation: &Operation) -> bool {
    (PICO.board.journal.start..PICO.board.journal.end()).contains(&operation.1)
}

#[test]
fn the_commands_of_an_update_are_where_they_may_be_and_the_record_of_the_trial_is_the_last_before_the_reset() {
    let Update { operations, end, .. } = &*UPDATE;
    assert!(*end == flash_after(&UPDATE, operations.len()), "flash is not what its commands make");
    let slot = PICO.board.slot(Slot::B);
    let (journal, image): (Vec<_>, Vec<_>) = operations.iter().partition(|operation| is_in_journal(operation));
    assert!(image.iter().all(|Operation(_, place, _)| (slot.start..slot.end()).contains(place)));
    // A reset during an erase of 64 KiB, which takes up to 2 s, would end in the boot ROM, which tries for 0.5 s to read
    // flash; a sector takes 0.4 s at most (W25Q16JV, 9.6; RP2040 Datasheet, 2.8.1).
    assert!(operations.iter().all(|made| made.0 != Operation::ERASE_BLOCK), "a block is erased at once");
    // Each sector of the image once; its header is the last page, and only records follow.
    let sectors = UPDATE
        .new
        .for_slot(PICO.board, Slot::B)
        .unwrap()
        .len()
        .div_ceil(PICO.board.unit_at(PICO.board.slots[0].start).length as usize);
    assert_eq!(image.iter().filter(|made| made.0 == Operation::ERASE_SECTOR).count(), sectors);
    let header = operations.iter().position(|made| made.0 == Operation::PROGRAM_PAGE && made.1 == slot.start).unwrap();
    assert!(operations[header + 1..].iter().all(is_in_journal), "something follows the header");
    // Trial, its start, its confirm, and the epoch.
    let kinds: Vec<_> = journal.iter().map(|made| made.0).collect();
    assert_eq!(kinds, [Operation::PROGRAM_PAGE; 4]);
    assert_eq!((expected(&UPDATE, 0), expected(&UPDATE, operations.len())), ((Slot::A, false), (Slot::B, false)));
}

#[test]
fn after_every_cut_the_right_firmware_is_started() {
    let row = Row::begin("Pico, cuts decided on the host");
    let update = &*UPDATE;
    let (mut cuts, mut inside, mut stages) = (0, 0, BTreeSet::new());
    for operations in 0..=update.operations.len() {
        let flash = flash_after(update, operations);
        let right = expected(update, operations);
        assert_eq!(decided(&flash), Some(right), "before operation {operations}");
        stages.insert((right.0 as u8, right.1));
        cuts += 1;
        let Some(operation) = update.operations.get(operations) else { break };
        let next = expected(update, operations + 1);
        for chance in 1..=TORN {
            let decided = decided(&torn(&flash, operation, chance)).expect("nothing is started");
            assert!(decided == right || decided == next, "inside operation {operations}: {decided:?}");
            inside += 1;
        }
    }
    println!("Pico, decided on the host: {cuts} cuts before a flash command, {inside} inside one, failures 0");
    row.end(cuts + inside, 0);
    assert_eq!(stages.len(), 3, "not all of old, trial and new were started");
    assert!(cuts > 200);
}

#[test]
fn an_updater_that_commits_its_metadata_before_its_data_is_caught() {
    // The same operations: first what erases, the header and the record of the trial; then the data.
    let (operations, slot) = (&UPDATE.operations, PICO.board.slot(Slot::B).start);
    let trial = (1..=operations.len()).find(|made| expected(&UPDATE, *made).1).unwrap();
    let is_metadata = |made: &&Operation| made.0 != Operation::PROGRAM_PAGE || is_in_journal(made) || made.1 == slot;
    let (metadata, data): (Vec<_>, Vec<_>) = operations[..trial].iter().partition(is_metadata);
    let order: Vec<_> = metadata.into_iter().chain(data.iter().copied()).cloned().collect();
    let mut caught = 0;
    for missing in 1..=data.len() {
        let flash = applied(&UPDATE.start, &order[..order.len() - missing]);
        assert_eq!(recorded(&flash), (Slot::B, true));
        // The bootloader starts the old firmware instead, which differs from the records.
        caught += usize::from(decided(&flash) == Some((Slot::A, false)));
    }
    assert_eq!(caught, data.len());
}
