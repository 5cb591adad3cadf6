//! Flash drivers of chips whose HALs have none for Lifeboot's use, with the `embedded-storage` traits: bootloader and firmware
//! share them. None of them ever erases or writes the bootloader.
//!
//! | feature | what |
//! | --- | --- |
//! | `nrf51` | [`nrf51::Flash`] |
//! | `rp2040` | [`rp2040::Flash`] |
//! | `multiply` | on Armv6-M, a 64-bit product in half of the time of the compiler's: firmware that checks signatures gains most |

#![no_std]
#![deny(missing_docs)]

#[cfg(all(feature = "multiply", armv6m))]
mod multiply;
#[cfg(feature = "nrf51")]
pub mod nrf51;
#[cfg(feature = "rp2040")]
pub mod rp2040;
