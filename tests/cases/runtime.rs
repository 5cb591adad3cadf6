//! The bootloader's assembly, from its real binary for the micro:bit, called with extreme and random arguments. It runs
//! in rsemu, whose Cortex-M4 executes all instructions of a Cortex-M0.

use lifeboot_tests::chance::Chance;
use lifeboot_tests::emulator::stm32f4::chip::{Chip, Settings};
use lifeboot_tests::product::{self, MICROBIT};
use object::{Object, ObjectSegment, ObjectSymbol};
use std::collections::HashMap;
use std::fs;

/// Addresses in RAM: of the functions' data, of the stack's end, and of the return.
const RAM: u32 = 0x2000_0000;
const STACK: u32 = RAM + 0x1000;
const BACK: u32 = RAM + 0x2000;
/// Bytes of the functions' data.
const LENGTH: usize = 96;
/// The registers that a call must preserve: r4 to r11, and the stack pointer (IHI 0042, 6.1.1).
const KEPT: [u8; 9] = [4, 5, 6, 7, 8, 9, 10, 11, 13];

struct Functions {
    chip: Chip,
    addresses: HashMap<String, u32>,
}

impl Functions {
    fn load() -> Self {
        let key = product::demo_key("demo").unwrap().1;
        let elf = fs::read(product::bootloader(&MICROBIT, &[key]).unwrap()).unwrap();
        let file = object::File::parse(&*elf).unwrap();
        let mut flash = Vec::new();
        for segment in file.segments() {
            let (start, data) = (segment.address() as usize, segment.data().unwrap());
            if start < MICROBIT.board.bootloader.end() as usize {
                flash.resize(flash.len().max(start + data.len()), 0xff);
                flash[start..start + data.len()].copy_from_slice(data);
            }
        }
        let symbols =
            file.symbols().filter_map(|symbol| Some((symbol.name().ok()?.to_owned(), symbol.address() as u32)));
        // The micro:bit's flash at 0 is mapped at the chip's 0, too.
        let chip = Chip::power_on(&flash, &Settings::default()).unwrap();
        // Released from reset.
        chip.core().step();
        Functions { chip, addresses: symbols.collect() }
    }

    /// Calls a function; returns r0 and r1.
    fn call(&self, name: &str, arguments: [u32; 4]) -> [u32; 2] {
        let core = self.chip.core();
        for (register, argument) in arguments.into_iter().enumerate() {
            core.set_reg(register as u8, argument);
        }
        KEPT.iter().for_each(|register| core.set_reg(*register, 0x1111_1111 * u32::from(*register)));
        core.set_reg(13, STACK);
        core.set_reg(14, BACK | 1);
        core.set_pc(self.addresses[name] & !1);
        let before = KEPT.map(|register| core.reg(register));
        let returns = (0..10_000).any(|_| {
            core.step();
            core.pc() == BACK
        });
        assert!(returns, "{name}({arguments:x?}) does not return");
        let behind = KEPT.map(|register| core.reg(register));
        assert_eq!(behind, before, "{name}({arguments:x?}) leaves other registers");
        [core.reg(0), core.reg(1)]
    }

    /// Calls a function on bytes in RAM, and returns them afterwards.
    fn work(&mut self, name: &str, bytes: &[u8], arguments: [u32; 4]) -> Vec<u8> {
        self.chip.put_ram(0, bytes).unwrap();
        self.call(name, arguments);
        let mut behind = vec![0; bytes.len()];
        self.chip.copy_ram(0, &mut behind).unwrap();
        behind
    }
}

#[test]
fn the_product_is_the_processors_own() {
    let functions = Functions::load();
    let edges = [0, 1, 2, 0xffff, 0x1_0000, 0x1_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_0000, 0xffff_ffff];
    let words = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    let by_edge = edges.iter().flat_map(|low| edges.map(|high| words(*low, high))).collect::<Vec<_>>();
    let mut chance = Chance::new(1);
    let by_chance = (0..3000).map(|number| {
        // Two of three have zero upper words, as a signature's numbers do.
        let mut high = || if number % 3 == 0 { chance.bits() } else { 0 };
        let (a, b) = (high(), high());
        (words(chance.bits(), a), words(chance.bits(), b))
    });
    let pairs = by_edge.iter().flat_map(|a| by_edge.iter().map(|b| (*a, *b))).chain(by_chance);
    for (a, b) in pairs {
        let [low, high] = functions.call("__aeabi_lmul", [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32]);
        assert_eq!(words(low, high), a.wrapping_mul(b), "{a:#x} times {b:#x}");
    }
}

#[test]
fn bytes_are_copied_and_filled_and_none_besides() {
    let mut functions = Functions::load();
    let mut chance = Chance::new(2);
    for (length, from, to) in (0..=20).flat_map(|length| (0..16).map(move |at| (length, at % 4, at / 4))) {
        let bytes = chance.bytes(LENGTH);
        let range = |start: usize| start..start + length;

        // Separate ranges, and then overlapping ones in both directions.
        for (name, from, to) in [
            ("memcpy", from, 48 + to),
            ("memmove", from, 48 + to),
            ("memmove", 32 + from, 32 + to),
            ("memmove", 32 + from, 37 + to),
            ("memmove", 37 + from, 32 + to),
        ] {
            let mut expected = bytes.clone();
            expected.copy_within(range(from), to);
            let arguments = [RAM + to as u32, RAM + from as u32, length as u32, 0];
            assert_eq!(functions.work(name, &bytes, arguments), expected, "{name}: {length} from {from} to {to}");
        }

        let mut expected = bytes.clone();
        expected[range(to)].fill(0xa5);
        let (place, count) = (RAM + to as u32, length as u32);
        // The C function and the ABI's function differ in the order of arguments.
        assert_eq!(functions.work("memset", &bytes, [place, 0x1a5, count, 0]), expected, "{length} to {to}");
        assert_eq!(functions.work("__aeabi_memset", &bytes, [place, count, 0x1a5, 0]), expected, "{length} to {to}");
        expected[range(to)].fill(0);
        assert_eq!(functions.work("__aeabi_memclr", &bytes, [place, count, 0, 0]), expected, "{length} to {to}");
    }
}

#[test]
fn bytes_are_compared_up_to_the_first_that_differs() {
    let mut functions = Functions::load();
    let bytes = [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 9, 0], [1, 2, 3, 5]].concat();
    functions.chip.put_ram(0, &bytes).unwrap();
    let compare = |other: u32, length| functions.call("memcmp", [RAM, RAM + other, length, 0])[0] as i32;
    assert_eq!(compare(4, 4), 0);
    assert_eq!(compare(8, 2), 0);
    assert_eq!(compare(8, 0), 0);
    assert!(compare(8, 4) < 0);
    assert!(compare(12, 4) < 0);
    let backwards = functions.call("memcmp", [RAM + 8, RAM, 4, 0])[0] as i32;
    assert!(backwards > 0);
}
