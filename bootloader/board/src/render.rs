//! A board as text for builds: Rust source, and symbols of a linker script.

mod bootloader;

use crate::description::BoardDescription;
use lifeboot_core::layout::{Region, Units};

impl BoardDescription {
    /// Returns Rust source for `include!`: the board as a static `BOARD`, and a constant for each region of the application, such
    /// as `STORAGE`, whose start counts from the start of flash.
    ///
    /// `layout` is the path of core's module in the including crate: `lifeboot_core::layout`.
    pub fn constants(&self, layout: &str) -> String {
        let board = self.board();
        let [a, b] = board.slots;
        let region =
            |Region { start, length }: Region| format!("{layout}::Region {{ start: {start:#x}, length: {length:#x} }}");
        let run = |Units { start, length }: &Units| {
            format!("        {layout}::Units {{ start: {start:#x}, length: {length:#x} }},\n")
        };
        let units: String = board.units.iter().map(run).collect();
        let mut source = format!(
            "/// The board of this build: {chip}.\n\
             pub static BOARD: {layout}::Board = {layout}::Board::new({name:?}, {layout}::Architecture::{architecture:?})\n    \
                 .with_flash_address({flash_address:#x})\n    \
                 .with_flash_length({flash_length:#x})\n    \
                 .with_bootloader({bootloader})\n    \
                 .with_journal({journal})\n    \
                 .with_journal_unit({journal_unit:#x})\n    \
                 .with_slots([\n        {a},\n        {b},\n    ])\n    \
                 .with_units(&[\n{units}    ])\n    \
                 .with_write_size({write_size})\n    \
                 .with_header_length({header_length})\n    \
                 .with_ram({ram})\n    \
                 .with_watches_confirmed({watches_confirmed});\n\
             const _: () = BOARD.check();\n",
            chip = self.chip.name,
            name = board.name,
            architecture = board.architecture,
            flash_address = board.flash_address,
            flash_length = board.flash_length,
            bootloader = region(board.bootloader),
            journal = region(board.journal),
            journal_unit = board.journal_unit,
            a = region(a),
            b = region(b),
            write_size = board.write_size,
            header_length = board.header_length,
            ram = region(board.ram),
            watches_confirmed = board.watches_confirmed,
        );
        for (name, place) in self.map.application() {
            let constant = name.replace('-', "_").to_uppercase();
            source += &format!(
                "/// The application's region `{name}`, counted from the start of flash.\n\
                 #[allow(dead_code)]\n\
                 pub const {constant}: {layout}::Region = {region};\n",
                region = region(place)
            );
        }
        source
    }

    /// Returns the symbols of the application's regions for a linker script: `__lifeboot_storage_start` and
    /// `__lifeboot_storage_end`, addresses as the core sees them, a line each.
    pub fn symbols(&self) -> String {
        let line = |(name, region): (&str, Region)| {
            let name = name.replace('-', "_");
            let address = |offset: u32| self.chip.flash.address + offset;
            let (start, end) = (address(region.start), address(region.end()));
            format!("__lifeboot_{name}_start = {start:#010x};\n__lifeboot_{name}_end = {end:#010x};\n")
        };
        self.map.application().map(line).collect()
    }
}
