//! Flash in memory, shared by the bootloader and the firmware of a board.
//!
//! A word is written once between erases, as ECC flash wants it; everything else is a fault of the tested code and
//! panics. At a power cut, the operation under way is half done, and nothing works until [`Flash::power_on`].

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use embedded_storage_async::nor_flash as with_async;
use lifeboot_core::Board;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

#[derive(Clone)]
pub struct Flash(Arc<Mutex<Chip>>);

struct Chip {
    board: &'static Board,
    bytes: Vec<u8>,
    /// Operations until the power cut.
    cut_after: Option<u32>,
    dead: bool,
    /// Whether every erase and write fails.
    refuses: bool,
    /// Milliseconds that the operations have taken since the last query.
    busy: u32,
    erases: Vec<u32>,
}

impl Flash {
    pub fn erased(board: &'static Board) -> Self {
        let bytes = vec![0xff; board.flash_length as usize];
        Flash(Arc::new(Mutex::new(Chip {
            board,
            bytes,
            cut_after: None,
            dead: false,
            refuses: false,
            busy: 0,
            erases: Vec::new(),
        })))
    }

    fn chip(&self) -> MutexGuard<'_, Chip> {
        self.0.lock().unwrap()
    }

    /// Puts bytes in place, as a debug probe does.
    pub fn put(&self, offset: u32, bytes: &[u8]) {
        self.chip().bytes[offset as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    pub fn bytes(&self, offset: u32, length: usize) -> Vec<u8> {
        self.chip().bytes[offset as usize..][..length].to_vec()
    }

    /// Cuts the power in the middle of an operation, after so many whole ones.
    pub fn cut_after(&self, operations: u32) {
        self.chip().cut_after = Some(operations);
    }

    /// Whether a power cut is still outstanding.
    pub fn forget_cut(&self) -> bool {
        self.chip().cut_after.take().is_some()
    }

    /// Makes every erase and write fail from now on, or work again.
    pub fn refuse(&self, refuses: bool) {
        self.chip().refuses = refuses;
    }

    pub fn is_dead(&self) -> bool {
        self.chip().dead
    }

    pub fn power_on(&self) {
        self.chip().dead = false;
    }

    /// Milliseconds of operations since the last call.
    pub fn take_busy(&self) -> u32 {
        std::mem::take(&mut self.chip().busy)
    }

    /// Offsets of the units that were erased since the last call.
    pub fn take_erases(&self) -> Vec<u32> {
        std::mem::take(&mut self.chip().erases)
    }
}

impl Chip {
    /// How much of an operation of so many bytes is done.
    fn power_for(&mut self, length: usize) -> Result<usize, NorFlashErrorKind> {
        if self.dead || self.refuses {
            return Err(NorFlashErrorKind::Other);
        }
        match &mut self.cut_after {
            Some(0) => {
                (self.cut_after, self.dead) = (None, true);
                Ok(length / 2)
            }
            Some(left) => {
                *left -= 1;
                Ok(length)
            }
            None => Ok(length),
        }
    }

    fn result(&self) -> Result<(), NorFlashErrorKind> {
        if self.dead { Err(NorFlashErrorKind::Other) } else { Ok(()) }
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let chip = self.chip();
        chip.result()?;
        let found = chip.bytes.get(offset as usize..offset as usize + bytes.len());
        bytes.copy_from_slice(found.ok_or(NorFlashErrorKind::OutOfBounds)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.chip().bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        let mut chip = self.chip();
        let unit = if from < chip.board.slots[0].start {
            chip.board.journal_unit
        } else {
            chip.board.unit_at(chip.board.slots[0].start).length
        };
        assert!(from.is_multiple_of(unit) && to == from + unit, "not one erase unit: {from:#x}..{to:#x}");
        let done = chip.power_for((to - from) as usize)?;
        chip.bytes[from as usize..][..done].fill(0xff);
        // nRF51: 22 ms for 1 KiB; STM32F4: 1 s for 128 KiB.
        chip.busy += if unit > 1024 { unit / 128 } else { 22 };
        chip.erases.push(from);
        chip.result()
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        assert!(offset.is_multiple_of(4) && bytes.len().is_multiple_of(4), "not whole words");
        let mut chip = self.chip();
        let done = chip.power_for(bytes.len())?;
        let place = &mut chip.bytes[offset as usize..][..bytes.len()];
        assert!(place.iter().all(|byte| *byte == 0xff), "written twice without an erase: {offset:#x}");
        place[..done].copy_from_slice(&bytes[..done]);
        // nRF51: 46 µs a word.
        chip.busy += bytes.len() as u32 * 46 / 4000;
        chip.result()
    }
}

/// The same flash, whose operations are awaited: each is done, and then reported at the second poll.
impl with_async::ReadNorFlash for Flash {
    const READ_SIZE: usize = <Flash as ReadNorFlash>::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        ReadNorFlash::read(self, offset, bytes)
    }

    fn capacity(&self) -> usize {
        ReadNorFlash::capacity(self)
    }
}

impl with_async::NorFlash for Flash {
    const WRITE_SIZE: usize = <Flash as NorFlash>::WRITE_SIZE;
    const ERASE_SIZE: usize = <Flash as NorFlash>::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        let erased = NorFlash::erase(self, from, to);
        wait_once().await;
        erased
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let written = NorFlash::write(self, offset, bytes);
        wait_once().await;
        written
    }
}

/// Lets other tasks run.
pub async fn wait_once() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
