//! STM32F405 or F407: serial port on PA2 (out) and PA3 (in), LED on PC13 and on PD12 (an STM32F4DISCOVERY's green one),
//! at 160 MHz from the internal oscillator: as in the bootloader, below the chip's limit with the oscillator at its
//! fastest. Clocks, pins and flash go through stm32f4xx-hal.
//!
//! Not the serial port: a panic must send too, whatever code owns the HAL's port. Nor the watchdog, which is fed from
//! everywhere. Nor the DMA that fetches received bytes, also while the core stalls for an erase: the HAL ends its
//! transfers.

use super::BOARD;
use super::clock::Clock;
use super::ring::Ring;
use super::serial::{Serial, Transmit};
use core::convert::Infallible;
use core::ptr::{read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use embedded_hal::digital::{ErrorType, OutputPin, StatefulOutputPin};
use lifeboot_updater::{Cause, handover};
use stm32f4xx_hal::flash::{FlashExt, LockedFlash, UnlockedFlash};
use stm32f4xx_hal::gpio::{Output, PC13, PD12};
use stm32f4xx_hal::pac::{self, DMA1, USART2};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc::{self, Enable, Reset};

/// The HAL's driver, permanently unlocked: the updater decides what is written.
pub type Flash = UnlockedFlash<'static>;

/// Bytes that the serial port buffers between two reads: all that arrives while the core stalls for the erase of a
/// sector of 128 KiB, typically 2 s (DS8626, table 39), and some more.
pub const RECEIVE_BUFFER: usize = CIRCLE - 1;

/// Maximum length of a received frame, of which 2,048 bytes can be image.
pub const FRAME: usize = 2064;

/// Bytes of the ring that DMA writes; at most 65,535 (RM0090, 10.5.6).
const CIRCLE: usize = 28 * 1024;

const HERTZ: u32 = 160_000_000;
const BAUD: u32 = 115_200;
/// Turns of a loop that take far longer than a byte on the line, which takes 13,889 clocks.
const TURNS: u32 = 200_000;
const CAUSE_WORD: usize = (BOARD.ram.start + handover::CAUSE) as usize;

/// Registers of RM0090, 30.6.
const USART2_SR: usize = 0x4000_4400;
const USART2_DR: usize = 0x4000_4404;
const USART2_BRR: usize = 0x4000_4408;
const USART2_CR1: usize = 0x4000_440C;
const USART2_CR3: usize = 0x4000_4414;
const MAY_SEND: u32 = 1 << 7;
/// On, in both directions, without interrupts.
const USART_ON: u32 = 1 << 13 | 1 << 3 | 1 << 2;
/// Received bytes are fetched by DMA.
const RECEIVE_BY_DMA: u32 = 1 << 6;

/// USART2's receiver is DMA1's stream 5, channel 4 (RM0090, table 42). Its registers: 10.5.5 to 10.5.8.
const STREAM_CR: usize = 0x4002_6088;
const STREAM_NDTR: usize = 0x4002_608C;
const STREAM_PAR: usize = 0x4002_6090;
const STREAM_M0AR: usize = 0x4002_6094;
/// Bytes, from the peripheral, to successive addresses in RAM, in circular mode.
const RECEIVES: u32 = 4 << 25 | 1 << 10 | 1 << 8;
const STREAM_ON: u32 = 1;

/// IWDG_KR (RM0090, 21.4.1), and the key that reloads the counter.
const WATCHDOG_KEY: usize = 0x4000_3000;
const WATCHDOG_RELOAD: u32 = 0xAAAA;

/// The unique device ID register: 96 bits (RM0090, 39.1).
const DEVICE_ID: [usize; 3] = [0x1FFF_7A10, 0x1FFF_7A14, 0x1FFF_7A18];

/// The parts of the board that the application uses.
pub struct Parts {
    pub flash: Flash,
    pub serial: Serial<Ring, Transmitter>,
    pub led: Leds,
    pub clock: Clock,
    /// Names this unit among others of the board, if its chip has such a name.
    pub id: Option<[u8; 12]>,
}

/// Sets up the board after the bootloader. Panics if it is called twice.
pub fn start() -> Parts {
    let (Some(core), Some(peripherals), Some(circle)) =
        (cortex_m::Peripherals::take(), pac::Peripherals::take(), cortex_m::singleton!(: [u8; CIRCLE] = [0; CIRCLE]))
    else {
        panic!("started twice");
    };
    let mut rcc = peripherals.RCC.freeze(rcc::Config::hsi().sysclk(HERTZ.Hz()));
    // The HAL has enabled the data cache, and its flash driver does not empty it after an erase (RM0090, 3.5.2).
    peripherals.FLASH.acr().modify(|_, control| control.dcen().clear_bit());
    let Some(flash) = cortex_m::singleton!(: LockedFlash = LockedFlash::new(peripherals.FLASH)) else {
        panic!("started twice");
    };
    let port_a = peripherals.GPIOA.split(&mut rcc);
    let port_c = peripherals.GPIOC.split(&mut rcc);
    let port_d = peripherals.GPIOD.split(&mut rcc);
    port_a.pa2.into_alternate::<7>();
    port_a.pa3.into_alternate::<7>();
    DMA1::enable(&mut rcc);
    DMA1::reset(&mut rcc);
    // This discards what was received before, and clears an overrun.
    USART2::enable(&mut rcc);
    USART2::reset(&mut rcc);

    let received = start_dma(circle);
    store(USART2_CR3, RECEIVE_BY_DMA);
    store(USART2_BRR, rcc.clocks.pclk1().raw() / BAUD);
    store(USART2_CR1, USART_ON);
    let mut timer = core.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(HERTZ / 1000 - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
    let led = Leds(port_c.pc13.into_push_pull_output(), port_d.pd12.into_push_pull_output());
    Parts {
        flash: flash.unlocked(),
        serial: Serial::new(received, Transmitter),
        led,
        clock: Clock::new(),
        id: Some(device_id()),
    }
}

fn device_id() -> [u8; 12] {
    let mut id = [0; 12];
    for (place, word) in id.as_chunks_mut::<4>().0.iter_mut().zip(DEVICE_ID.map(load)) {
        *place = word.to_le_bytes();
    }
    id
}

#[exception]
fn SysTick() {
    Clock::tick();
}

/// Starts DMA into the ring before the first received byte requests a transfer (RM0090, 10.3.17 and 30.3.13). Only a
/// reset of the chip stops it.
fn start_dma(circle: &'static mut [u8; CIRCLE]) -> Ring {
    store(STREAM_PAR, USART2_DR as u32);
    store(STREAM_M0AR, circle.as_mut_ptr().expose_provenance() as u32);
    store(STREAM_NDTR, CIRCLE as u32);
    store(STREAM_CR, RECEIVES);
    store(STREAM_CR, RECEIVES | STREAM_ON);
    Ring::new(circle, written)
}

/// Returns how far DMA has got in the ring: the register counts down what is left.
fn written() -> usize {
    CIRCLE - load(STREAM_NDTR) as usize
}

/// Feeds the watchdog, if it runs: no reset for some seconds.
#[inline(never)] // Never inlined, so that a bench can see each turn of the application's loop.
pub fn feed_watchdog() {
    store(WATCHDOG_KEY, WATCHDOG_RELOAD);
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

/// Sends bytes, and waits until the port has taken them; a bounded time, as a panic must end in a reset.
pub fn write_now(bytes: &[u8]) {
    for byte in bytes {
        if !(0..TURNS).any(|_| Transmitter.is_ready()) {
            return;
        }
        Transmitter.send(*byte);
    }
}

/// The USART's sending half, which has room for one byte.
pub struct Transmitter;

impl Transmit for Transmitter {
    fn is_ready(&self) -> bool {
        load(USART2_SR) & MAY_SEND != 0
    }

    fn send(&mut self, byte: u8) {
        store(USART2_DR, u32::from(byte));
    }
}

/// The LEDs of the supported boards, driven as one.
pub struct Leds(PC13<Output>, PD12<Output>);

impl ErrorType for Leds {
    type Error = Infallible;
}

impl OutputPin for Leds {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.set_low();
        self.1.set_low();
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.set_high();
        self.1.set_high();
        Ok(())
    }
}

impl StatefulOutputPin for Leds {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.is_set_high())
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.is_set_low())
    }
}

fn load(address: usize) -> u32 {
    // SAFETY: only called with the registers named above: mapped, aligned, and not used through the HAL in this file.
    unsafe { read_volatile(with_exposed_provenance(address)) }
}

fn store(address: usize, value: u32) {
    // SAFETY: as in `load`; the watchdog's key changes only its counter, only code that resets the chip writes the
    // shared word, and DMA writes only to the ring, which `start_dma` borrows for `'static`.
    unsafe { write_volatile(with_exposed_provenance_mut(address), value) }
}
