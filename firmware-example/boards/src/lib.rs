//! The boards of the example firmware, for tests: each is rendered from its board file.

#![no_std]

use lifeboot_core::Board;

/// All of them.
pub static BOARDS: [&Board; 3] = [&MICROBIT, &STM32F405, &PICO];

pub use microbit::BOARD as MICROBIT;
pub use pico::BOARD as PICO;
pub use stm32f405::BOARD as STM32F405;

mod microbit {
    include!(concat!(env!("OUT_DIR"), "/microbit.rs"));
}

mod pico {
    include!(concat!(env!("OUT_DIR"), "/pico.rs"));
}

mod stm32f405 {
    include!(concat!(env!("OUT_DIR"), "/stm32f405.rs"));
}
