//! The bootloader's assembly, from its real binary for the micro:bit, called with extreme and random arguments.

pub mod functions;

use functions::{Functions, RAM};
use lifeboot_board::Verifier;
use lifeboot_tests::chance::Chance;
use lifeboot_tests::product::{self, MICROBIT, RECOVERY};

/// Bytes of the functions' data.
const LENGTH: usize = 96;

/// The product is for the default verifier.
fn load() -> Functions {
    let key = product::demo_key("demo").unwrap().1;
    let elf = product::bootloader_of(Verifier::Dalek, &MICROBIT, &[key], &[RECOVERY]).unwrap();
    Functions::load(&MICROBIT, &elf)
}

#[test]
fn the_product_is_the_processors_own() {
    let mut functions = load();
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
    let mut functions = load();
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
    let mut functions = load();
    let bytes = [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 9, 0], [1, 2, 3, 5]].concat();
    functions.chip.put_ram(0, &bytes).unwrap();
    let mut compare = |other: u32, length| functions.call("memcmp", [RAM, RAM + other, length, 0])[0] as i32;
    assert_eq!(compare(4, 4), 0);
    assert_eq!(compare(8, 2), 0);
    assert_eq!(compare(8, 0), 0);
    assert!(compare(8, 4) < 0);
    assert!(compare(12, 4) < 0);
    let backwards = functions.call("memcmp", [RAM + 8, RAM, 4, 0])[0] as i32;
    assert!(backwards > 0);
}
