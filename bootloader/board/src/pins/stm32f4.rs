//! Serial ports and pins of the STM32F4.
//!
//! Pins and their functions are those of the datasheets' tables "Alternate function mapping" (DS9716, DS8626, DS10314, DS11139,
//! DS9405, DS10693); which pins a package has, those of "Pin and ball definitions". Addresses are in the manuals' table
//! "Register boundary addresses", the same for all lines.

use crate::chip::Chip;
use crate::clock::Bus;
use crate::pin::{Direction, Enable, Peripheral, Pin};
use Direction::{Rx, Tx};

const RCC_AHB1ENR: u32 = 0x4002_3830;
const RCC_APB1ENR: u32 = 0x4002_3840;
const RCC_APB2ENR: u32 = 0x4002_3844;

/// GPIOA; the other ports follow, one each 0x400 bytes.
const GPIOA: u32 = 0x4002_0000;
const PORTS: &str = "ABCDEFGHIJK";

const fn apb1(name: &'static str, base: u32, bit: u32, function: u32) -> Peripheral {
    let enable = Some(Enable { register: RCC_APB1ENR, bit });
    Peripheral { name, base, enable, bus: Some(Bus::Apb1), function }
}

const fn apb2(name: &'static str, base: u32, bit: u32, function: u32) -> Peripheral {
    let enable = Some(Enable { register: RCC_APB2ENR, bit });
    Peripheral { name, base, enable, bus: Some(Bus::Apb2), function }
}

/// The ports; bits of RCC_APB1ENR and RCC_APB2ENR: RM0090, 7.3.13 and 7.3.14.
pub static PERIPHERALS: [Peripheral; 8] = [
    apb2("USART1", 0x4001_1000, 4, 7),
    apb1("USART2", 0x4000_4400, 17, 7),
    apb1("USART3", 0x4000_4800, 18, 7),
    apb1("UART4", 0x4000_4C00, 19, 8),
    apb1("UART5", 0x4000_5000, 20, 8),
    apb2("USART6", 0x4001_1400, 5, 8),
    apb1("UART7", 0x4000_7800, 30, 8),
    apb1("UART8", 0x4000_7C00, 31, 8),
];

/// The lines, each by the number in its name.
const ALL: &[u32] = &[401, 405, 407, 411, 412, 415, 417, 427, 429, 437, 439, 446];
const LARGE: &[u32] = &[405, 407, 415, 417, 427, 429, 437, 439, 446];
const LARGE_AND_412: &[u32] = &[405, 407, 412, 415, 417, 427, 429, 437, 439, 446];
const F42X: &[u32] = &[427, 429, 437, 439];

/// What carries a signal: the peripheral, the signal, the pin, and the lines on which it can.
static SIGNALS: [(&str, Direction, &str, &[u32]); 37] = [
    ("USART1", Tx, "PA9", ALL),
    ("USART1", Tx, "PA15", &[411, 412]),
    ("USART1", Tx, "PB6", ALL),
    ("USART1", Rx, "PA10", ALL),
    ("USART1", Rx, "PB3", &[411, 412]),
    ("USART1", Rx, "PB7", ALL),
    ("USART2", Tx, "PA2", ALL),
    ("USART2", Tx, "PD5", ALL),
    ("USART2", Rx, "PA3", ALL),
    ("USART2", Rx, "PD6", ALL),
    ("USART3", Tx, "PB10", LARGE_AND_412),
    ("USART3", Tx, "PC10", LARGE_AND_412),
    ("USART3", Tx, "PD8", LARGE_AND_412),
    ("USART3", Rx, "PB11", LARGE_AND_412),
    ("USART3", Rx, "PC5", &[412, 446]),
    ("USART3", Rx, "PC11", LARGE_AND_412),
    ("USART3", Rx, "PD9", LARGE_AND_412),
    ("UART4", Tx, "PA0", LARGE),
    ("UART4", Tx, "PC10", LARGE),
    ("UART4", Rx, "PA1", LARGE),
    ("UART4", Rx, "PC11", LARGE),
    ("UART5", Tx, "PC12", LARGE),
    ("UART5", Tx, "PE8", &[446]),
    ("UART5", Rx, "PD2", LARGE),
    ("UART5", Rx, "PE7", &[446]),
    ("USART6", Tx, "PA11", &[401, 411, 412]),
    ("USART6", Tx, "PC6", ALL),
    ("USART6", Tx, "PG14", LARGE_AND_412),
    ("USART6", Rx, "PA12", &[401, 411, 412]),
    ("USART6", Rx, "PC7", ALL),
    ("USART6", Rx, "PG9", LARGE_AND_412),
    ("UART7", Tx, "PE8", F42X),
    ("UART7", Tx, "PF7", F42X),
    ("UART7", Rx, "PE7", F42X),
    ("UART7", Rx, "PF6", F42X),
    ("UART8", Tx, "PE1", F42X),
    ("UART8", Rx, "PE0", F42X),
];

/// The pins of a package.
struct Package {
    /// The letter of the part number.
    letter: char,
    /// The lines that have it so; others with the letter have the next that fits.
    lines: &'static [u32],
    /// A bit a pin, a word a port from A on.
    pins: &'static [u16],
}

const fn package(letter: char, lines: &'static [u32], pins: &'static [u16]) -> Package {
    Package { letter, lines, pins }
}

/// The packages. In the small ones, and on the F446, PB11 has become a pin of the core's supply (VCAP).
static PACKAGES: [Package; 12] = [
    // 48 pins
    package('C', ALL, &[0xffff, 0xf7ff, 0xe000, 0, 0, 0, 0, 0x3]),
    // 64
    package('R', &[405, 415], &[0xffff, 0xffff, 0xffff, 0x4, 0, 0, 0, 0x3]),
    package('R', ALL, &[0xffff, 0xf7ff, 0xffff, 0x4, 0, 0, 0, 0x3]),
    // 81
    package('M', ALL, &[0xffff, 0xf7ff, 0xffdd, 0x38d7, 0x79c, 0, 0, 0x3]),
    // 90
    package('O', ALL, &[0xffff, 0xffff, 0xffcd, 0xdff7, 0xff80, 0, 0, 0x3, 0x3]),
    // 100
    package('V', &[446], &[0xffff, 0xf7ff, 0xffff, 0xffff, 0xffff, 0, 0, 0x3]),
    package('V', ALL, &[0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0x3]),
    // 144
    package('Z', ALL, &[0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0x3]),
    // 169
    package('A', ALL, &[0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xfc3f, 0x9df7, 0xffff, 0x6ff]),
    // 176
    package('I', ALL, &[0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xfff]),
    // 208
    package('B', ALL, &WHOLE),
    // 216
    package('N', ALL, &WHOLE),
];

/// All pins that any chip has.
const WHOLE: [u16; 11] = [0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xff];

fn line(chip: &Chip) -> u32 {
    chip.line.trim_start_matches("STM32F").parse().unwrap_or(0)
}

/// Returns the pins of each port that the chip has, as bits.
fn ports(chip: &Chip) -> &'static [u16] {
    let line = line(chip);
    let fits = |package: &&Package| Some(package.letter) == chip.package && package.lines.contains(&line);
    PACKAGES.iter().find(fits).map_or(&[], |package| package.pins)
}

/// Returns every pin of the chip, in order.
pub fn pins(chip: &Chip) -> Vec<Pin> {
    let ports = ports(chip).iter().zip(PORTS.chars()).zip(0..);
    ports
        .flat_map(|((bits, letter), port)| {
            (0..16).filter(move |number| *bits & 1 << number != 0).map(move |number| Pin {
                name: format!("P{letter}{number}"),
                port: GPIOA + port * 0x400,
                number,
                enable: Some(Enable { register: RCC_AHB1ENR, bit: port }),
            })
        })
        .collect()
}

/// Returns the names of the pins that can carry a signal on the chip's line, in any package.
pub fn carriers(chip: &Chip, peripheral: &str, direction: Direction) -> Vec<&'static str> {
    let line = line(chip);
    let fits = |(name, signal, _, lines): &&(&str, Direction, &str, &[u32])| {
        *name == peripheral && *signal == direction && lines.contains(&line)
    };
    SIGNALS.iter().filter(fits).map(|(_, _, pin, _)| *pin).collect()
}
