//! The machine that a board file describes, in rsemu's language: `chip.machine`, with what differs between boards put in. Ports,
//! sectors, memory and pins come from the board; only what a bootloader need not know stands here.

use anyhow::{Context, Result, ensure};
use lifeboot_board::pin::Enable;
use lifeboot_board::{BoardDescription, pins};
use std::collections::BTreeMap;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("chip.machine");

/// The interrupts of the serial ports (RM0090, table 61), and where they lie in other manuals as well.
const INTERRUPTS: [(&str, u32); 8] = [
    ("USART1", 37),
    ("USART2", 38),
    ("USART3", 39),
    ("UART4", 52),
    ("UART5", 53),
    ("USART6", 71),
    ("UART7", 82),
    ("UART8", 83),
];

/// The port that asks DMA for what it receives, as the example firmware wants it: stream 5 of DMA1, on channel 4 (RM0090, table
/// 42). Others are read by interrupts here.
const BY_DMA: &str = "USART2";

/// Registers of a GPIO port that are not 0 after a reset: the debugger's pins are in their alternate function, with resistors
/// (8.4.1, 8.4.4).
const AFTER_RESET: [(char, &str); 2] = [
    ('a', "moder-reset = 0xa8000000, pupdr-reset = 0x64000000"),
    ('b', "moder-reset = 0x00000280, pupdr-reset = 0x00000100"),
];

/// The parts of a machine whose names depend on the board.
pub struct Parts {
    /// The serial port.
    pub serial: String,
    /// The GPIO port of the recovery pin.
    pub recovery: Option<String>,
}

/// Returns the machine's text, and the names of its parts.
pub fn machine(board: &BoardDescription) -> Result<(String, Parts)> {
    let chip = &board.chip;
    let serial = board.serial.as_ref().context("a board without a serial port is not emulated")?;
    let base = chip.flash.sectors.runs().iter().find(|run| run.bank > 1).map(|run| run.start);
    let flash = chip.flash.sectors.length();
    ensure!(base.is_none_or(|base| base * 2 == flash), "banks of different length are not emulated");

    let name = serial.peripheral.name.to_lowercase();
    let (mut objects, mut maps, mut wires) = (String::new(), String::new(), String::new());
    let ports: BTreeMap<u32, Option<Enable>> = pins::pins(chip).into_iter().map(|pin| (pin.port, pin.enable)).collect();
    for (address, enable) in ports {
        let letter = letter(address);
        let after = AFTER_RESET.iter().find(|(port, _)| *port == letter).map_or("", |(_, after)| *after);
        writeln!(objects, "  object gpio{letter} \"st.gpio\" {{ {after} }}")?;
        writeln!(maps, "  map mem {address:#x} size 0x28 = gpio{letter}")?;
        gate(&mut wires, enable, &format!("gpio{letter}"))?;
    }
    writeln!(objects, "  object {name} \"st.usart\" {{ clock = chars, port = \"console\", variant = \"f4\" }}")?;
    let address = serial.peripheral.base;
    writeln!(maps, "  map mem {address:#x} size 0x2c = {name}\n  map dmabus {address:#x} size 0x2c = {name}")?;
    gate(&mut wires, serial.peripheral.enable, &name)?;
    let interrupt = INTERRUPTS.iter().find(|(port, _)| *port == serial.peripheral.name);
    let (_, interrupt) = interrupt.context("a serial port without an interrupt")?;
    writeln!(wires, "  wire {name}.irq -> cpu.irq{interrupt}")?;
    if serial.peripheral.name == BY_DMA {
        writeln!(wires, "  wire {name}.rxdma -> dma1.req5c4")?;
    }

    let text = [
        ("$line", chip.line.to_lowercase()),
        // Where the voltage scale has two bits, its register is the F42x's, though not each line has over-drive.
        (
            "$power",
            if board.clock.is_some_and(|clock| clock.voltage_scale.is_some()) { "f42x" } else { "f4" }.to_owned(),
        ),
        ("$bank", base.unwrap_or(flash).to_string()),
        ("$flash", flash.to_string()),
        ("$kib", (flash / 1024).to_string()),
        ("$ram", chip.main_ram().length.to_string()),
        ("$id", device_id(chip.line, flash).to_string()),
        ("$objects", objects),
        ("$maps", maps),
        ("$wires", wires),
    ];
    let text = text.iter().fold(TEMPLATE.to_owned(), |text, (place, content)| text.replace(place, content));
    let recovery = board.recovery.as_ref().map(|recovery| format!("gpio{}", letter(recovery.pin.port)));
    Ok((text, Parts { serial: name, recovery }))
}

/// Returns the letter of a GPIO port: they lie at 0x4002_0000 and each 1 KiB after it (RM0090, table 1).
fn letter(address: u32) -> char {
    char::from(b'a' + ((address - 0x4002_0000) / 0x400) as u8)
}

/// Connects a part to the clock and the reset that RCC has for it. Both have the same bit, in registers 0x20 apart.
fn gate(wires: &mut String, enable: Option<Enable>, part: &str) -> Result<()> {
    let Enable { register, bit } = enable.context("a part without a clock")?;
    let bus = match register {
        0x4002_3830 => "ahb1",
        0x4002_3840 => "apb1",
        0x4002_3844 => "apb2",
        other => anyhow::bail!("no clock is enabled by {other:#x}"),
    };
    writeln!(wires, "  wire rcc.{bus}en{bit} -> {part}.enable\n  wire rcc.{bus}rst{bit} -> {part}.reset")?;
    Ok(())
}

/// Returns DEV_ID of DBGMCU_IDCODE (the manuals' chapter "Debug support"); 0 for lines that no test emulates.
fn device_id(line: &str, flash: u32) -> u32 {
    match line {
        "STM32F401" if flash <= 256 * 1024 => 0x423,
        "STM32F401" => 0x433,
        "STM32F405" | "STM32F407" | "STM32F415" | "STM32F417" => 0x413,
        "STM32F411" => 0x431,
        "STM32F427" | "STM32F429" | "STM32F437" | "STM32F439" => 0x419,
        _ => 0,
    }
}
