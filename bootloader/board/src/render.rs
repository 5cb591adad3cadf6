//! A board as text for builds: Rust source, and symbols of a linker script.

mod bootloader;

use crate::description::BoardDescription;
use lifeboot_core::layout::{Board, Region, Units};

impl BoardDescription {
    /// Returns Rust source for `include!`: the board as a static `BOARD`, and a constant for each region of the application, such
    /// as `STORAGE`, whose start counts from the start of flash.
    ///
    /// `layout` is the path of core's module in the including crate: `lifeboot_core::layout`.
    pub fn constants(&self, layout: &str) -> String {
        let Board {
            name,
            architecture,
            flash_address,
            flash_length,
            bootloader,
            journal,
            journal_unit,
            slots: [a, b],
            units,
            write_size,
            header_length,
            ram,
            watches_confirmed,
        } = self.board();
        let region =
            |Region { start, length }: Region| format!("{layout}::Region {{ start: {start:#x}, length: {length:#x} }}");
        let run = |Units { start, length }: &Units| {
            format!("        {layout}::Units {{ start: {start:#x}, length: {length:#x} }},\n")
        };
        let units: String = units.iter().map(run).collect();
        let mut source = format!(
            "/// The board of this build: {chip}.\n\
             pub static BOARD: {layout}::Board = {layout}::Board {{\n    \
                 name: {name:?},\n    \
                 architecture: {layout}::Architecture::{architecture:?},\n    \
                 flash_address: {flash_address:#x},\n    \
                 flash_length: {flash_length:#x},\n    \
                 bootloader: {bootloader},\n    \
                 journal: {journal},\n    \
                 journal_unit: {journal_unit:#x},\n    \
                 slots: [\n        {a},\n        {b},\n    ],\n    \
                 units: &[\n{units}    ],\n    \
                 write_size: {write_size},\n    \
                 header_length: {header_length},\n    \
                 ram: {ram},\n    \
                 watches_confirmed: {watches_confirmed},\n\
             }};\n\
             const _: () = BOARD.check();\n",
            chip = self.chip.name,
            bootloader = region(bootloader),
            journal = region(journal),
            a = region(a),
            b = region(b),
            ram = region(ram),
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
