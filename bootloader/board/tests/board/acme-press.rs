/// The board of this build: STM32F411CE.
pub static BOARD: lifeboot_core::layout::Board = lifeboot_core::layout::Board {
    name: "acme-press",
    architecture: lifeboot_core::layout::Architecture::Armv7M,
    flash_address: 0x8000000,
    flash_length: 0x80000,
    bootloader: lifeboot_core::layout::Region { start: 0x0, length: 0x8000 },
    journal: lifeboot_core::layout::Region { start: 0x8000, length: 0x8000 },
    journal_unit: 0x4000,
    slots: [
        lifeboot_core::layout::Region { start: 0x20000, length: 0x20000 },
        lifeboot_core::layout::Region { start: 0x40000, length: 0x20000 },
    ],
    units: &[
        lifeboot_core::layout::Units { start: 0x0, length: 0x4000 },
        lifeboot_core::layout::Units { start: 0x10000, length: 0x10000 },
        lifeboot_core::layout::Units { start: 0x20000, length: 0x20000 },
    ],
    write_size: 4,
    header_length: 512,
    ram: lifeboot_core::layout::Region { start: 0x20000000, length: 0x20000 },
    watches_confirmed: true,
};
const _: () = BOARD.check();
/// The application's region `file-system`, counted from the start of flash.
#[allow(dead_code)]
pub const FILE_SYSTEM: lifeboot_core::layout::Region = lifeboot_core::layout::Region { start: 0x10000, length: 0x10000 };
