//! What UART0 receives, by DMA into a circle in RAM (RP2040 Datasheet, 2.5). It needs neither the core nor flash, so it goes
//! on while both stand still: the erase of a block takes 150 ms as a rule, with interrupts off, and the line brings 11.5 bytes
//! in each. After 2 seconds, the longest erase (W25Q16JV, 9.6), the host still has no more on its way than there is room.
//!
//! A channel stops after its count of bytes, so there are two: each goes round the circle once, then starts the other one
//! (2.5.2.2), for ever and without the core. The one that rests is back at the circle's start, with its count reloaded when
//! it is started (2.5.1.2). In the few cycles between the two, the UART's own 32 bytes are room enough.

use super::super::ring::Ring;
use core::cell::UnsafeCell;
use rp2040_hal::dma::{Channels, DMAExt, SingleChannel};
use rp2040_hal::pac::{DMA, RESETS, UART0};
use rp2040_hal::uart::UartDevice;

/// Bytes of the circle: as a power of two, at a multiple of it, where DMA's addresses wrap by themselves (2.5.1.1).
pub const LENGTH: usize = 1 << LENGTH_BITS;
const LENGTH_BITS: u8 = 13;

#[repr(C, align(8192))]
struct Circle(UnsafeCell<[u8; LENGTH]>);

const _: () = assert!(align_of::<Circle>() == LENGTH);

// SAFETY: only `start` touches it, and only once: it takes the DMA, of which there is one.
unsafe impl Sync for Circle {}

static CIRCLE: Circle = Circle(UnsafeCell::new([0; LENGTH]));

/// Begins to receive. The UART is to be in use already, its requests to DMA enabled.
pub fn start(dma: DMA, resets: &mut RESETS) -> Ring {
    let Channels { ch0, ch1, .. } = dma.split(resets);
    prepare(&ch1, &ch0);
    prepare(&ch0, &ch1);
    // The alias that starts the channel (2.5.2.1).
    ch0.ch().ch_ctrl_trig().modify(|_, control| control.en().set_bit());
    // SAFETY: nobody else has it, see above; DMA, which writes it, does not read what the reader holds.
    Ring::new(unsafe { &mut *CIRCLE.0.get() }, position)
}

/// Readies a channel to go round the circle, and to start the next one then.
fn prepare(channel: &impl SingleChannel, next: &impl SingleChannel) {
    let registers = channel.ch();
    // SAFETY: the receiver's data, whose upper half, with what is wrong with a byte, 8-bit reads leave out: the frames' CRCs
    // tell of that.
    registers
        .ch_read_addr()
        .write(|from| unsafe { from.bits((*UART0::PTR).uartdr().as_ptr().expose_provenance() as u32) });
    // SAFETY: from the start of the circle, of which the ring below makes every address that is written.
    registers.ch_write_addr().write(|to| unsafe { to.bits(CIRCLE.0.get().expose_provenance() as u32) });
    // SAFETY: once round.
    registers.ch_trans_count().write(|count| unsafe { count.bits(LENGTH as u32) });
    registers.ch_al1_ctrl().write(|control| {
        control.data_size().size_byte().incr_read().clear_bit().incr_write().set_bit();
        // SAFETY: the last bits of addresses that may change, of those written: all the circle's, and no others.
        unsafe { control.ring_size().bits(LENGTH_BITS).ring_sel().set_bit() };
        // SAFETY: a channel that is ready when this one ends; and one byte is moved each time the UART has one (2.5.3).
        unsafe { control.chain_to().bits(next.id()).treq_sel().bits(UART0::rx_dreq()) };
        control.irq_quiet().set_bit().en().set_bit()
    });
}

/// Where the next byte goes, from the circle's start.
///
/// One channel rests at the start, so the sum of both is where the other one is. Where the first passes that point between
/// the two looks, the sum is what it was then, or later: no byte is said to be there that is not.
fn position() -> usize {
    // SAFETY: addresses, which are only read, without an effect.
    let dma = unsafe { &*DMA::PTR };
    let next = |channel| dma.ch(channel).ch_write_addr().read().bits() as usize;
    (next(0) + next(1)) % LENGTH
}
