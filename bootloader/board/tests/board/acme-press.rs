/// The board of this build: STM32F411CE.
pub static BOARD: lifeboot_core::layout::Board = lifeboot_core::layout::Board::new("acme-press", lifeboot_core::layout::Architecture::Armv7M)
    .with_flash_address(0x8000000)
    .with_flash_length(0x80000)
    .with_bootloader(lifeboot_core::layout::Region { start: 0x0, length: 0x8000 })
    .with_journal(lifeboot_core::layout::Region { start: 0x8000, length: 0x8000 })
    .with_journal_unit(0x4000)
    .with_slots([
        lifeboot_core::layout::Region { start: 0x20000, length: 0x20000 },
        lifeboot_core::layout::Region { start: 0x40000, length: 0x20000 },
    ])
    .with_units(&[
        lifeboot_core::layout::Units { start: 0x0, length: 0x4000 },
        lifeboot_core::layout::Units { start: 0x10000, length: 0x10000 },
        lifeboot_core::layout::Units { start: 0x20000, length: 0x20000 },
    ])
    .with_write_size(4)
    .with_header_length(512)
    .with_ram(lifeboot_core::layout::Region { start: 0x20000000, length: 0x20000 })
    .with_watches_confirmed(true);
const _: () = BOARD.check();
/// The application's region `file-system`, counted from the start of flash.
#[allow(dead_code)]
pub const FILE_SYSTEM: lifeboot_core::layout::Region = lifeboot_core::layout::Region { start: 0x10000, length: 0x10000 };
