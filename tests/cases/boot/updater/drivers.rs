//! The two drivers, for blocking and for async flash: they do the same flash operations in the same order, whatever fails; and a
//! future that is dropped in the middle of an operation loses nothing.

mod dropping;

use super::super::{Device, firmware};
use crate::signed_image::SignedImage;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as with_async;
use lifeboot_core::layout::Board;
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::{MICROBIT, PICO};
use lifeboot_tests::simulated_flash::{Fault, SimulatedFlash};
use lifeboot_updater::{Expected, Refusal, Step, Ticket, Updater};
use std::cell::{Ref, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// An operation, as it reaches the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Done {
    Erase(u32, u32),
    Write(u32, Vec<u8>),
}

/// What becomes of an operation that is not done as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    /// It fails, and has done nothing.
    Fails,
    /// It fails, and has done half.
    Half,
    /// It fails, and has done everything.
    Lies,
}

const MISHAPS: [Mishap; 3] = [Mishap::Fails, Mishap::Half, Mishap::Lies];

struct Chip {
    flash: SimulatedFlash,
    done: Vec<Done>,
    /// The operation that has a mishap.
    mishap: Option<(usize, Mishap)>,
}

/// The flash, as both kinds of drivers, with this write unit.
#[derive(Clone)]
struct Driver<const W: usize>(Rc<RefCell<Chip>>);

impl<const W: usize> Driver<W> {
    fn new(flash: SimulatedFlash, mishap: Option<(usize, Mishap)>) -> Self {
        Driver(Rc::new(RefCell::new(Chip { flash, done: Vec::new(), mishap })))
    }

    fn chip(&self) -> Ref<'_, Chip> {
        self.0.borrow()
    }

    fn operation(&self, done: Done) -> Result<(), Fault> {
        let chip = &mut *self.0.borrow_mut();
        let mishap = chip.mishap.filter(|(number, _)| *number == chip.done.len()).map(|(_, mishap)| mishap);
        chip.done.push(done.clone());
        let half = mishap == Some(Mishap::Half);
        let result = match done {
            _ if mishap == Some(Mishap::Fails) => Ok(()),
            Done::Erase(from, to) if half => {
                chip.flash.put(from, &vec![0xff; (to - from) as usize / 2]);
                Ok(())
            }
            Done::Write(offset, bytes) if half => {
                chip.flash.put(offset, &bytes[..bytes.len() / 2]);
                Ok(())
            }
            Done::Erase(from, to) => chip.flash.erase(from, to),
            Done::Write(offset, bytes) => chip.flash.write(offset, &bytes),
        };
        if mishap.is_some() { Err(Fault::Refused) } else { result }
    }
}

impl<const W: usize> ErrorType for Driver<W> {
    type Error = Fault;
}

impl<const W: usize> ReadNorFlash for Driver<W> {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.0.borrow_mut().flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.chip().flash.capacity()
    }
}

impl<const W: usize> NorFlash for Driver<W> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = <SimulatedFlash as NorFlash>::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.operation(Done::Erase(from, to))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.operation(Done::Write(offset, bytes.to_vec()))
    }
}

impl<const W: usize> with_async::ReadNorFlash for Driver<W> {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    async fn read(&mut self, _: u32, _: &mut [u8]) -> Result<(), Fault> {
        unreachable!("the updater reads at once")
    }

    fn capacity(&self) -> usize {
        self.chip().flash.capacity()
    }
}

/// Waits once.
async fn wait() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

impl<const W: usize> with_async::NorFlash for Driver<W> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = <SimulatedFlash as NorFlash>::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        let result = self.operation(Done::Erase(from, to));
        wait().await;
        result
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        assert_eq!(bytes.as_ptr() as usize % 4, 0, "some drivers want words");
        let result = self.operation(Done::Write(offset, bytes.to_vec()));
        wait().await;
        result
    }
}

/// Runs a future to its end.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

/// What drives an updater.
trait Drives {
    fn open<const W: usize>(slot: Slot, flash: Driver<W>, board: &'static Board)
    -> Result<Updater<Driver<W>>, Refusal>;
    fn step<const W: usize>(updater: &mut Updater<Driver<W>>) -> Result<Step, Refusal>;
    fn confirm<const W: usize>(updater: &mut Updater<Driver<W>>) -> Result<(), Refusal>;
    fn record_schema<const W: usize>(updater: &mut Updater<Driver<W>>, schema: u16) -> Result<(), Refusal>;
}

struct Blocking;

impl Drives for Blocking {
    fn open<const W: usize>(
        slot: Slot,
        flash: Driver<W>,
        board: &'static Board,
    ) -> Result<Updater<Driver<W>>, Refusal> {
        Updater::running_in(slot, flash, board)
    }
    fn step<const W: usize>(updater: &mut Updater<Driver<W>>) -> Result<Step, Refusal> {
        updater.step()
    }
    fn confirm<const W: usize>(updater: &mut Updater<Driver<W>>) -> Result<(), Refusal> {
        updater.confirm()
    }
    fn record_schema<const W: usize>(updater: &mut Updater<Driver<W>>, schema: u16) -> Result<(), Refusal> {
        updater.record_storage_schema(schema)
    }
}

struct Async;

impl Drives for Async {
    fn open<const W: usize>(
        slot: Slot,
        flash: Driver<W>,
        board: &'static Board,
    ) -> Result<Updater<Driver<W>>, Refusal> {
        Updater::running_in_async(slot, flash, board)
    }
    fn step<const W: usize>(updater: &mut Updater<Driver<W>>) -> Result<Step, Refusal> {
        block_on(updater.step_async())
    }
    fn confirm<const W: usize>(updater: &mut Updater<Driver<W>>) -> Result<(), Refusal> {
        block_on(updater.confirm_async())
    }
    fn record_schema<const W: usize>(updater: &mut Updater<Driver<W>>, schema: u16) -> Result<(), Refusal> {
        block_on(updater.record_storage_schema_async(schema))
    }
}

/// What an operation or a call has ended with.
type Ends = Vec<(&'static str, Result<Step, Refusal>)>;

fn work<D: Drives, const W: usize>(updater: &mut Updater<Driver<W>>) -> Result<Step, Refusal> {
    loop {
        match D::step(updater)? {
            Step::Busy => {}
            end => return Ok(end),
        }
    }
}

/// A transfer, up to this end of it.
fn transfer<D: Drives, const W: usize>(
    updater: &mut Updater<Driver<W>>,
    image: &SignedImage,
    end: fn(&mut Updater<Driver<W>>, Ticket) -> Result<Ticket, Refusal>,
) -> Result<Step, Refusal> {
    let content = image.content(Slot::A);
    let header: &[u8; 256] = content.first_chunk().unwrap();
    let running = Version { major: 1, ..Version::default() };
    let ticket: Ticket = updater.begin(header, Expected { running, target: Slot::B }, true)?;
    work::<D, W>(updater)?;
    let (table, payload) = (image.header.table_length, image.header.payload_length);
    let start = u32::from(image.header.header_length);
    let table_at = image.header.table_offset().unwrap();
    for (from, to) in [(table_at, table_at + table), (start, start + payload)] {
        loop {
            let next = updater.next_in(ticket)?;
            if !(from..to).contains(&next) {
                break;
            }
            updater.feed(ticket, next, &content[next as usize..to.min(next + 200) as usize])?;
            work::<D, W>(updater)?;
        }
    }
    end(updater, ticket)?;
    work::<D, W>(updater)
}

/// Version 2, for two schemas of the storage.
fn image(board: &'static Board, epoch: u32) -> SignedImage {
    let mut image = firmware(board, 2, epoch);
    image.header.schemas = (0, 1);
    image
}

/// All that an updater can do: transfers, cancel, staging, trial, confirm, a schema, and a rollback.
fn life<D: Drives, const W: usize>(driver: &Driver<W>, board: &'static Board, epoch: u32) -> Ends {
    let mut ends = Ends::new();
    let image = image(board, epoch);
    let mut updater = D::open(Slot::A, driver.clone(), board).unwrap();
    ends.push(("transfer", transfer::<D, W>(&mut updater, &image, Updater::finish)));
    let cancelled = updater.request_cancel();
    ends.push(("cancel", cancelled.and_then(|_| work::<D, W>(&mut updater))));
    ends.push(("staging", transfer::<D, W>(&mut updater, &image, Updater::stage)));
    let activated = updater.request_activate(image.header.digest.first_chunk().unwrap(), false);
    ends.push(("again", activated.and_then(|_| work::<D, W>(&mut updater))));
    if !matches!(ends.last(), Some((_, Ok(Step::Pending)))) {
        ends.push(("once more", transfer::<D, W>(&mut updater, &image, Updater::finish)));
    }
    let mut updater = D::open(Slot::B, driver.clone(), board).unwrap();
    for _ in 0..2 {
        ends.push(("confirm", D::confirm(&mut updater).map(|()| Step::Confirmed)));
    }
    let back = updater.request_rollback();
    ends.push(("rollback", back.and_then(|_| work::<D, W>(&mut updater))));
    let cancelled = updater.request_cancel();
    ends.push(("not after all", cancelled.and_then(|_| work::<D, W>(&mut updater))));
    for schema in [0, 1, 0, 1] {
        ends.push(("schema", D::record_schema(&mut updater, schema).map(|()| Step::Idle)));
    }
    ends.push(("confirm", D::confirm(&mut updater).map(|()| Step::Confirmed)));
    ends
}

/// A device whose journal holds so many records.
fn device(board: &'static Board, records: u32) -> SimulatedFlash {
    let mut device = Device::from_factory(board);
    (0..records).for_each(|number| device.record_with(|record| record.schema = (number % 2) as u16));
    device.record_with(|record| record.schema = 0);
    device.flash
}

/// The operations, how all has ended, and what is in flash then.
fn lived<D: Drives, const W: usize>(
    flash: &SimulatedFlash,
    board: &'static Board,
    epoch: u32,
    mishap: Option<(usize, Mishap)>,
) -> (Vec<Done>, Ends, u64) {
    let driver = Driver::<W>::new(flash.clone(), mishap);
    let ends = life::<D, W>(&driver, board, epoch);
    let chip = driver.chip();
    assert_eq!(chip.flash.misuse(), None, "{mishap:?}");
    (chip.done.clone(), ends, chip.flash.state())
}

/// Records in the journal before: few, and so many that the next unit is erased soon.
fn ages(board: &Board) -> [u32; 2] {
    [2, board.journal_unit / board.write_size.max(128) - 5]
}

/// From an image of the same epoch there is a way back; by one of a higher epoch, a confirm has effects.
const EPOCHS: [u32; 2] = [0, 3];

fn both<const W: usize>(board: &'static Board) {
    for (records, epoch) in ages(board).into_iter().zip(EPOCHS) {
        let flash = device(board, records);
        let expected = lived::<Blocking, W>(&flash, board, epoch, None);
        let (done, ends, _) = &expected;
        assert!(done.len() > 20, "{}", done.len());
        let failed: Vec<_> = ends.iter().filter_map(|(_, end)| end.err()).collect();
        let expected_failures: &[_] = if epoch == 0 { &[] } else { &[Refusal::Epoch, Refusal::NothingPending] };
        assert_eq!(failed, expected_failures, "{ends:?}");
        assert!(lived::<Async, W>(&flash, board, epoch, None) == expected);
        for number in 0..done.len() {
            for mishap in MISHAPS {
                let at = Some((number, mishap));
                let blocking = lived::<Blocking, W>(&flash, board, epoch, at);
                let with_async = lived::<Async, W>(&flash, board, epoch, at);
                assert_eq!(blocking.1, with_async.1, "{}, {number} {mishap:?}", board.name);
                assert!(blocking == with_async, "{}, {number} {mishap:?}", board.name);
            }
        }
    }
}

#[test]
fn both_drivers_do_the_same_whatever_fails() {
    both::<4>(&MICROBIT);
    both::<256>(&PICO);
}
