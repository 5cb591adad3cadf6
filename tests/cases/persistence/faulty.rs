//! Flash with a fault that stays.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Record;
use lifeboot_tests::simulated_flash::{Cut, Fault, SimulatedFlash, Tear};

/// A fault that is the same at each operation, at each boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// None.
    Nothing,
    /// The supply fails in each write, which tears it.
    TornWrites(Tear),
    /// The supply fails in each erase, which tears it.
    TornErases(Tear),
    /// The supply fails before anything is erased or written.
    BrownOut,
    /// Erases fail.
    FailingErases,
    /// Writes fail.
    FailingWrites,
    /// A unit of the journal, by its number, takes no writes: they seem to work and change nothing.
    DeafUnit(u32),
    /// A unit of the journal, by its number, is all zeros after an erase.
    ClearedUnit(u32),
}

/// Flash with such a fault. It counts what was tried.
#[derive(Clone)]
pub struct Faulty {
    pub flash: SimulatedFlash,
    pub board: &'static Board,
    pub fault: Lasting,
    pub erases: u32,
    pub writes: u32,
}

impl Faulty {
    pub fn new(flash: SimulatedFlash, board: &'static Board) -> Faulty {
        Faulty { flash, board, fault: Lasting::Nothing, erases: 0, writes: 0 }
    }

    /// The boot state.
    pub fn record(&mut self) -> Record {
        *Journal::open(&mut self.flash, self.board).record()
    }

    fn is_in_unit(&self, number: u32, offset: u32) -> bool {
        let start = self.board.journal.start + number * self.board.journal_unit;
        (start..start + self.board.journal_unit).contains(&offset)
    }
}

impl ErrorType for Faulty {
    type Error = Fault;
}

impl ReadNorFlash for Faulty {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Faulty {
    const WRITE_SIZE: usize = SimulatedFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = SimulatedFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.erases += u32::from(self.flash.is_powered());
        match self.fault {
            Lasting::TornErases(tear) => self.flash.cut(0, Cut::Torn(tear)),
            Lasting::BrownOut => self.flash.cut(0, Cut::Before),
            Lasting::FailingErases => return Err(Fault::Refused),
            _ => {}
        }
        self.flash.erase(from, to)?;
        if matches!(self.fault, Lasting::ClearedUnit(number) if self.is_in_unit(number, from)) {
            self.flash.put(from, &vec![0; (to - from) as usize]);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.writes += u32::from(self.flash.is_powered());
        match self.fault {
            Lasting::TornWrites(tear) => self.flash.cut(0, Cut::Torn(tear)),
            Lasting::BrownOut => self.flash.cut(0, Cut::Before),
            Lasting::FailingWrites => return Err(Fault::Refused),
            Lasting::DeafUnit(number) if self.is_in_unit(number, offset) => return Ok(()),
            _ => {}
        }
        self.flash.write(offset, bytes)
    }
}
