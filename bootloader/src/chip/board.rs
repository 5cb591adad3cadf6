//! The board that is compiled in.

#[cfg(feature = "nrf51")]
pub use lifeboot_core::layout::MICROBIT as BOARD;
#[cfg(feature = "rp2040")]
pub use lifeboot_core::layout::PICO as BOARD;
#[cfg(feature = "stm32f4")]
pub use lifeboot_core::layout::STM32F405 as BOARD;
