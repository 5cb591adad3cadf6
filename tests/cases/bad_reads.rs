//! One bad read, anywhere in a boot: a bit of what is read is wrong once, as a marginal supply or radiation makes it. The
//! boot decides as if it had been right, and nothing durable comes of it.

use crate::signed_image::{SignedImage, info};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use lifeboot_core::boot::{Decision, boot};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{Cause, Record, Trial};
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::{Fault, SimulatedFlash};

/// Flash of which one read is wrong.
struct Misread<'a> {
    flash: &'a mut SimulatedFlash,
    /// The number of reads until then.
    left: u32,
    /// The bit that is wrong, counted from the start of what is read; wraps around.
    bit: usize,
    reads: u32,
}

impl ErrorType for Misread<'_> {
    type Error = Fault;
}

impl ReadNorFlash for Misread<'_> {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.flash.read(offset, bytes)?;
        if self.left == self.reads {
            let bit = self.bit % (8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        self.reads += 1;
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Misread<'_> {
    const WRITE_SIZE: usize = SimulatedFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = SimulatedFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.flash.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.flash.write(offset, bytes)
    }
}

/// Makes the boot state of the factory another one.
type State = fn(&mut Record);

const STATES: [(&str, State); 4] = [
    ("from the factory", |_| {}),
    ("pending", |record| record.trial = Some(Trial::new(Slot::B))),
    ("on trial, after a confirm", |record| (record.confirmed, record.trial) = (Slot::B, Some(Trial::new(Slot::A)))),
    ("confirmed, its effects pending", |record| (record.confirmed, record.epoch_floor) = (Slot::B, 1)),
];

fn started(decision: &Decision) -> Option<(Slot, bool)> {
    match decision {
        Decision::Confirmed(verified) => Some((verified.slot(), true)),
        Decision::Trial(verified) => Some((verified.slot(), false)),
        Decision::FellBack(_) | Decision::Recovery(_) => None,
    }
}

/// Boots with a bad read, then without; returns what the first boot started, the state at the end, and the reads.
fn boots(mut flash: SimulatedFlash, board: &'static Board, at: u32, bit: usize) -> (Option<(Slot, bool)>, Record, u32) {
    let mut misread = Misread { flash: &mut flash, left: at, bit, reads: 0 };
    let started = started(&boot(&mut misread, board, &info().for_board(board), Cause::Pin.into()));
    let reads = misread.reads;
    boot(&mut flash, board, &info().for_board(board), Cause::Pin.into());
    (started, *Journal::open(&mut flash, board).record(), reads)
}

#[test]
fn one_bad_read_changes_nothing() {
    let mut tried = 0;
    for board in BOARDS {
        for (name, state) in STATES {
            let mut flash = SimulatedFlash::new(board).write_once();
            flash.put_info(&info());
            for (slot, major, epoch) in [(Slot::A, 1, 0), (Slot::B, 2, 2)] {
                let image = SignedImage::new(board, 700).release(Version { major, ..Version::default() }, epoch);
                image.put(&mut flash, slot);
            }
            let mut journal = Journal::open(&mut flash, board);
            journal.change(&mut flash, |record| record.trial = Some(Trial::new(Slot::B))).unwrap();
            journal.change(&mut flash, |record| record.trial = None).unwrap();
            journal.change(&mut flash, state).unwrap();
            let (right, left, reads) = boots(flash.clone(), board, u32::MAX, 0);
            assert!(right.is_some(), "{name}");
            for at in 0..reads {
                for bit in [0, 1, 33, 500, 1000 + at as usize] {
                    let (started, state, _) = boots(flash.clone(), board, at, bit);
                    assert_eq!(
                        (started, state),
                        (right, left),
                        "{name}, bit {bit} of read {at} of {reads}, {}",
                        board.name
                    );
                    tried += 1;
                }
            }
        }
    }
    println!("bad reads: {tried} boots");
}
