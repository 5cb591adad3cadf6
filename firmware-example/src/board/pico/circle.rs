//! The receive buffer of UART0, which DMA fills in a ring in RAM (RP2040 Datasheet, 2.5). DMA needs neither the core
//! nor flash, so it goes on while both are busy: the erase of a sector typically takes 45 ms, with interrupts disabled,
//! and the line carries 11.5 bytes each millisecond. Even during the longest erase, 0.4 s (W25Q16JV, 9.6), nothing is
//! lost: the host's window is smaller than the ring.
//!
//! A channel stops after its count of bytes, so there are two: each fills the ring once, then starts the other one
//! (2.5.2.2), endlessly and without the core. The stopped one is back at the ring's start, and its count is reloaded
//! when it is started (2.5.1.2). In the few cycles between the two, the UART's own 32 bytes of FIFO suffice.

use super::super::ring::Ring;
use core::cell::UnsafeCell;
use rp2040_hal::dma::{Channels, DMAExt, SingleChannel};
use rp2040_hal::pac::{DMA, RESETS, UART0};
use rp2040_hal::uart::UartDevice;

/// Bytes of the ring: a power of two, at a multiple of it, so that DMA's addresses wrap by themselves (2.5.1.1).
pub const LENGTH: usize = 1 << LENGTH_BITS;
const LENGTH_BITS: u8 = 13;

#[repr(C, align(8192))]
struct Circle(UnsafeCell<[u8; LENGTH]>);

const _: () = assert!(align_of::<Circle>() == LENGTH);

// SAFETY: only `start` uses it, and only once: it takes the DMA, of which there is one.
unsafe impl Sync for Circle {}

static CIRCLE: Circle = Circle(UnsafeCell::new([0; LENGTH]));

/// Starts to receive. The UART must be enabled already, with its requests to DMA.
pub fn start(dma: DMA, resets: &mut RESETS) -> Ring {
    let Channels { ch0, ch1, .. } = dma.split(resets);
    prepare(&ch1, &ch0);
    prepare(&ch0, &ch1);
    // Written through the alias that starts the channel (2.5.2.1).
    ch0.ch().ch_ctrl_trig().modify(|_, control| control.en().set_bit());
    // SAFETY: nothing else uses it, see above; DMA writes it, and the reader reads it as volatile.
    Ring::new(unsafe { &mut *CIRCLE.0.get() }, position)
}

/// Sets up a channel to fill the ring once, and then to start the next one.
fn prepare(channel: &impl SingleChannel, next: &impl SingleChannel) {
    let registers = channel.ch();
    // SAFETY: the receiver's data register. 8-bit reads leave out its upper half with the error flags: the frames' CRCs
    // detect errors.
    registers
        .ch_read_addr()
        .write(|from| unsafe { from.bits((*UART0::PTR).uartdr().as_ptr().expose_provenance() as u32) });
    // SAFETY: the start of the ring; the ring size below keeps every address inside it.
    registers.ch_write_addr().write(|to| unsafe { to.bits(CIRCLE.0.get().expose_provenance() as u32) });
    // SAFETY: one pass through the ring.
    registers.ch_trans_count().write(|count| unsafe { count.bits(LENGTH as u32) });
    registers.ch_al1_ctrl().write(|control| {
        control.data_size().size_byte().incr_read().clear_bit().incr_write().set_bit();
        // SAFETY: only this many low bits of the write address may change: exactly the addresses of the ring.
        unsafe { control.ring_size().bits(LENGTH_BITS).ring_sel().set_bit() };
        // SAFETY: a channel that is set up before this one ends; and one byte is moved each time the UART has one
        // (2.5.3).
        unsafe { control.chain_to().bits(next.id()).treq_sel().bits(UART0::rx_dreq()) };
        control.irq_quiet().set_bit().en().set_bit()
    });
}

/// Returns where the next byte goes, from the ring's start.
///
/// One channel is always stopped at the start, so the sum of both offsets is that of the other one. If the first
/// channel wraps between the two reads, the sum is a position of that time or later: it never counts a byte that is not
/// there.
fn position() -> usize {
    // SAFETY: addresses that are only read, without an effect.
    let dma = unsafe { &*DMA::PTR };
    let next = |channel| dma.ch(channel).ch_write_addr().read().bits() as usize;
    (next(0) + next(1)) % LENGTH
}
