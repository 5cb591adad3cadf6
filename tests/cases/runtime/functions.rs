//! Functions of a bootloader's binary, called one by one. They run in rsemu, whose Cortex-M4 executes all instructions of other
//! Cortex-M cores as well.

use lifeboot_tests::emulator::stm32f4::chip::{Chip, Settings};
use lifeboot_tests::product::Target;
use object::{Object, ObjectSegment, ObjectSymbol};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// Addresses in RAM: of the functions' data, of the stack's end, and of the return.
pub const RAM: u32 = 0x2000_0000;
const STACK: u32 = RAM + 0x1000;
const BACK: u32 = RAM + 0x2000;
/// Bytes of the stack that an exception uses here: more than any of the functions does.
const EXCEPTION: usize = 1024;
/// The registers that a call must preserve: r4 to r11, and the stack pointer (IHI 0042, 6.1.1).
const KEPT: [u8; 9] = [4, 5, 6, 7, 8, 9, 10, 11, 13];

pub struct Functions {
    pub chip: Chip,
    addresses: HashMap<String, u32>,
}

impl Functions {
    /// Those of a board's bootloader.
    pub fn load(target: &Target, elf: &Path) -> Self {
        let elf = fs::read(elf).unwrap();
        let file = object::File::parse(&*elf).unwrap();
        let mut flash = Vec::new();
        for segment in file.segments() {
            let Some(start) = segment.address().checked_sub(target.board.flash_address.into()) else { continue };
            let (start, data) = (start as usize, segment.data().unwrap());
            if start < target.board.bootloader.end() as usize {
                flash.resize(flash.len().max(start + data.len()), 0xff);
                flash[start..start + data.len()].copy_from_slice(data);
            }
        }
        let symbols =
            file.symbols().filter_map(|symbol| Some((symbol.name().ok()?.to_owned(), symbol.address() as u32)));
        // Flash that is at 0 on its own chip is mapped at this one's 0, too.
        let chip = Chip::power_on(&flash, &Settings::default()).unwrap();
        // Released from reset.
        chip.core().step();
        Functions { chip, addresses: symbols.collect() }
    }

    /// The address of a function or a constant.
    pub fn address(&self, name: &str) -> u32 {
        self.addresses[name]
    }

    /// The only name that holds this text.
    pub fn named(&self, part: &str) -> &str {
        let mut names = self.addresses.keys().filter(|name| name.contains(part));
        match (names.next(), names.next()) {
            (Some(name), None) => name,
            _ => panic!("not one name has {part} in it"),
        }
    }

    /// Calls a function; returns r0 and r1. After each instruction, what lies below the stack pointer is overwritten, as by the
    /// frame of an exception and its handler's stack: nothing that a function still needs may be there.
    pub fn call(&mut self, name: &str, arguments: [u32; 4]) -> [u32; 2] {
        let core = self.chip.core();
        for (register, argument) in arguments.into_iter().enumerate() {
            core.set_reg(register as u8, argument);
        }
        KEPT.iter().for_each(|register| core.set_reg(*register, 0x1111_1111 * u32::from(*register)));
        core.set_reg(13, STACK);
        core.set_reg(14, BACK | 1);
        core.set_pc(self.addresses[name] & !1);
        let before = KEPT.map(|register| core.reg(register));
        let returns = (0..100_000).any(|_| {
            self.chip.core().step();
            let below = self.chip.core().reg(13) - RAM - EXCEPTION as u32;
            self.chip.put_ram(below.into(), &[0xa5; EXCEPTION]).unwrap();
            self.chip.core().pc() == BACK
        });
        assert!(returns, "{name}({arguments:x?}) does not return");
        let core = self.chip.core();
        let behind = KEPT.map(|register| core.reg(register));
        assert_eq!(behind, before, "{name}({arguments:x?}) leaves other registers");
        [core.reg(0), core.reg(1)]
    }

    /// Calls a function on bytes in RAM, and returns them afterwards.
    pub fn work(&mut self, name: &str, bytes: &[u8], arguments: [u32; 4]) -> Vec<u8> {
        self.chip.put_ram(0, bytes).unwrap();
        self.call(name, arguments);
        let mut behind = vec![0; bytes.len()];
        self.chip.copy_ram(0, &mut behind).unwrap();
        behind
    }
}
