//! Firmware to be weighed, never to be run: what it is larger than itself without an updater is what that updater adds. Flash and
//! port are registers that no chip has, so that no driver's size is in the difference.

#![no_std]
#![no_main]

#[cfg(feature = "embassy-boot")]
mod embassy_boot;
#[cfg(not(any(feature = "updater", feature = "embassy-boot")))]
mod neither;
mod registers;
#[cfg(feature = "session")]
mod session;
#[cfg(all(feature = "updater", not(feature = "session")))]
mod updater;

#[cfg(feature = "embassy-boot")]
use crate::embassy_boot as update;
use cortex_m_rt::entry;
#[cfg(not(any(feature = "updater", feature = "embassy-boot")))]
use neither as update;
use panic_halt as _;
use registers::{Flash, Port};
#[cfg(feature = "session")]
use session as update;
#[cfg(all(feature = "updater", not(feature = "session")))]
use updater as update;

/// A vector for each interrupt of the STM32F405 (RM0090, 12.2): cortex-m-rt's own table has more, which its slots do not align.
#[cfg(feature = "stm32f405")]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".vector_table.interrupts")]
static __INTERRUPTS: [extern "C" fn() -> !; 82] = [unexpected; 82];

#[cfg(feature = "stm32f405")]
extern "C" fn unexpected() -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}

#[entry]
fn main() -> ! {
    registers::use_all(&mut Flash, &mut Port);
    update::run()
}
