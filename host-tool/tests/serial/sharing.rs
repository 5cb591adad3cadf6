//! Flash that the application shares with the updater: by a mutex and partitions, as a borrow, and handed back.

use crate::device::{Device, block_on};
use crate::flash::{Flash, wait_once};
use crate::pushes::recipe;
use crate::stranger::ranges;
use embassy_embedded_hal::flash::partition::{BlockingPartition, Partition};
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex as AsyncMutex;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use embedded_storage_async::nor_flash as with_async;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::boot::{Decision, boot};
use lifeboot_core::layout::{BLOCK, Board};
use lifeboot_core::record::Cause;
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::PICO;
use lifeboot_updater::{Expected, ReadAtOnce, Refusal, SplitFlash, Step, Ticket, Updater};
use std::cell::{Cell, RefCell};
use std::future::pending;
use std::pin::pin;
use std::task::{Context, Waker};

const BOARD: &Board = &PICO;

/// What the map leaves to the application, behind slot B; in sectors of 4 KiB.
const STORAGE: u32 = 1984 << 10;
const SECTOR: u32 = 4 << 10;

/// What its device is before the update.
const EXPECTED: Expected = Expected { running: FIRST, target: Slot::B };
const FIRST: Version = Version { major: 1, minor: 0, patch: 0, build: 0 };

/// The application's storage: it counts, in the next words of a sector, which it erases when that is full.
struct Storage<F> {
    flash: F,
    sector: u32,
    words: u32,
    count: u32,
}

impl<F: NorFlash> Storage<F> {
    fn new(flash: F) -> Self {
        Storage { flash, sector: 0, words: 0, count: 0 }
    }

    /// Writes the next count, and reads all of the sector back.
    fn turn(&mut self) {
        if self.words == 16 {
            self.sector = (self.sector + SECTOR) % (4 * SECTOR);
            self.flash.erase(self.sector, self.sector + SECTOR).unwrap();
            self.words = 0;
        }
        self.count += 1;
        self.flash.write(self.sector + 4 * self.words, &self.count.to_le_bytes()).unwrap();
        self.words += 1;
        for word in 0..self.words {
            let mut bytes = [0; 4];
            self.flash.read(self.sector + 4 * word, &mut bytes).unwrap();
            assert_eq!(u32::from_le_bytes(bytes), self.count - self.words + 1 + word);
        }
    }
}

fn image() -> ImageFile {
    recipe(BOARD, 1, 20_000).image()
}

fn begin<F: NorFlash>(updater: &mut Updater<F>, image: &ImageFile) -> Ticket {
    updater.begin(image.header_bytes(), EXPECTED, false).unwrap()
}

/// Feeds the next bytes of the image, up to the end of a sector; returns whether there were any.
fn feed<F: ReadNorFlash>(updater: &mut Updater<F>, transfer: Ticket, image: &ImageFile) -> Result<bool, Refusal> {
    let (content, next) = (image.to_bytes(), updater.next_in(transfer)?);
    let (table, payload) = ranges(image);
    let end = if next < payload.1 { payload.1 } else { table.1 };
    if next == payload.1 {
        return Ok(false);
    }
    updater.feed(
        transfer,
        next,
        &content[next as usize..end.min(next + 300).min((next / SECTOR + 1) * SECTOR) as usize],
    )?;
    Ok(true)
}

/// Does an update, with `between` before each step.
fn update<F: NorFlash>(updater: &mut Updater<F>, image: &ImageFile, mut between: impl FnMut(&mut Updater<F>)) {
    let mut steps = |updater: &mut Updater<F>| {
        loop {
            between(updater);
            match updater.step().unwrap() {
                Step::Busy => {}
                end => return end,
            }
        }
    };
    let transfer = begin(updater, image);
    assert_eq!(steps(updater), Step::Receiving);
    while feed(updater, transfer, image).unwrap() {
        assert_eq!(steps(updater), Step::Idle);
    }
    updater.finish(transfer).unwrap();
    assert_eq!(steps(updater), Step::Pending);
}

/// The image is in slot B, and is tried; everything else but the journal is as it was.
fn assert_updated(flash: &Flash, before: &[u8], image: &ImageFile) {
    let mut expected = image.for_slot(BOARD, Slot::B).unwrap();
    expected.resize(expected.len().next_multiple_of(SECTOR as usize), 0xff);
    let slot = BOARD.slot(Slot::B);
    assert!(flash.bytes(slot.start, expected.len()) == expected);
    let before_journal = BOARD.journal.start;
    let length = (BOARD.slot(Slot::A).end() - BOARD.journal.end()) as usize;
    assert!(flash.bytes(0, before_journal as usize) == before[..before_journal as usize]);
    assert!(flash.bytes(BOARD.journal.end(), length) == before[BOARD.journal.end() as usize..][..length]);
    let decision = boot(&mut flash.clone(), BOARD, &crate::images::info().for_board(BOARD), Cause::Request.into());
    assert!(matches!(decision, Decision::Trial(verified) if verified.slot() == Slot::B));
}

#[test]
fn storage_and_updater_take_turns_on_the_same_flash() {
    let (chip, image) = (Device::new(BOARD).flash, image());
    let before = chip.bytes(0, BOARD.flash_length as usize);
    let shared = Mutex::<NoopRawMutex, _>::new(RefCell::new(chip.clone()));
    let mut storage = Storage::new(BlockingPartition::new(&shared, STORAGE, 64 << 10));
    let whole = BlockingPartition::new(&shared, 0, BOARD.flash_length);
    let mut updater = Updater::running_in(Slot::A, whole, BOARD).unwrap();
    update(&mut updater, &image, |_| storage.turn());
    assert!(storage.count > 200, "{}", storage.count);
    assert_updated(&chip, &before, &image);
    // A confirm in one call, and the storage after it.
    updater.confirm().unwrap();
    storage.turn();
}

#[test]
fn flash_can_be_borrowed_and_lent() {
    let (mut chip, image) = (Device::new(BOARD).flash, image());
    let (before, reader) = (chip.bytes(0, BOARD.flash_length as usize), chip.clone());
    let mut updater = Updater::running_in(Slot::A, &mut chip, BOARD).unwrap();
    let mut count = 0;
    update(&mut updater, &image, |updater| {
        // Each word of the storage once.
        let bytes = u32::to_le_bytes(count);
        updater.flash().write(STORAGE + 4 * count, &bytes).unwrap();
        count += 1;
    });
    assert!((0..count).all(|word| reader.bytes(STORAGE + 4 * word, 4) == word.to_le_bytes()));
    assert_updated(&reader, &before, &image);
    chip.write(STORAGE + 4 * count, &[0; 4]).unwrap();
}

/// The application's task writes and awaits while the updater's does; what the updater reads it reads from memory, as the core does.
#[test]
fn async_flash_is_shared_by_two_tasks() {
    let (chip, image) = (Device::new(BOARD).flash, image());
    let before = chip.bytes(0, BOARD.flash_length as usize);
    let shared = AsyncMutex::<NoopRawMutex, _>::new(chip.clone());
    let mut storage = Partition::new(&shared, STORAGE, 64 << 10);
    let writes = Partition::new(&shared, 0, BOARD.flash_length);
    let flash = SplitFlash { reads: chip.clone(), writes };
    let turns = Cell::new(0_u32);
    let updates = async {
        let mut updater = Updater::running_in_async(Slot::A, flash, BOARD).unwrap();
        let transfer = updater.begin(image.header_bytes(), EXPECTED, false).unwrap();
        loop {
            // As the session does between two steps.
            wait_once().await;
            match updater.step_async().await.unwrap() {
                Step::Receiving | Step::Idle if feed(&mut updater, transfer, &image).unwrap() => {}
                Step::Idle => drop(updater.finish(transfer).unwrap()),
                Step::Pending => break,
                _ => {}
            }
        }
    };
    let stores = async {
        loop {
            let word = turns.get();
            with_async::NorFlash::write(&mut storage, 4 * word, &word.to_le_bytes()).await.unwrap();
            turns.set(word + 1);
            if turns.get() == 1000 {
                pending::<()>().await;
            }
        }
    };
    let (mut updates, mut stores) = (pin!(updates), pin!(stores));
    let mut context = Context::from_waker(Waker::noop());
    while updates.as_mut().poll(&mut context).is_pending() {
        assert!(stores.as_mut().poll(&mut context).is_pending());
    }
    assert!(turns.get() > 50, "{}", turns.get());
    assert!((0..turns.get()).all(|word| chip.bytes(STORAGE + 4 * word, 4) == word.to_le_bytes()));
    assert_updated(&chip, &before, &image);
}

/// A driver that has async reads only, as `nrf_softdevice` has.
struct AsyncOnly {
    flash: Flash,
    /// Whether reads wait.
    waits: bool,
}

impl ErrorType for AsyncOnly {
    type Error = NorFlashErrorKind;
}

impl with_async::ReadNorFlash for AsyncOnly {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        if self.waits {
            pending::<()>().await;
        }
        ReadNorFlash::read(&mut self.flash, offset, bytes)
    }

    fn capacity(&self) -> usize {
        BOARD.flash_length as usize
    }
}

impl with_async::NorFlash for AsyncOnly {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR as usize;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        with_async::NorFlash::erase(&mut self.flash, from, to).await
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        with_async::NorFlash::write(&mut self.flash, offset, bytes).await
    }
}

#[test]
fn reads_that_end_at_once_are_as_good_as_blocking_ones() {
    for (waits, expected) in [(false, Ok(())), (true, Err(Refusal::Flash))] {
        let flash = Device::new(BOARD).flash;
        let mut updater = Updater::running_in_async(Slot::A, ReadAtOnce(AsyncOnly { flash, waits }), BOARD).unwrap();
        assert_eq!(updater.begin(image().header_bytes(), EXPECTED, false).map(|_| ()), expected);
        assert_eq!(block_on(updater.confirm_async()), expected);
    }
}

/// After any number of steps: another updater goes on with what is in flash.
#[test]
fn another_updater_goes_on_where_the_flash_was_handed_back() {
    let image = image();
    let (table, payload) = ranges(&image);
    let steps = {
        let mut updater = Updater::running_in(Slot::A, Device::new(BOARD).flash, BOARD).unwrap();
        let mut steps = 0;
        update(&mut updater, &image, |_| steps += 1);
        steps
    };
    assert!(steps > 200);
    let mut least = u32::MAX;
    for given_back in (0..steps).step_by(7).chain(steps - 6..steps) {
        let flash = Device::new(BOARD).flash;
        let before = flash.bytes(0, BOARD.flash_length as usize);
        let mut updater = Updater::running_in(Slot::A, flash.clone(), BOARD).unwrap();
        let transfer = begin(&mut updater, &image);
        let mut fed = true;
        for _ in 0..given_back {
            match updater.step().unwrap() {
                Step::Receiving | Step::Idle if fed => fed = feed(&mut updater, transfer, &image).unwrap(),
                Step::Idle => drop(updater.finish(transfer).unwrap()),
                _ => {}
            }
        }
        let handed_back = updater.into_inner();
        flash.take_erases();
        let mut updater = Updater::running_in(Slot::A, handed_back, BOARD).unwrap();
        let transfer = begin(&mut updater, &image);
        while updater.step().unwrap() == Step::Busy {}
        // What the slot holds is skipped, as far as the updater trusts it.
        let wanted = image.for_slot(BOARD, Slot::B).unwrap();
        while updater.next_in(transfer).unwrap() != payload.1 {
            let next = updater.next_in(transfer).unwrap();
            let end = if next < payload.1 { payload.1 } else { table.1 };
            let sectors = (next / SECTOR + 1..).map(|sector| (sector * SECTOR).min(end));
            let holds = |to: &u32| {
                let expected = &wanted[next as usize..*to as usize];
                flash.bytes(BOARD.slot(Slot::B).start + next, expected.len()) == expected
            };
            let same = sectors.clone().take(1 + (end - next) as usize / SECTOR as usize).take_while(holds).last();
            let skips = next.is_multiple_of(BLOCK) && same.is_some_and(|to| updater.skip(transfer, to).unwrap());
            let to = sectors.clone().next().unwrap();
            while !skips && (next..to).contains(&updater.next_in(transfer).unwrap()) {
                feed(&mut updater, transfer, &image).unwrap();
                while updater.step().unwrap() == Step::Busy {}
            }
        }
        updater.finish(transfer).unwrap();
        while updater.step().unwrap() == Step::Busy {}
        assert_updated(&flash, &before, &image);
        least = least.min(flash.take_erases().len() as u32);
    }
    assert!(least < 4, "{least} erases at least, so nothing was resumed");
}
