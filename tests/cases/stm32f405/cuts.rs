//! Power is lost before every flash operation of an update, those of the HAL's driver in the firmware (bytes) and of
//! the bootloader's (words).
//!
//! - **Every** cut is judged by the bootloader's own `boot()`, over the flash that the cut leaves. A boot is a function
//!   of what it reads: if the next operation changes nothing that the last boot has read, it would be the same boot,
//!   and is not repeated.
//! - A sample, all erases among them, is booted by the emulated chip, from power-on with arbitrary RAM: it must start
//!   the slot that `boot()` returns and leave the same flash. The deep tier boots after every operation in journal and
//!   header.
//! - A few are pushed to their end.

use super::{connect, factory, image, push, status};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use lifeboot_client::push::PushOutcome;
use lifeboot_core::Slot;
use lifeboot_core::boot::{Decision, boot};
use lifeboot_core::image::HEADER_LENGTH;
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{Cause, Ending};
use lifeboot_tests::emulator::stm32f4::chip::{Chip, Settings};
use lifeboot_tests::product::STM32F405;
use lifeboot_tests::sweep::Operation;
use lifeboot_tests::tier::{Row, one_in};
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const BOARD: &Board = STM32F405.board;

/// One in so many of the operations in journal and header, and of all others, is booted by the emulator.
const BOOTED: (usize, usize) = (29, 6007);

/// An update, and its flash operations.
pub struct Recorded {
    pub start: Vec<u8>,
    pub operations: Vec<Operation>,
    end: Vec<u8>,
}

pub static UPDATE: LazyLock<Recorded> = LazyLock::new(|| {
    let start = factory();
    let mut host = connect(&start, &Settings::default());
    host.pipe().chip().seen().recording = true;
    assert_eq!(push(&mut host, &image(&[], 2, 1)).unwrap().outcome, PushOutcome::Confirmed);
    status(&mut host);
    let operations = std::mem::take(&mut host.pipe().chip().seen().operations);
    let end = host.pipe().chip().flash();
    Recorded { start, operations, end }
});

/// Flash that keeps changes apart, and records reads.
struct Overlay<'a> {
    flash: &'a [u8],
    journal: Vec<u8>,
    read: Vec<Range<u32>>,
}

impl<'a> Overlay<'a> {
    fn new(flash: &'a [u8]) -> Self {
        let journal = flash[BOARD.journal.start as usize..BOARD.journal.end() as usize].to_vec();
        Overlay { flash, journal, read: Vec::new() }
    }

    /// The current content of flash.
    fn content(&self) -> Vec<u8> {
        let mut flash = self.flash.to_vec();
        flash[BOARD.journal.start as usize..BOARD.journal.end() as usize].copy_from_slice(&self.journal);
        flash
    }

    fn journal(&mut self, start: u32, length: usize) -> &mut [u8] {
        &mut self.journal[(start - BOARD.journal.start) as usize..][..length]
    }
}

impl ErrorType for Overlay<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Overlay<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let end = offset + bytes.len() as u32;
        match self.read.last_mut() {
            Some(last) if last.end == offset => last.end = end,
            _ => self.read.push(offset..end),
        }
        if (BOARD.journal.start..BOARD.journal.end()).contains(&offset) {
            bytes.copy_from_slice(self.journal(offset, bytes.len()));
        } else {
            bytes.copy_from_slice(&self.flash[offset as usize..end as usize]);
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.flash.len()
    }
}

/// The bootloader changes nothing but its journal: anything else panics.
impl NorFlash for Overlay<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 16 * 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.journal(from, (to - from) as usize).fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.journal(offset, bytes.len()).iter_mut().zip(bytes).for_each(|(place, byte)| *place &= byte);
        Ok(())
    }
}

/// The effects of a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Boot {
    started: Slot,
    trial: bool,
}

/// Boots this flash as after a loss of power. Returns the boot, the flash afterwards, and what was read.
fn booted(flash: &[u8]) -> (Boot, Vec<u8>, Vec<Range<u32>>) {
    let mut flash = Overlay::new(flash);
    let info = BootloaderInfo::read(&mut flash, BOARD).unwrap();
    let (trial, verified) = match boot(&mut flash, BOARD, &info, Cause::PowerOn.into()) {
        Decision::Trial(verified) | Decision::FellBack(verified) => (true, verified),
        Decision::Confirmed(verified) => (false, verified),
        Decision::Recovery(_) => panic!("nothing is started"),
    };
    (Boot { started: verified.slot(), trial }, flash.content(), flash.read)
}

/// How far an update is: nothing has happened, 2.0.0 is on trial, or it is confirmed.
fn expected(flash: &[u8]) -> Boot {
    let mut flash = Overlay::new(flash);
    let record = *Journal::open(&mut flash, BOARD).record();
    Boot { started: if record.trial.is_some() { Slot::B } else { record.confirmed }, trial: record.trial.is_some() }
}

/// Whether an operation works on journal or header.
fn decides(operation: Operation) -> bool {
    let slot = BOARD.slot(Slot::B).start;
    let start = operation.start();
    (BOARD.journal.start..BOARD.journal.end()).contains(&start) || (slot..slot + HEADER_LENGTH as u32).contains(&start)
}

#[test]
fn before_every_flash_operation_of_an_update() {
    let row = Row::begin("STM32F405, cuts decided on the host");
    let Recorded { start, operations, end } = &*UPDATE;
    let mut flash = start.clone();
    let mut last: Option<(Boot, Vec<Range<u32>>)> = None;
    let (mut boots, mut stages) = (0, vec![]);
    for (number, operation) in operations.iter().map(Some).chain([None]).enumerate() {
        let known = last.take().filter(|(_, read)| {
            let changed = number.checked_sub(1).map(|before| operations[before]);
            changed.is_none_or(|changed| {
                let (Operation::Erase { start, length } | Operation::Write { start, length, .. }) = changed;
                !read.iter().any(|read| read.start < start + length && start < read.end)
            })
        });
        let (boot, read) = known.unwrap_or_else(|| {
            boots += 1;
            let (boot, left, read) = booted(&flash);
            let mut behind = Overlay::new(&left);
            let record = *Journal::open(&mut behind, BOARD).record();
            let rejected = record.outcomes.last().is_some_and(|outcome| outcome.ending != Ending::Confirmed);
            assert!(!rejected, "before operation {number}: {record:?}");
            (boot, read)
        });
        assert_eq!(boot, expected(&flash), "before operation {number}");
        if stages.last() != Some(&boot) {
            stages.push(boot);
        }
        last = Some((boot, read));
        if let Some(operation) = operation {
            operation.apply(&mut flash);
        }
    }
    let [a, b] = [Slot::A, Slot::B].map(|started| Boot { started, trial: false });
    assert_eq!(stages, [a, Boot { trial: true, ..b }, b]);
    assert!(flash == *end, "flash is not what the operations make");
    row.end(operations.len() + 1, 0);
    println!("STM32F405: cut before each of {} operations, {boots} different boots, 0 failures", operations.len());
}

/// Each cut that is booted by the emulator, with the flash that it leaves.
fn sample() -> Vec<(usize, Vec<u8>)> {
    let mut flash = UPDATE.start.clone();
    let mut sample = Vec::new();
    let (mut deciding, mut others) = (0, 0);
    for (number, operation) in UPDATE.operations.iter().enumerate() {
        let (seen, every) =
            if decides(*operation) { (&mut deciding, one_in(BOOTED.0)) } else { (&mut others, BOOTED.1) };
        if matches!(operation, Operation::Erase { .. }) || *seen % every == every / 2 {
            sample.push((number, flash.clone()));
        }
        *seen += 1;
        operation.apply(&mut flash);
    }
    sample.push((UPDATE.operations.len(), flash));
    sample
}

#[test]
fn the_chip_boots_what_cuts_leave_as_the_bootloader_says() {
    let row = Row::begin("STM32F405, cuts booted by the emulated chip");
    let sample = sample();
    let next = AtomicUsize::new(0);
    let boot_all = || {
        let mut chip = Chip::power_on(&[], &Settings::default()).unwrap();
        while let Some((number, flash)) = sample.get(next.fetch_add(1, Ordering::Relaxed)) {
            chip.power_cycle(flash, *number as u64).unwrap();
            let (expected, left, _) = booted(flash);
            let vectors = Slot::BOTH.map(|slot| BOARD.payload_address(slot));
            let started = |chip: &mut Chip| vectors.contains(&chip.core().vtor());
            assert!(chip.run_until(Duration::from_secs(2), started).unwrap(), "nothing is started: cut {number}");
            assert_eq!(chip.core().vtor(), BOARD.payload_address(expected.started), "cut {number}");
            assert!(chip.flash() == left, "the chip leaves other flash than the host: cut {number}");
            assert_eq!(chip.seen().stalls, 0, "the bootloader does not wait for its flash");
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(boot_all);
        boot_all();
        other.join().unwrap();
    });
    row.end(sample.len(), 0);
    println!("STM32F405: {} cuts booted by the emulated chip", sample.len());
    assert!(sample.len() > 20);
}
