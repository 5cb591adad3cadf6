//! The USART's registers (RM0090, 30.6), as its fixes use them.

use rsemu::core::device::Device;
use rsemu::core::space::{MemAttrs, RegionKind};
use rsemu::dev::stm32::usart::Usart;

/// The status, with its bits for a received byte and for room to send one.
pub const SR: u64 = 0x00;
pub const RECEIVED: u32 = 1 << 5;
pub const ROOM: u32 = 1 << 7;
/// The data.
pub const DR: u64 = 0x04;
/// The baud rate.
pub const BRR: u64 = 0x08;
/// Control register 1, with its bit for an interrupt at each received byte.
pub const CR1: u64 = 0x0c;
pub const INTERRUPTS: u32 = 1 << 5;
/// Control register 2.
pub const CR2: u64 = 0x10;
/// Control register 3, with its bit for DMA of received bytes.
pub const CR3: u64 = 0x14;
pub const FETCHED: u32 = 1 << 6;
/// For smartcards.
pub const GTPR: u64 = 0x18;

/// Reads a register, without the effects that reading has.
pub fn register(usart: &Usart, offset: u64) -> u32 {
    let mut word = [0; 4];
    if let Some(RegionKind::Io(registers)) = usart.region("regs").as_deref().map(|region| region.kind()) {
        // A register that cannot be read is one without a clock, and reads 0.
        let _ = registers.read(offset, &mut word, MemAttrs::DEBUG);
    }
    u32::from_le_bytes(word)
}
