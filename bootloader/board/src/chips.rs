//! The chips that Lifeboot knows, and how they are found by name.

mod nrf51;
mod rp2040;
mod stm32f4;

use crate::chip::Chip;
use crate::error::{Wrong, wrong};
use crate::nearest::nearest;
use crate::size::show;

/// What part numbers of STM32 write behind the size of flash first: the package's form (the datasheets' "Ordering information"),
/// or an x for any.
const FORMS: &str = "TUHYFJX";

/// The longest list of names in a help.
const LISTED: usize = 8;

/// Returns every chip, by the names that probe-rs gives them; those with external flash with as much as they can have.
pub fn all() -> Vec<Chip> {
    let nordic = nrf51::VARIANTS.iter().map(nrf51::chip);
    let st = stm32f4::LINES.iter().flat_map(|line| line.parts.iter().map(move |part| stm32f4::chip(line, part)));
    nordic.chain(st).chain([rp2040::chip(rp2040::LARGEST_FLASH)]).collect()
}

/// Finds a chip by its name: as probe-rs or its maker write it, in any case, with or without what follows the size of flash.
///
/// # Errors
/// If the name is unknown, or that of several chips.
pub fn find(name: &str) -> Result<Chip, Wrong> {
    let upper = name.trim().to_uppercase();
    if upper == rp2040::NAME {
        return Ok(rp2040::chip(rp2040::LARGEST_FLASH));
    }
    if let Some(rest) = upper.strip_prefix("NRF51822") {
        return nordic(name, rest.trim_start_matches(['-', '_']));
    }
    if let Some(line) = stm32f4::LINES.iter().find(|line| upper.starts_with(line.name)) {
        return st(name, line, &upper[line.name.len()..]);
    }
    unknown(name)
}

/// `rest` is the package, two letters, and the variant, two more, with anything after them.
fn nordic(name: &str, rest: &str) -> Result<Chip, Wrong> {
    let Some(letters) = rest.get(2..4) else {
        return several(name, nrf51::VARIANTS.iter().map(|variant| variant.name.to_owned()).collect());
    };
    match nrf51::VARIANTS.iter().find(|variant| variant.letters == letters) {
        Some(variant) => Ok(nrf51::chip(variant)),
        None => unknown(name),
    }
}

/// `rest` is a letter for the package, one for the size of flash, and perhaps more.
fn st(name: &str, line: &'static stm32f4::Line, rest: &str) -> Result<Chip, Wrong> {
    let mut letters = rest.chars();
    let (package, size) = (letters.next().unwrap_or('X'), letters.next().unwrap_or('X'));
    let form = letters.next();
    // An X stands for any letter.
    let fits = |given: char, letter: Option<char>| given == 'X' || letter == Some(given);
    let found = line.parts.iter().filter(|part| {
        let mut letters = part.chars();
        fits(package, letters.next()) && fits(size, letters.next())
    });
    let found: Vec<&str> = found.copied().collect();
    match found[..] {
        [part] if form.is_none_or(|form| FORMS.contains(form)) => Ok(stm32f4::chip(line, part)),
        [] | [_] => unknown(name),
        _ => several(name, found.iter().map(|part| format!("{}{part}", line.name)).collect()),
    }
}

fn several<T>(name: &str, mut names: Vec<String>) -> Result<T, Wrong> {
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    wrong(format!("chip: {name:?} is more than one chip"), format!("write one of {}{rest}", names.join(", ")))
}

fn unknown<T>(name: &str) -> Result<T, Wrong> {
    let all: Vec<String> = all().into_iter().map(|chip| chip.name).collect();
    let nearest = nearest(name, all.iter().map(String::as_str)).join(", ");
    wrong(
        format!("chip: Lifeboot does not know {name:?}"),
        format!("the nearest names are {nearest}; another chip takes an implementation of your own"),
    )
}

/// Returns the chip with external flash of `length` bytes.
///
/// # Errors
/// If the chip has its flash inside, or cannot have as much.
pub fn with_flash(chip: Chip, length: u32) -> Result<Chip, Wrong> {
    if !chip.has_external_flash {
        let own = show(chip.flash.sectors.length());
        return wrong(
            format!("flash: the flash of the {} is inside the chip, {own}", chip.name),
            "leave the key out: chip says how much there is",
        );
    }
    let (unit, most) = (rp2040::SECTOR, rp2040::LARGEST_FLASH);
    if length == 0 || length > most {
        let nearest = if length == 0 { "2M".to_owned() } else { show(most) };
        return wrong(
            format!("flash: the {} can have up to {}, not {}", chip.name, show(most), show(length)),
            format!("write flash = \"{nearest}\", or what the flash chip's datasheet says, in bytes"),
        );
    }
    if !length.is_multiple_of(unit) {
        return wrong(
            format!("flash: {} is not a whole number of sectors of {}", show(length), show(unit)),
            format!("write flash = {:?}", show(length.next_multiple_of(unit))),
        );
    }
    Ok(rp2040::chip(length))
}

/// Returns the chip with its flash divided into two banks.
///
/// # Errors
/// If the chip has no such option.
pub fn with_dual_bank(chip: Chip) -> Result<Chip, Wrong> {
    let Some(sectors) = chip.dual_bank.clone() else {
        let why = match chip.flash.sectors.runs().iter().any(|run| run.bank > 1) {
            true => "always has two banks",
            false => "has no option for two banks",
        };
        return wrong(
            format!("dual-bank: the {} {why}", chip.name),
            "leave the key out; it is for an STM32F42x or F43x with 1M, whose option DB1M is set",
        );
    };
    let mut chip = chip;
    chip.flash.sectors = sectors;
    Ok(chip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::{Core, Family};
    use lifeboot_core::layout::{Architecture, BLOCK, RECORD_LENGTH};

    const KIB: u32 = 1024;

    #[test]
    fn every_chip_adds_up() {
        let all = all();
        assert_eq!(all.len(), 3 + 98 + 1);
        for chip in &all {
            let name = &chip.name;
            let sum: u32 = chip.flash.sectors.iter().map(|sector| sector.length).sum();
            assert_eq!(sum, chip.flash.sectors.length(), "{name}");
            assert!(chip.main_ram().length >= 16 * KIB && chip.main_ram().start == 0x2000_0000, "{name}");
            let numbers: Vec<u32> = chip.flash.sectors.iter().map(|sector| sector.number).collect();
            assert!(numbers.is_sorted_by(|a, b| a < b), "{name}");
            assert_eq!(find(name).as_ref(), Ok(chip), "{name}");
            assert_eq!(chip.core.architecture() == Architecture::Armv7M, chip.family == Family::Stm32f4, "{name}");
        }
    }

    /// What no check of a board has to ask, since it holds for each chip.
    #[test]
    fn every_chip_suits_records_blocks_and_vector_tables() {
        for chip in all() {
            let name = &chip.name;
            let write = chip.flash.write_unit;
            let record = (RECORD_LENGTH as u32).max(write);
            assert!(BLOCK.is_multiple_of(write), "{name}");
            assert!(record.is_multiple_of(write), "{name}");
            assert_eq!((chip.flash.has_ecc, chip.flash.erased), (false, 0xff), "{name}");
            for sector in chip.flash.sectors.iter() {
                assert!(sector.length / record >= 8, "{name}: 8 boot records");
                assert!(sector.start.is_multiple_of(BLOCK), "{name}");
                // So the payload of any slot, which starts at a sector, lies where the vector table must.
                assert!(sector.start.is_multiple_of(chip.header_length()), "{name}");
            }
            assert!(4 * chip.vectors() <= 512, "{name}");
        }
    }

    #[test]
    fn sectors_are_those_of_the_manuals() {
        let sectors = |name: &str| -> Vec<(u32, u32, u32)> {
            let chip = find(name).unwrap();
            chip.flash.sectors.iter().map(|sector| (sector.number, sector.start / KIB, sector.length / KIB)).collect()
        };
        let small = [(0, 0, 16), (1, 16, 16), (2, 32, 16), (3, 48, 16), (4, 64, 64)];
        assert_eq!(sectors("STM32F401CB"), small);
        assert_eq!(sectors("STM32F401CC"), [&small[..], &[(5, 128, 128)]].concat());
        assert_eq!(sectors("STM32F401CD"), [&small[..], &[(5, 128, 128), (6, 256, 128)]].concat());
        assert_eq!(sectors("STM32F411CE")[5..], [(5, 128, 128), (6, 256, 128), (7, 384, 128)]);
        assert_eq!(sectors("STM32F405RG").len(), 12);
        assert_eq!(sectors("STM32F405RG")[11], (11, 896, 128));
        // RM0090, table 6.
        let two = sectors("STM32F429ZI");
        assert_eq!(two.len(), 24);
        assert_eq!(
            two[11..18],
            [
                (11, 896, 128),
                (12, 1024, 16),
                (13, 1040, 16),
                (14, 1056, 16),
                (15, 1072, 16),
                (16, 1088, 64),
                (17, 1152, 128),
            ]
        );
        assert_eq!(two[23], (23, 1920, 128));
        assert_eq!(sectors("nRF51822_xxAB").len(), 128);
        assert_eq!(sectors("RP2040").len(), 4096);
    }

    /// RM0090, table 7.
    #[test]
    fn a_megabyte_in_two_banks_has_other_sectors() {
        let single = find("STM32F429ZG").unwrap();
        assert_eq!(single.flash.sectors.iter().count(), 12);
        let dual = with_dual_bank(single).unwrap();
        let sectors: Vec<_> = dual.flash.sectors.iter().map(|s| (s.number, s.start / KIB, s.length / KIB)).collect();
        assert_eq!(sectors.len(), 16);
        assert_eq!(sectors[7..10], [(7, 384, 128), (12, 512, 16), (13, 528, 16)]);
        assert_eq!(sectors[12..], [(16, 576, 64), (17, 640, 128), (18, 768, 128), (19, 896, 128)]);
        let refused = with_dual_bank(find("STM32F405RG").unwrap()).unwrap_err();
        assert_eq!(refused.what, "dual-bank: the STM32F405RG has no option for two banks");
        let refused = with_dual_bank(find("STM32F427VI").unwrap()).unwrap_err();
        assert_eq!(refused.what, "dual-bank: the STM32F427VI always has two banks");
        assert_eq!(refused.help, "leave the key out; it is for an STM32F42x or F43x with 1M, whose option DB1M is set");
    }

    /// RM0090, 3.9.8, SNB.
    #[test]
    fn the_second_bank_has_erase_codes_from_16_on() {
        for chip in [find("STM32F429ZI").unwrap(), with_dual_bank(find("STM32F429ZG").unwrap()).unwrap()] {
            let codes: Vec<_> =
                chip.flash.sectors.iter().map(|sector| (sector.bank, chip.erase_code(sector))).collect();
            let second: Vec<u32> = codes.iter().filter(|(bank, _)| *bank == 2).map(|(_, code)| *code).collect();
            assert_eq!(second, Vec::from_iter(16..16 + second.len() as u32));
            let first: Vec<u32> = codes.iter().filter(|(bank, _)| *bank == 1).map(|(_, code)| *code).collect();
            assert_eq!(first, Vec::from_iter(0..first.len() as u32));
        }
        let pico = find("RP2040").unwrap();
        assert_eq!(pico.erase_code(pico.flash.sectors.at(5000).unwrap()), 0x1000_1000);
    }

    #[test]
    fn names_are_taken_as_they_are_written_anywhere() {
        for name in ["STM32F411CE", "stm32f411ceu6", "STM32F411CEUx", "STM32F411CEY6TR", "STM32F411CExx"] {
            assert_eq!(find(name).unwrap().name, "STM32F411CE", "{name}");
        }
        for name in ["nRF51822_xxAA", "nRF51822-QFAA", "NRF51822-QFAA-R7", "nrf51822qfaa", "nRF51822-CEAAE0"] {
            assert_eq!(find(name).unwrap().name, "nRF51822_xxAA", "{name}");
        }
        assert_eq!(find("nRF51822-CFAC").unwrap().main_ram().length, 32 * KIB);
        assert_eq!(find("rp2040").unwrap().core, Core::CortexM0Plus);
    }

    #[test]
    fn a_name_of_several_chips_lists_them() {
        let refused = find("STM32F411xE").unwrap_err();
        assert_eq!(refused.what, "chip: \"STM32F411xE\" is more than one chip");
        assert_eq!(refused.help, "write one of STM32F411CE, STM32F411RE, STM32F411VE");
        let refused = find("stm32f401").unwrap_err();
        assert_eq!(
            refused.help,
            "write one of STM32F401CB, STM32F401CC, STM32F401CD, STM32F401CE, STM32F401RB, STM32F401RC, STM32F401RD, \
             STM32F401RE and 4 more"
        );
        let refused = find("nRF51822").unwrap_err();
        assert_eq!(refused.help, "write one of nRF51822_xxAA, nRF51822_xxAB, nRF51822_xxAC");
    }

    #[test]
    fn an_unknown_name_gets_the_nearest() {
        let refused = find("STM32F411CG").unwrap_err();
        assert_eq!(refused.what, "chip: Lifeboot does not know \"STM32F411CG\"");
        assert_eq!(
            refused.help,
            "the nearest names are STM32F411CC, STM32F411CE, STM32F412CG; another chip takes an implementation of your own"
        );
        assert_eq!(find("nRF51822-QFAD").unwrap_err().what, "chip: Lifeboot does not know \"nRF51822-QFAD\"");
        assert_eq!(find("RP2350").unwrap_err().help.split([' ', ',']).nth(4), Some("RP2040"));
    }
}
