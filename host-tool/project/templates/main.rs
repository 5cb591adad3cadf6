//! The bootloader of this project's board.

#![no_std]
#![no_main]

use lifeboot_bootloader::chips;

lifeboot_bootloader::bootloader!(chips::BuiltIn, vectors: chips::Vectors = chips::VECTORS);
