//! The pins that a board names, held against those that its chip has.

mod nrf51;
mod rp2040;
mod stm32f4;

use crate::chip::{Chip, Family};
use crate::error::{Wrong, wrong};
use crate::pin::{Direction, Level, Peripheral, Pin, RecoveryPin, Serial};

/// Returns the serial ports that have a pin for either direction on the chip.
pub fn peripherals(chip: &Chip) -> Vec<Peripheral> {
    let all: &[Peripheral] = match chip.family {
        Family::Nrf51 => &nrf51::PERIPHERALS,
        Family::Stm32f4 => &stm32f4::PERIPHERALS,
        Family::Rp2040 => &rp2040::PERIPHERALS,
    };
    let has = |peripheral: &&Peripheral, direction| !carriers(chip, peripheral.name, direction).is_empty();
    all.iter().filter(|port| has(port, Direction::Tx) && has(port, Direction::Rx)).copied().collect()
}

/// Returns every pin of the chip, in order.
pub fn pins(chip: &Chip) -> Vec<Pin> {
    match chip.family {
        Family::Nrf51 => nrf51::pins(),
        Family::Stm32f4 => stm32f4::pins(chip),
        Family::Rp2040 => rp2040::pins(),
    }
}

/// Returns the pins of the chip that can carry a signal of a serial port.
pub fn carriers(chip: &Chip, peripheral: &str, direction: Direction) -> Vec<Pin> {
    let names = match chip.family {
        Family::Nrf51 => return nrf51::pins(),
        Family::Stm32f4 => stm32f4::carriers(chip, peripheral, direction),
        Family::Rp2040 => rp2040::carriers(peripheral, direction),
    };
    let pins = pins(chip);
    names.into_iter().filter_map(|name| pins.iter().find(|pin| pin.name == name).cloned()).collect()
}

/// Reads a serial port: the peripheral, the pin that sends, the pin that receives.
///
/// # Errors
/// If the chip has no such port, or a pin cannot carry the signal.
pub fn serial(chip: &Chip, text: &str) -> Result<Serial, Wrong> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [name, tx, rx] = words[..] else {
        return wrong(
            format!("serial: {text:?} is not a peripheral and two pins"),
            format!("write the peripheral, the pin that sends and the pin that receives: serial = {:?}", example(chip)),
        );
    };
    let known = peripherals(chip);
    let Some(peripheral) = known.iter().find(|known| known.name.eq_ignore_ascii_case(name)) else {
        let names: Vec<_> = known.iter().map(|known| known.name).collect();
        return wrong(
            format!("serial: the {} has no {name} with a pin in each direction", chip.name),
            format!("it has {}", names.join(", ")),
        );
    };
    let (tx, rx) = (carrier(chip, peripheral, Direction::Tx, tx)?, carrier(chip, peripheral, Direction::Rx, rx)?);
    if tx == rx {
        return wrong(
            format!("serial: {} cannot both send and receive", tx.name),
            "write two pins, first the one that sends",
        );
    }
    Ok(Serial { peripheral: *peripheral, tx, rx })
}

fn carrier(chip: &Chip, peripheral: &Peripheral, direction: Direction, name: &str) -> Result<Pin, Wrong> {
    let can = carriers(chip, peripheral.name, direction);
    if let Some(pin) = named(&can, name) {
        return Ok(pin);
    }
    let does = match direction {
        Direction::Tx => "send for",
        Direction::Rx => "receive for",
    };
    wrong(
        format!("serial: {name} cannot {does} {} on the {}", peripheral.name, chip.name),
        format!("pins that can: {}", ranges(&can)),
    )
}

/// Returns a serial port of the chip, as a board file writes it.
pub fn example(chip: &Chip) -> String {
    let Some(port) = peripherals(chip).into_iter().next() else { return String::new() };
    let first = |direction| carriers(chip, port.name, direction).into_iter();
    let tx = first(Direction::Tx).next().map(|pin| pin.name).unwrap_or_default();
    let rx = first(Direction::Rx).map(|pin| pin.name).find(|name| *name != tx).unwrap_or_default();
    format!("{} {tx} {rx}", port.name)
}

/// Reads the recovery pin: the pin, and its level while recovery is requested.
///
/// # Errors
/// If the chip's package has no such pin, or the level is none.
pub fn recovery(chip: &Chip, text: &str) -> Result<RecoveryPin, Wrong> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let pins = pins(chip);
    let first = pins.first().map_or("", |pin| &pin.name);
    let form = format!("write the pin and its level while recovery is requested: recovery = \"{first} low\"");
    let [name, level] = words[..] else {
        return wrong(format!("recovery: {text:?} is not a pin and a level"), form);
    };
    let pressed = match level.to_ascii_lowercase().as_str() {
        "low" => Level::Low,
        "high" => Level::High,
        _ => return wrong(format!("recovery: {level:?} is no level"), "write low or high"),
    };
    match named(&pins, name) {
        Some(pin) => Ok(RecoveryPin { pin, pressed }),
        None => wrong(format!("recovery: the {} has no pin {name}", chip.name), format!("it has {}", ranges(&pins))),
    }
}

/// Checks that the recovery pin is none of the serial port's.
///
/// # Errors
/// If it is.
pub fn used_once(serial: &Serial, recovery: &RecoveryPin) -> Result<(), Wrong> {
    if recovery.pin != serial.tx && recovery.pin != serial.rx {
        return Ok(());
    }
    wrong(
        format!("recovery: {} belongs to the serial port", recovery.pin.name),
        "write a pin that nothing else uses, or leave recovery out: `lifeboot reset --recovery` needs no pin",
    )
}

/// Finds a pin by its name in any case, `P0.04` also as `P0.4`, and `GP4` as `GPIO4`.
fn named(pins: &[Pin], name: &str) -> Option<Pin> {
    let halves = |name: &str| {
        let at = name.trim_end_matches(|last: char| last.is_ascii_digit()).len();
        let number: u32 = name[at..].parse().ok()?;
        Some((name[..at].to_uppercase().replace("GPIO", "GP"), number))
    };
    let wanted = halves(name)?;
    pins.iter().find(|pin| halves(&pin.name).as_ref() == Some(&wanted)).cloned()
}

/// Lists pins, neighbours as `PA0 to PA15`.
fn ranges(pins: &[Pin]) -> String {
    let follows = |a: &Pin, b: &Pin| a.port == b.port && a.number + 1 == b.number;
    let list = pins.chunk_by(follows).map(|run| match run {
        [only] => only.name.clone(),
        [first, second] => format!("{}, {}", first.name, second.name),
        [first, .., last] => format!("{} to {}", first.name, last.name),
        [] => String::new(),
    });
    list.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chips::find;
    use crate::clock::Bus;
    use crate::pin::Enable;

    fn refused<T: std::fmt::Debug>(result: Result<T, Wrong>) -> (String, String) {
        let Wrong { what, help } = result.unwrap_err();
        (what, help)
    }

    /// What the chips' folders of the bootloader have as constants.
    #[test]
    fn the_known_boards_ports_have_the_numbers_that_they_run_with() {
        let Serial { peripheral, tx, rx } = serial(&find("STM32F405RG").unwrap(), "USART2 PA2 PA3").unwrap();
        assert_eq!((peripheral.base, peripheral.function, peripheral.bus), (0x4000_4400, 7, Some(Bus::Apb1)));
        assert_eq!(peripheral.enable, Some(Enable { register: 0x4002_3840, bit: 17 }));
        assert_eq!((tx.port, tx.number, rx.port, rx.number), (0x4002_0000, 2, 0x4002_0000, 3));
        assert_eq!(tx.enable, Some(Enable { register: 0x4002_3830, bit: 0 }));
        let Serial { peripheral, tx, rx } = serial(&find("RP2040").unwrap(), "UART0 GP0 GP1").unwrap();
        assert_eq!((peripheral.base, peripheral.function, peripheral.bus), (0x4003_4000, 2, None));
        assert_eq!(peripheral.enable, Some(Enable { register: 0x4000_C000, bit: 22 }));
        assert_eq!((tx.port, tx.number, rx.number), (0x4001_4000, 0, 1));
        let Serial { peripheral, tx, rx } = serial(&find("nRF51822_xxAA").unwrap(), "UART P0.24 P0.25").unwrap();
        assert_eq!((peripheral.base, peripheral.enable), (0x4000_2000, None));
        assert_eq!((tx.port, tx.number, rx.number), (0x5000_0000, 24, 25));
        let pin = recovery(&find("STM32F405RG").unwrap(), "PA0 high").unwrap();
        assert_eq!((pin.pin.name.as_str(), pin.pressed), ("PA0", Level::High));
    }

    #[test]
    fn names_of_pins_and_ports_are_taken_in_any_case() {
        let chip = find("nRF51822_xxAA").unwrap();
        assert_eq!(serial(&chip, "uart p0.4 P0.25").unwrap().tx.name, "P0.04");
        let chip = find("RP2040").unwrap();
        assert_eq!(serial(&chip, "uart1 GPIO4 gp5").unwrap().rx.name, "GP5");
        let chip = find("STM32F429ZI").unwrap();
        assert_eq!(recovery(&chip, "pg13 LOW").unwrap().pin.name, "PG13");
    }

    #[test]
    fn every_listed_pin_is_taken() {
        for chip in crate::chips::all() {
            let ports = peripherals(&chip);
            assert!(!ports.is_empty(), "{}", chip.name);
            for port in ports {
                for tx in carriers(&chip, port.name, Direction::Tx) {
                    for rx in carriers(&chip, port.name, Direction::Rx).into_iter().filter(|rx| *rx != tx) {
                        let read = serial(&chip, &format!("{} {} {}", port.name, tx.name, rx.name)).unwrap();
                        assert_eq!((read.peripheral, read.tx, read.rx), (port, tx.clone(), rx));
                    }
                }
            }
            for pin in pins(&chip) {
                assert_eq!(recovery(&chip, &format!("{} low", pin.name)).unwrap().pin, pin);
            }
        }
    }

    #[test]
    fn a_text_that_is_no_port_is_refused_with_an_example() {
        let (what, help) = refused(serial(&find("STM32F411CE").unwrap(), "USART1 PA9"));
        assert_eq!(what, "serial: \"USART1 PA9\" is not a peripheral and two pins");
        assert_eq!(
            help,
            "write the peripheral, the pin that sends and the pin that receives: serial = \"USART1 PA9 PA10\""
        );
        let (_, help) = refused(serial(&find("nRF51822_xxAA").unwrap(), ""));
        assert!(help.ends_with("serial = \"UART P0.00 P0.01\""), "{help}");
    }

    #[test]
    fn a_port_that_the_package_has_no_pins_for_is_refused() {
        let (what, help) = refused(serial(&find("STM32F412CE").unwrap(), "USART3 PB10 PB11"));
        assert_eq!(what, "serial: the STM32F412CE has no USART3 with a pin in each direction");
        assert_eq!(help, "it has USART1, USART2, USART6");
    }

    #[test]
    fn a_pin_that_cannot_carry_the_signal_is_refused_with_those_that_can() {
        let (what, help) = refused(serial(&find("STM32F411CE").unwrap(), "USART1 PA2 PA10"));
        assert_eq!(what, "serial: PA2 cannot send for USART1 on the STM32F411CE");
        assert_eq!(help, "pins that can: PA9, PA15, PB6");
        // The pins the wrong way round.
        let (what, help) = refused(serial(&find("STM32F407VG").unwrap(), "USART2 PA2 PA2"));
        assert_eq!(what, "serial: PA2 cannot receive for USART2 on the STM32F407VG");
        assert_eq!(help, "pins that can: PA3, PD6");
        let (_, help) = refused(serial(&find("RP2040").unwrap(), "UART1 GP0 GP1"));
        assert_eq!(help, "pins that can: GP4, GP8, GP20, GP24");
    }

    #[test]
    fn a_pin_cannot_be_used_twice() {
        let chip = find("nRF51822_xxAA").unwrap();
        let (what, help) = refused(serial(&chip, "UART P0.24 P0.24"));
        assert_eq!(what, "serial: P0.24 cannot both send and receive");
        assert_eq!(help, "write two pins, first the one that sends");
        let (port, pin) = (serial(&chip, "UART P0.24 P0.25").unwrap(), recovery(&chip, "P0.25 low").unwrap());
        let (what, help) = refused(used_once(&port, &pin));
        assert_eq!(what, "recovery: P0.25 belongs to the serial port");
        assert_eq!(
            help,
            "write a pin that nothing else uses, or leave recovery out: `lifeboot reset --recovery` needs no pin"
        );
    }

    #[test]
    fn a_recovery_pin_must_exist_and_have_a_level() {
        let chip = find("STM32F411CE").unwrap();
        let (what, help) = refused(recovery(&chip, "PD0 low"));
        assert_eq!(what, "recovery: the STM32F411CE has no pin PD0");
        assert_eq!(help, "it has PA0 to PA15, PB0 to PB10, PB12 to PB15, PC13 to PC15, PH0, PH1");
        let (what, help) = refused(recovery(&chip, "PA0"));
        assert_eq!(what, "recovery: \"PA0\" is not a pin and a level");
        assert_eq!(help, "write the pin and its level while recovery is requested: recovery = \"PA0 low\"");
        assert_eq!(
            refused(recovery(&chip, "PA0 up")),
            ("recovery: \"up\" is no level".to_owned(), "write low or high".to_owned())
        );
    }
}
