//! Flash of two banks. rsemu's controller knows one: its sector numbers have four bits. So each bank is a controller of its own,
//! and here is what makes one of both, as the F42x has it (RM0090, 3.4 and 3.9.8): keys, flags and settings are for both; an
//! erase goes to the bank of its sector, whose codes begin at 16 for the second one; busy and errors are those of either.
//!
//! Both banks can be busy at once here. On the chip the second operation waits, as a store does in `flash`.

use lifeboot_board::Sector;
use rsemu::core::device::Device;
use rsemu::core::space::{AccessConstraints, MemAttrs, MemOps, MemResult, RegionKind, RegionRef};
use rsemu::dev::stm32::flash::Flash;
use std::sync::Arc;

/// FLASH_SR, whose flags are those of either bank.
const SR: u64 = 0x0c;

/// FLASH_CR: its bits that start an erase, and which sector (RM0090, 3.9.5, and 3.9.8 for the second bank's codes).
pub const CR: u64 = 0x10;
pub const START: u32 = 1 << 16;
pub const ERASE: u32 = 1 << 1;
pub const SECTOR: u32 = 3;
pub const SECTOR_MASK: u32 = 0b1_1111;

/// What bits of CR erase a whole bank: the first, the second (RM0090, 3.9.8).
const ERASE_FIRST: u32 = 1 << 2;
const ERASE_SECOND: u32 = 1 << 15;

/// Where the core sees flash, beside 0.
const FLASH: u32 = 0x0800_0000;

/// A bank.
#[derive(Clone, Debug)]
pub struct Bank {
    pub flash: Arc<Flash>,
    /// Where it starts in flash.
    pub start: u32,
    /// The number of its first sector.
    pub first: u32,
}

impl Bank {
    /// Its bytes.
    pub fn length(&self) -> u32 {
        self.region("array").len() as u32
    }

    /// Whether the core executes from it at this address.
    pub fn has(&self, address: u32) -> bool {
        (self.start..self.start + self.length()).contains(&(address & !FLASH))
    }

    /// A part of the controller.
    pub fn region(&self, name: &str) -> RegionRef {
        self.flash.region(name).expect("a flash controller has registers and an array")
    }
}

/// The registers of both banks.
#[derive(Debug)]
pub struct Joined {
    banks: Vec<(Arc<dyn MemOps>, Bank)>,
    sectors: Arc<[(u32, Sector)]>,
}

impl Joined {
    /// Joins the banks' registers; the sectors are by what CR calls them.
    pub fn new(banks: &[Bank], sectors: &Arc<[(u32, Sector)]>) -> Self {
        let registers = |bank: &Bank| match bank.region("regs").kind() {
            RegionKind::Io(ops) => (ops.clone(), bank.clone()),
            _ => unreachable!("registers are handled"),
        };
        Joined { banks: banks.iter().map(registers).collect(), sectors: sectors.clone() }
    }

    /// What of a value for CR the bank gets, which is the second one or not.
    fn control(&self, bank: &Bank, is_second: bool, value: u32) -> u32 {
        let whole = value & (ERASE_FIRST | ERASE_SECOND);
        if value & START == 0 {
            return value;
        }
        if whole != 0 {
            // Each controller is its own first bank.
            let own = if is_second { ERASE_SECOND } else { ERASE_FIRST };
            return if whole & own != 0 { value & !ERASE_SECOND | ERASE_FIRST } else { value & !(START | whole) };
        }
        let sector = self.sectors.iter().find(|(code, _)| *code == value >> SECTOR & SECTOR_MASK);
        match sector {
            Some((_, sector)) if value & ERASE != 0 => {
                let other = (sector.start >= bank.start + bank.length()) || sector.start < bank.start;
                let number = sector.number.wrapping_sub(bank.first);
                if other { value & !START } else { value & !(SECTOR_MASK << SECTOR) | number << SECTOR }
            }
            // An error, which the first one sets.
            _ if is_second => value & !START,
            _ => value | SECTOR_MASK << SECTOR,
        }
    }
}

impl MemOps for Joined {
    fn read(&self, offset: u64, bytes: &mut [u8], attributes: MemAttrs) -> MemResult {
        let [first, others @ ..] = &self.banks[..] else { return Ok(()) };
        first.0.read(offset, bytes, attributes)?;
        if offset & !3 == SR {
            let mut more = vec![0; bytes.len()];
            for (registers, _) in others {
                registers.read(offset, &mut more, attributes)?;
                bytes.iter_mut().zip(&more).for_each(|(byte, more)| *byte |= more);
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8], attributes: MemAttrs) -> MemResult {
        for (index, (registers, bank)) in self.banks.iter().enumerate() {
            match <[u8; 4]>::try_from(bytes) {
                Ok(word) if offset == CR => {
                    let value = self.control(bank, index > 0, u32::from_le_bytes(word));
                    registers.write(offset, &value.to_le_bytes(), attributes)?;
                }
                _ => registers.write(offset, bytes, attributes)?,
            }
        }
        Ok(())
    }

    fn constraints(&self) -> AccessConstraints {
        self.banks[0].0.constraints()
    }
}
