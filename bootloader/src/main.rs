//! The bootloader of a chip that Lifeboot knows, for the board that LIFEBOOT_BOARD names and the keys of LIFEBOOT_KEYS.

#![no_std]
#![no_main]

use lifeboot_bootloader::chips;

lifeboot_bootloader::bootloader!(chips::BuiltIn, vectors: chips::Vectors = chips::VECTORS);
