//! A flash and a serial port behind registers that no chip has.

use core::ptr::{read_volatile, write_volatile};
use embedded_io::{Read as _, Write as _};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// The registers, where Cortex-M has peripherals.
const ADDRESS: *mut u32 = 0x4fff_f000 as *mut u32;
const DATA: *mut u32 = 0x4fff_f004 as *mut u32;
const ERASE: *mut u32 = 0x4fff_f008 as *mut u32;
const PORT: *mut u32 = 0x4fff_f00c as *mut u32;
const TIME: *mut u32 = 0x4fff_f010 as *mut u32;

fn load(register: *mut u32) -> u32 {
    // SAFETY: a register is aligned; this program is never run.
    unsafe { read_volatile(register) }
}

fn store(register: *mut u32, value: u32) {
    // SAFETY: as above.
    unsafe { write_volatile(register, value) }
}

/// Returns a number that the compiler does not know.
pub fn number() -> u32 {
    load(TIME)
}

/// The flash.
pub struct Flash;

impl ErrorType for Flash {
    type Error = core::convert::Infallible;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        store(ADDRESS, offset);
        bytes.iter_mut().for_each(|byte| *byte = load(DATA) as u8);
        Ok(())
    }

    fn capacity(&self) -> usize {
        if cfg!(feature = "microbit") { 256 * 1024 } else { 1024 * 1024 }
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = if cfg!(feature = "microbit") { 4 } else { 1 };
    const ERASE_SIZE: usize = if cfg!(feature = "microbit") { 1024 } else { 16 * 1024 };

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        for offset in (from..to).step_by(Self::ERASE_SIZE) {
            store(ERASE, offset);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        store(ADDRESS, offset);
        bytes.iter().for_each(|byte| store(DATA, u32::from(*byte)));
        Ok(())
    }
}

/// The serial port.
pub struct Port;

impl embedded_io::ErrorType for Port {
    type Error = core::convert::Infallible;
}

impl embedded_io::Read for Port {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Self::Error> {
        let Some(byte) = bytes.first_mut() else { return Ok(0) };
        *byte = load(PORT) as u8;
        Ok(1)
    }
}

impl embedded_io::ReadReady for Port {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(load(PORT) & 1 << 31 != 0)
    }
}

impl embedded_io::Write for Port {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        let Some(byte) = bytes.first() else { return Ok(0) };
        store(PORT, u32::from(*byte));
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl embedded_io::WriteReady for Port {
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(load(PORT) & 1 << 30 != 0)
    }
}

/// Uses all of it, so that it is in each of the programs; and what nearly all firmware has of the compiler's own functions: copying,
/// filling and comparing memory, and division.
pub fn use_all(flash: &mut Flash, port: &mut Port) {
    let mut bytes = [0; 64];
    let Ok(()) = flash.read(number(), &mut bytes);
    let Ok(()) = flash.erase(number(), number());
    let Ok(()) = flash.write(number(), &bytes);
    let Ok(_) = port.read(&mut bytes);
    let Ok(_) = port.write(&bytes);
    let length = number() as usize % 64;
    bytes.copy_within(..length, number() as usize / 7 % (64 - length));
    let mut other = [0; 64];
    other[..length].fill(number() as u8);
    other[length..].copy_from_slice(&bytes[length..]);
    let Ok(()) = flash.write(u32::from(other == bytes) + number() / (number() | 1), &other);
}
