//! BBC micro:bit v1: nRF51822, serial port on P0.24 (out) and P0.25 (in), LED matrix from P0.04 on.
//!
//! Addresses and bits are from the nRF51 Series Reference Manual 3.0 (FICR: chapter 7, TIMER: 18, WDT: 20, UART: 29).

use super::BOARD;
use super::clock::Clock;
use super::serial::{Serial, Transmit};
use core::cell::RefCell;
use core::ptr::{read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile};
use critical_section::Mutex;
use embedded_hal::digital::OutputPin;
use heapless::spsc::{Consumer, Producer, Queue};
use lifeboot_updater::{Cause, handover};
use nrf51_hal::gpio::{Level, Output, Pin, PushPull, p0};
use nrf51_hal::pac::{Interrupt, NVIC, Peripherals, interrupt};

// No HAL has a driver for this chip's flash.
pub use lifeboot_chips::nrf51::Flash;

/// Bytes that the serial port buffers between two reads.
pub const RECEIVE_BUFFER: usize = 1024;

/// Maximum length of a received frame, of which 512 bytes can be image: the port's buffer holds two frames.
pub const FRAME: usize = 528;

const UART: usize = 0x4000_2000;
const UART_STARTRX: usize = UART;
const UART_STARTTX: usize = UART + 0x008;
const UART_RXDRDY: usize = UART + 0x108;
const UART_TXDRDY: usize = UART + 0x11C;
const UART_INTENSET: usize = UART + 0x304;
const UART_ENABLE: usize = UART + 0x500;
const UART_PSELTXD: usize = UART + 0x50C;
const UART_PSELRXD: usize = UART + 0x514;
const UART_RXD: usize = UART + 0x518;
const UART_TXD: usize = UART + 0x51C;
const UART_BAUDRATE: usize = UART + 0x524;
const BAUD_115200: u32 = 0x01D7_E000;
const TX_PIN: u32 = 24;
const RX_PIN: u32 = 25;

/// Turns of a loop that take far longer than a byte on the line, which takes 1,389 clocks.
const TURNS: u32 = 200_000;

/// FICR's DEVICEID: 64 bits that production has made at random.
const DEVICE_ID: [usize; 2] = [0x1000_0060, 0x1000_0064];

const TIMER0_CLEAR: usize = 0x4000_800C;
const TIMER1: usize = 0x4000_9000;
const TIMER1_COMPARE0: usize = TIMER1 + 0x140;
const WDT_RR0: usize = 0x4001_0600;
const WDT_FEED: u32 = 0x6E52_4635;
const CAUSE_WORD: usize = (BOARD.ram.start + handover::CAUSE) as usize;

static RECEIVED: Mutex<RefCell<Option<Producer<'static, u8>>>> = Mutex::new(RefCell::new(None));

/// The parts of the board that the application uses.
pub struct Parts {
    pub flash: Flash,
    pub serial: Serial<Consumer<'static, u8>, Transmitter>,
    pub led: Pin<Output<PushPull>>,
    pub clock: Clock,
    /// Names this unit among others of the board, if its chip has such a name.
    pub id: Option<[u8; 8]>,
}

/// Sets up the board after the bootloader. Panics if it is called twice.
pub fn start() -> Parts {
    let (Some(peripherals), Some(queue)) =
        (Peripherals::take(), cortex_m::singleton!(: Queue<u8, { RECEIVE_BUFFER + 1 }> = Queue::new()))
    else {
        panic!("started twice");
    };
    let pins = p0::Parts::new(peripherals.GPIO);
    // The line idles high; set before the UART controls the pin.
    let mut transmit = pins.p0_24.into_push_pull_output(Level::High);
    let _ = transmit.set_high();
    // With row 1 of the matrix high, column 1 is the LED: lit while low.
    pins.p0_13.into_push_pull_output(Level::High);
    let led = pins.p0_04.into_push_pull_output(Level::High).degrade();

    let (producer, received) = queue.split();
    critical_section::with(|section| RECEIVED.borrow_ref_mut(section).replace(producer));
    start_timer();
    start_uart();
    // SAFETY: the handlers are below, and what they use has been set up above.
    unsafe {
        NVIC::unmask(Interrupt::TIMER1);
        NVIC::unmask(Interrupt::UART0);
    }
    Parts {
        flash: Flash::new(&BOARD),
        serial: Serial::new(received, Transmitter { sending: false }),
        led,
        clock: Clock::new(),
        id: Some(device_id()),
    }
}

fn device_id() -> [u8; 8] {
    let [low, high] = DEVICE_ID.map(load);
    (u64::from(high) << 32 | u64::from(low)).to_le_bytes()
}

/// Starts an interrupt each millisecond from TIMER1. It also wakes QEMU's main loop, without which QEMU's UART receives
/// nothing after a reset.
fn start_timer() {
    store(TIMER1 + 0x508, 0); // BITMODE: 16 bits
    store(TIMER1 + 0x510, 4); // PRESCALER: 16 MHz / 2^4
    store(TIMER1 + 0x540, 1000); // CC[0]
    store(TIMER1 + 0x200, 1); // SHORTS: COMPARE[0] clears
    store(TIMER1 + 0x304, 1 << 16); // INTENSET: COMPARE[0]
    store(TIMER1, 1); // START
}

fn start_uart() {
    store(UART_PSELTXD, TX_PIN);
    store(UART_PSELRXD, RX_PIN);
    store(UART_BAUDRATE, BAUD_115200);
    store(UART_ENABLE, 4);
    store(UART_STARTTX, 1);
    store(UART_STARTRX, 1);
    store(UART_INTENSET, 1 << 2); // RXDRDY
}

#[interrupt]
fn TIMER1() {
    store(TIMER1_COMPARE0, 0);
    Clock::tick();
}

#[interrupt]
fn UART0() {
    critical_section::with(|section| {
        let mut received = RECEIVED.borrow_ref_mut(section);
        while load(UART_RXDRDY) != 0 {
            // Cleared before RXD is read, or the next byte's event is lost (29.7).
            store(UART_RXDRDY, 0);
            let byte = load(UART_RXD) as u8;
            // The buffer is full only if the host sent more than the window; the frame's CRC then fails.
            if let Some(producer) = received.as_mut() {
                let _ = producer.enqueue(byte);
            }
        }
    });
}

/// Feeds the watchdog: no reset for some seconds. Both the chip's and the timer that acts as the watchdog on emulators.
#[inline(never)] // Never inlined, so that a bench can see each turn of the application's loop.
pub fn feed_watchdog() {
    store(TIMER0_CLEAR, 1);
    store(WDT_RR0, WDT_FEED);
}

/// Resets the chip, and leaves the cause for the bootloader.
pub fn reset(cause: Cause) -> ! {
    reset_with(handover::cause_word(cause))
}

/// Resets the chip, and requests the bootloader's recovery mode.
pub fn reset_into_recovery() -> ! {
    reset_with(handover::recovery_word())
}

fn reset_with(word: u32) -> ! {
    store(CAUSE_WORD, word);
    cortex_m::peripheral::SCB::sys_reset()
}

/// Sends bytes, and waits until they are sent; a bounded time, as a panic must end in a reset.
pub fn write_now(bytes: &[u8]) {
    for byte in bytes {
        store(UART_TXDRDY, 0);
        store(UART_TXD, u32::from(*byte));
        if !(0..TURNS).any(|_| load(UART_TXDRDY) != 0) {
            return;
        }
    }
}

/// The UART's sending half, which has room for one byte.
pub struct Transmitter {
    /// TXDRDY is set only after a first byte was sent.
    sending: bool,
}

impl Transmit for Transmitter {
    fn is_ready(&self) -> bool {
        !self.sending || load(UART_TXDRDY) != 0
    }

    fn send(&mut self, byte: u8) {
        store(UART_TXDRDY, 0);
        store(UART_TXD, u32::from(byte));
        self.sending = true;
    }
}

fn load(address: usize) -> u32 {
    // SAFETY: only called with the registers named above: mapped, aligned, and not used through the HAL in this file.
    unsafe { read_volatile(with_exposed_provenance(address)) }
}

fn store(address: usize, value: u32) {
    // SAFETY: as in `load`; only code that resets the chip writes the shared word.
    unsafe { write_volatile(with_exposed_provenance_mut(address), value) }
}
