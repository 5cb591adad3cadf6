//! Pins, clock and RAM: what is refused, and what follows from what is not.

use super::{BASE, read, refused, says};
use lifeboot_board::clock::Divisor;
use lifeboot_core::layout::Region;

const CHIP: &str = "chip = \"STM32F411CE\"";

#[test]
fn pins_that_do_not_suit() {
    says(
        refused("PA9", "PA2"),
        "board.toml:10: serial: PA2 cannot send for USART1 on the STM32F411CE",
        "pins that can: PA9, PA15, PB6",
    );
    says(
        refused("USART1", "UART4"),
        "board.toml:10: serial: the STM32F411CE has no UART4 with a pin in each direction",
        "it has USART1, USART2, USART6",
    );
    says(
        refused("PA0 low", "PA9 low"),
        "board.toml:11: recovery: PA9 belongs to the serial port",
        "write a pin that nothing else uses, or leave recovery out: `lifeboot reset --recovery` needs no pin",
    );
    says(
        refused("PA0 low", "PE0 low"),
        "board.toml:11: recovery: the STM32F411CE has no pin PE0",
        "it has PA0 to PA15, PB0 to PB10, PB12 to PB15, PC13 to PC15, PH0, PH1",
    );
    says(
        refused("serial = \"USART1 PA9 PA10\"\n", ""),
        "board.toml:10: recovery: recovery mode needs a serial port",
        "add the port to pins, such as serial = \"USART1 PA9 PA10\", or leave recovery out",
    );
}

#[test]
fn pins_are_optional() {
    let without = BASE.split_once("[pins]").unwrap().0;
    let board = read(without);
    assert_eq!((board.serial.is_none(), board.recovery.is_none(), board.baud_divisor()), (true, true, None));
    assert!(read(&BASE.replace("recovery = \"PA0 low\"\n", "")).serial.is_some());
}

#[test]
fn clocks_that_are_too_fast_or_no_product() {
    says(
        refused(CHIP, "chip = \"STM32F411CE\"\nclock = \"100M\""),
        "board.toml:3: clock: \"100M\" is more than the internal oscillator can be trusted with: it may be 4.5 % fast, and the \
         STM32F411CE has limits of 100M for the core, 50M and 100M for its buses, and 100M for flash at 1.8 V",
        "write clock = \"94M\", or leave it out for 94M",
    );
    says(
        refused(CHIP, "chip = \"STM32F411CE\"\nclock = \"47500000\""),
        "board.toml:3: clock: \"47500000\" is not what the PLL can make of 16M, with whole megahertz on each bus",
        "write clock = \"47M\", or leave it out for 94M",
    );
    says(
        refused(CHIP, "chip = \"STM32F411CE\"\nclock = \"fast\""),
        "board.toml:3: clock: \"fast\" is no frequency",
        "write hertz, or megahertz with an M: clock = \"84M\"",
    );
    let other = |chip: &str| {
        let map = "bootloader = \"28K\"\njournal = \"8K\"\nslots = [\"64K\", \"64K\"]";
        super::refused_text(&format!("name = \"a\"\n{chip}\n[map]\n{map}"))
    };
    says(
        other("chip = \"RP2040\"\nflash = \"2M\"\nclock = \"133M\""),
        "board.toml:4: clock: the RP2040 runs at 125M only",
        "leave the key out",
    );
    says(
        other("chip = \"nRF51822_xxAA\"\nclock = \"32M\""),
        "board.toml:3: clock: the nRF51822_xxAA runs at 16M only",
        "leave the key out",
    );
}

#[test]
fn clocks_follow_from_the_chip_or_the_file() {
    let board = read(BASE);
    assert_eq!(board.core_clock(), Some(94_000_000));
    // USART1 is on APB2, which is not divided.
    assert_eq!(board.baud_divisor(), Some(Divisor { fast: 816, slow: 139 }));
    let slower = read(&BASE.replace(CHIP, "chip = \"STM32F411CE\"\nclock = \"48M\""));
    let clock = slower.clock.unwrap();
    assert_eq!((slower.core_clock(), clock.wait_states, clock.apb1_divider), (Some(48_000_000), 3, 2));
}

#[test]
fn ram_that_the_chip_does_not_have_or_the_bootloader_needs() {
    says(
        refused(CHIP, "chip = \"STM32F411CE\"\nram = \"256K\""),
        "board.toml:3: ram: the STM32F411CE has 128K, not 256K",
        "write ram = \"128K\", or leave it out for all of it",
    );
    says(
        refused(CHIP, "chip = \"STM32F411CE\"\nram = \"8K\""),
        "board.toml:3: ram: 8K are too few for the bootloader, which needs 9K",
        "write ram = \"9K\", or leave it out for all of it",
    );
    let compact = |ram| format!("chip = \"STM32F411CE\"\nverifier = \"compact\"\nram = \"{ram}\"");
    assert_eq!(read(&BASE.replace(CHIP, &compact("4K"))).ram.length, 4096);
    says(
        refused(CHIP, &compact("3K")),
        "board.toml:4: ram: 3K are too few for the bootloader, which needs 4K",
        "write ram = \"4K\", or leave it out for all of it",
    );
    says(
        refused(CHIP, "chip = \"STM32F411CE\"\nram = 65537"),
        "board.toml:3: ram: 65537 bytes end where no stack can start, at no multiple of 8",
        "write ram = \"64K\", or leave it out for all of it",
    );
    says(
        refused(CHIP, "chip = \"STM32F411CE\"\nram = \"large\""),
        "board.toml:3: ram: \"large\" is not a size",
        "for example: ram = \"64K\"",
    );
    let board = read(&BASE.replace(CHIP, "chip = \"STM32F411CE\"\nram = \"64K\""));
    assert_eq!(board.ram, Region { start: 0x2000_0000, length: 65_536 });
    assert_eq!(read(BASE).ram.length, 131_072);
}
