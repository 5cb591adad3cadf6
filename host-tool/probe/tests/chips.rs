//! The chips that Lifeboot knows, held against the descriptions that probe-rs has of them, which were made from the makers'
//! own packs.

use lifeboot_board::chip::{Chip, Family};
use lifeboot_board::{Sectors, chips};
use probe_rs::config::{MemoryRegion, Registry};
use probe_rs::{CoreType, Target};

fn target(chip: &Chip) -> Target {
    Registry::from_builtin_families().get_target_by_name(&chip.name).unwrap_or_else(|error| panic!("{error}"))
}

/// The bytes from `start` on that regions of one kind cover without a gap.
fn covered(mut regions: Vec<std::ops::Range<u64>>, start: u32) -> u64 {
    regions.sort_by_key(|region| region.start);
    let start = u64::from(start);
    regions.iter().fold(start, |end, region| if region.start == end { region.end } else { end }) - start
}

fn flash_of(target: &Target) -> Vec<std::ops::Range<u64>> {
    let nvm = |region: &MemoryRegion| match region {
        MemoryRegion::Nvm(nvm) => Some(nvm.range.clone()),
        _ => None,
    };
    target.memory_map.iter().filter_map(nvm).collect()
}

fn ram_of(target: &Target) -> Vec<std::ops::Range<u64>> {
    let ram = |region: &MemoryRegion| match region {
        MemoryRegion::Ram(ram) => Some(ram.range.clone()),
        _ => None,
    };
    target.memory_map.iter().filter_map(ram).collect()
}

/// Whether one of the flash algorithms erases just these sectors.
fn erases(target: &Target, chip: &Chip, sectors: &Sectors) -> bool {
    target.flash_algorithms.iter().map(|algorithm| &algorithm.flash_properties).any(|flash| {
        let address = u64::from(chip.flash.address);
        flash.address_range.start == address
            && sectors.iter().all(|sector| {
                let start = u64::from(sector.start);
                let run = flash.sectors.iter().rfind(|run| run.address <= start);
                run.is_some_and(|run| {
                    run.size == u64::from(sector.length) && (start - run.address).is_multiple_of(run.size)
                })
            })
    })
}

#[test]
fn probe_rs_has_the_same_flash_ram_and_core() {
    for chip in chips::all() {
        let (name, target) = (&chip.name, target(&chip));
        assert_eq!(target.name, *name);
        let flash = covered(flash_of(&target), chip.flash.address);
        if chip.has_external_flash {
            assert!(flash >= u64::from(chip.flash.sectors.length()), "{name}: {flash:#x}");
        } else {
            assert_eq!(flash, u64::from(chip.flash.sectors.length()), "{name}");
        }
        assert!(erases(&target, &chip, &chip.flash.sectors), "{name}");
        if let Some(sectors) = &chip.dual_bank {
            assert!(erases(&target, &chip, sectors), "{name}, two banks");
            assert!(*sectors != chip.flash.sectors);
        }
        // The RP2040's last two banks follow the others without a gap.
        let main = chip.main_ram();
        let ours =
            chip.ram.iter().filter(|ram| ram.region.start >= main.start).map(|ram| ram.region.length).sum::<u32>();
        assert_eq!(covered(ram_of(&target), main.start), u64::from(ours), "{name}");
        let ccm = |start: u64| ram_of(&target).iter().find(|ram| ram.start == start).map(|ram| ram.end - ram.start);
        let ours = chip.ram.iter().find(|ram| ram.name == "CCM").map(|ram| u64::from(ram.region.length));
        assert_eq!(ccm(0x1000_0000).filter(|_| chip.family == Family::Stm32f4), ours, "{name}");
        let core = match chip.family {
            Family::Stm32f4 => CoreType::Armv7em,
            Family::Nrf51 | Family::Rp2040 => CoreType::Armv6m,
        };
        assert_eq!(target.cores[0].core_type, core, "{name}");
    }
}

#[test]
fn other_sectors_would_be_noticed() {
    let [small, large] = ["STM32F405RG", "STM32F429ZI"].map(|name| chips::find(name).unwrap());
    assert!(!erases(&target(&small), &small, &large.flash.sectors));
    assert!(!erases(&target(&large), &large, &chips::find("STM32F429ZG").unwrap().dual_bank.unwrap()));
}

/// Every name that probe-rs has for a chip, also those of its packages, is taken for that chip.
#[test]
fn chips_are_found_by_all_names_that_probe_rs_has() {
    let registry = Registry::from_builtin_families();
    let mut names = 0;
    for chip in chips::all() {
        let variants = registry.families().iter().flat_map(|family| &family.variants);
        let variant = variants.into_iter().find(|variant| variant.name == chip.name).unwrap();
        for name in variant.package_variants.iter().chain([&variant.name]) {
            assert_eq!(chips::find(name).as_ref(), Ok(&chip), "{name}");
            names += 1;
        }
    }
    assert!(names > 200, "{names}");
}

/// No part of the lines is missing here.
#[test]
fn no_part_is_missing() {
    let registry = Registry::from_builtin_families();
    let lines: Vec<&str> = chips::all().iter().map(|chip| chip.line).collect();
    let parts = registry.families().iter().flat_map(|family| &family.variants);
    let missing: Vec<&str> = parts
        .map(|part| part.name.as_str())
        .filter(|name| lines.iter().any(|line| name.starts_with(line)) && chips::find(name).is_err())
        .collect();
    // The RP2040 as a debug probe of itself.
    assert_eq!(missing, ["RP2040_SELFDEBUG"]);
}
