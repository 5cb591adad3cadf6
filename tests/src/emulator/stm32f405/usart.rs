//! The USART's registers (RM0090, 30.6), as what mends it looks at them.

use rsemu::core::device::Device;
use rsemu::core::space::{MemAttrs, RegionKind};
use rsemu::dev::stm32::usart::Usart;

/// The status, and in it that a byte is there, and that there is room for one to send.
pub const SR: u64 = 0x00;
pub const RECEIVED: u32 = 1 << 5;
pub const ROOM: u32 = 1 << 7;
/// The data.
pub const DR: u64 = 0x04;
/// The baud rate.
pub const BRR: u64 = 0x08;
/// What is on, and in it that a byte that is received interrupts.
pub const CR1: u64 = 0x0c;
pub const INTERRUPTS: u32 = 1 << 5;
/// More of the same.
pub const CR2: u64 = 0x10;
/// And in it that DMA fetches what is received.
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
