//! What the boards differ in. Each has a `start`, which returns the board's parts and its flash, and a `reset`.

#[cfg(feature = "other-microbit")]
mod nrf51;
#[cfg(not(feature = "large-pico"))]
mod received;
#[cfg(feature = "large-pico")]
mod rp2040;
#[cfg(feature = "stm32f4")]
mod stm32f4;

#[cfg(feature = "other-microbit")]
pub use nrf51::{reset, start};
#[cfg(feature = "large-pico")]
pub use rp2040::{reset, start};
#[cfg(feature = "stm32f4")]
pub use stm32f4::{reset, start};
