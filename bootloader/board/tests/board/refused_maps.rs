//! Maps that are refused.

use super::{refused, refused_text, says};

const SLOTS: &str = "[\"192K @ 64K\", \"192K @ 256K\"]";
const PINS: &str = "[pins]";
const JOURNAL: &str = "journal = \"32K\"";

/// A board with an nRF51 or an RP2040, and this map.
fn with_map(chip: &str, map: &str) -> (String, String) {
    refused_text(&format!("name = \"a\"\n{chip}\n[map]\n{map}"))
}

#[test]
fn sizes_that_are_none() {
    says(
        refused(JOURNAL, "journal = \"32Q\""),
        "board.toml:6: journal: \"32Q\" is not a size",
        "write a size, and where the region starts if that matters: \"32K\", \"0x8000\", \"32K @ 64K\"",
    );
    says(
        refused("192K @ 256K", "0 @ 256K"),
        "board.toml:7: slot B: a region of 0 bytes",
        "leave it out, or give it a size",
    );
}

#[test]
fn regions_that_start_inside_of_a_sector() {
    says(
        refused(JOURNAL, "journal = \"32K @ 40K\""),
        "board.toml:6: the journal starts at 40K, inside of sector 2 (16K from 32K on)",
        "sectors start at 32K and 48K: write journal = \"32K @ 32K\"",
    );
    says(
        refused("192K @ 256K", "192K @ 300K"),
        "board.toml:7: slot B starts at 300K, inside of sector 6 (128K from 256K on)",
        "sectors start at 256K and 384K: write \"192K @ 256K\" for slot B",
    );
    says(
        refused(PINS, "storage = \"64K @ 448K\"\n[pins]"),
        "board.toml:9: storage starts at 448K, inside of sector 7 (128K from 384K on)",
        "sectors start at 384K and 512K, and 64K have no place: make a region smaller",
    );
}

#[test]
fn regions_that_end_inside_of_a_sector() {
    says(
        refused(JOURNAL, "journal = \"30K\""),
        "board.toml:6: the journal ends at 62K, inside of sector 3 (16K from 48K on)",
        "write journal = \"32K @ 32K\"",
    );
    says(
        refused(
            "slots = [\"192K @ 64K\", \"192K @ 256K\"]",
            "slots = [\"64K @ 64K\", \"64K @ 128K\"]\nstorage = \"100K\"",
        ),
        "board.toml:8: storage ends at 356K, inside of sector 6 (128K from 256K on)",
        "write storage = \"128K @ 256K\"",
    );
}

#[test]
fn regions_that_share_a_sector() {
    says(
        refused(JOURNAL, "journal = \"32K @ 16K\""),
        "board.toml:6: the bootloader and the journal both have bytes in sector 1 (16K from 16K on)",
        "a sector belongs to one region: write journal = \"32K @ 32K\"",
    );
    says(
        refused("192K @ 256K", "192K @ 128K"),
        "board.toml:7: slot A and slot B both have bytes in sector 5 (128K from 128K on)",
        "a sector belongs to one region: write \"192K @ 256K\" for slot B",
    );
    // Its bytes are apart from slot B's; its sector is not.
    says(
        refused(SLOTS, "[\"64K @ 64K\", \"64K @ 128K\"]\nstorage = \"64K @ 192K\""),
        "board.toml:8: storage starts at 192K, inside of sector 5 (128K from 128K on)",
        "sectors start at 128K and 256K, and 64K have no place: make a region smaller",
    );
    says(
        refused(SLOTS, "[\"192K @ 64K\", \"192K @ 256K\"]\nstorage = \"128K @ 384K\""),
        "board.toml:8: slot B and storage both have bytes in sector 7 (128K from 384K on)",
        "a sector belongs to one region, and 128K have no place: make a region smaller",
    );
}

#[test]
fn regions_that_reach_past_the_flash() {
    says(
        refused("192K @ 256K", "192K @ 384K"),
        "board.toml:7: slot B ends at 576K, and the flash of the STM32F411CE at 512K",
        "there is room elsewhere: write \"192K @ 256K\" for slot B",
    );
    says(
        refused(PINS, "storage = \"64K\"\n[pins]"),
        "board.toml:9: storage ends at 576K, and the flash of the STM32F411CE at 512K",
        "make the regions before it smaller",
    );
    says(
        refused(SLOTS, "[\"256K @ 64K\", \"256K @ 384K\"]"),
        "board.toml:7: slot B ends at 640K, and the flash of the STM32F411CE at 512K",
        "from 384K on there are 128K at most",
    );
}

#[test]
fn journals_without_two_equal_units() {
    says(
        refused(JOURNAL, "journal = \"16K\""),
        "board.toml:6: the journal has only sector 2 (16K from 32K on), and while one unit is erased another must hold the \
         newest record",
        "write journal = \"32K @ 32K\"",
    );
    says(
        refused(JOURNAL, "journal = \"96K @ 48K\""),
        "board.toml:6: the journal has sectors of different sizes: sector 3 (16K from 48K on) and sector 4 (64K from 64K on)",
        "write journal = \"32K @ 32K\"",
    );
    says(
        refused("bootloader = \"32K\"\njournal = \"32K\"", "bootloader = \"64K\"\njournal = \"64K\""),
        "board.toml:6: the journal has only sector 4 (64K from 64K on), and while one unit is erased another must hold the \
         newest record",
        "a journal has two or more sectors of equal size: make room for two by smaller regions",
    );
}

#[test]
fn journals_that_are_too_long_or_too_late() {
    let map = "bootloader = \"32K\"\njournal = \"2M\"\nslots = [\"1M\", \"1M\"]";
    says(
        with_map("chip = \"RP2040\"\nflash = \"8M\"", map),
        "board.toml:6: the journal has 2M, and sequence numbers allow for 1M",
        "write journal = \"1M\"; two sectors last for most products",
    );
    let map = "bootloader = \"32K\"\nslots = [\"1M\", \"1M\"]\njournal = \"8K\"";
    says(
        with_map("chip = \"RP2040\"\nflash = \"8M\"", map),
        "board.toml:7: the journal starts at 2080K, behind slot A",
        "write the journal before the slots, and give them what follows it",
    );
    let map = "bootloader = \"32K\"\nslots = [\"1M @ 1M\", \"1M\"]\njournal = \"8K\"";
    says(
        with_map("chip = \"RP2040\"\nflash = \"8M\"", map),
        "board.toml:7: the journal starts at 3M, behind slot A",
        "write journal = \"8K @ 1016K\"",
    );
}

#[test]
fn bootloaders_that_are_elsewhere_or_too_small() {
    says(
        refused("bootloader = \"32K\"", "bootloader = \"32K @ 32K\""),
        "board.toml:5: the bootloader starts at 32K, and a reset enters at the start of flash",
        "write bootloader = \"32K @ 0\"",
    );
    says(
        refused("bootloader = \"32K\"", "bootloader = \"16K\""),
        "board.toml:5: the bootloader has 16K, and its code needs 24K",
        "write bootloader = \"32K\"",
    );
    let map = "bootloader = \"24K\"\njournal = \"2K\"\nslots = [\"100K\", \"100K\"]";
    says(
        with_map("chip = \"nRF51822_xxAA\"", map),
        "board.toml:4: the bootloader has 24K, and its code needs 27K",
        "write bootloader = \"28K\"",
    );
    let map = "bootloader = \"24K\"\njournal = \"8K\"\nslots = [\"100K\", \"100K\"]";
    says(
        with_map("chip = \"RP2040\"\nflash = \"2M\"", map),
        "board.toml:5: the bootloader has 24K, and its code needs 27K",
        "write bootloader = \"28K\"",
    );
}

#[test]
fn bootloaders_that_the_chip_cannot_protect() {
    says(
        refused("bootloader = \"32K\"", "bootloader = \"48K\""),
        "board.toml:5: the bootloader has 48K, and the MPU protects it as one region, a power of two",
        "write bootloader = \"64K\"",
    );
    let map = "bootloader = \"27K\"\njournal = \"2K\"\nslots = [\"100K\", \"100K\"]";
    says(
        with_map("chip = \"nRF51822_xxAA\"", map),
        "board.toml:4: the bootloader has 27K, and the nRF51 protects it in blocks of 4K",
        "write bootloader = \"28K\"",
    );
    let map = "bootloader = \"27K\"\njournal = \"8K\"\nslots = [\"100K\", \"100K\"]";
    says(
        with_map("chip = \"RP2040\"\nflash = \"2M\"", map),
        "board.toml:5: the bootloader has 27K, and flash is erased by sectors",
        "write bootloader = \"28K\"",
    );
}

#[test]
fn slots_that_are_unequal_or_in_the_wrong_order() {
    says(
        refused("192K @ 256K", "256K @ 256K"),
        "board.toml:7: slot A has 192K and slot B 256K, and an image must fit either",
        "give both 192K; what is left of a sector is lost",
    );
    says(
        refused(SLOTS, "[\"192K @ 256K\", \"192K @ 64K\"]"),
        "board.toml:7: slot B, at 64K, lies before slot A, at 256K",
        "write slots = [\"192K @ 64K\", \"192K @ 256K\"]",
    );
}

#[test]
fn slots_an_illegal_distance_apart() {
    says(
        refused(SLOTS, "[\"16K @ 48K\", \"16K @ 64K\"]"),
        "board.toml:7: slot B starts 16K behind slot A, and addresses in MOVW and MOVT can only be rebased by a multiple of 64K",
        "make the slots smaller, so that B can start such a distance behind A",
    );
    // The second bank starts with small sectors again.
    let map = "bootloader = \"32K\"\njournal = \"32K\"\nslots = [\"64K @ 64K\", \"64K @ 1040K\"]";
    says(
        with_map("chip = \"STM32F429ZI\"", map),
        "board.toml:6: slot B starts 976K behind slot A, and addresses in MOVW and MOVT can only be rebased by a multiple of 64K",
        "write \"64K @ 1M\" for slot B",
    );
    // Addresses of an Armv6-M are words, which any distance can be added to.
    let map = "bootloader = \"28K\"\njournal = \"2K\"\nslots = [\"113K\", \"113K\"]";
    super::read(&format!("name = \"a\"\nchip = \"nRF51822_xxAA\"\n[map]\n{map}"));
}

#[test]
fn slots_without_room_or_whole_blocks() {
    says(
        refused(SLOTS, "[\"8K @ 64K\", \"8K @ 128K\"]"),
        "board.toml:7: slot A has 8K, of which the image's header takes 512",
        "give each slot 16K or more",
    );
    says(
        refused(SLOTS, "[\"100000 @ 64K\", \"100000 @ 256K\"]"),
        "board.toml:7: slot A has 100000 bytes, not a multiple of 256",
        "write \"99840 @ 64K\" for slot A",
    );
}

#[test]
fn names_that_no_region_can_have() {
    says(
        refused(PINS, "Storage = \"64K @ 448K\"\n[pins]"),
        "board.toml:9: \"Storage\" is no name for a region",
        "a name has small letters, digits and hyphens, and starts with a letter: storage, file-system",
    );
    // Its symbols would look like the one that names a board.
    let (error, _) = refused(PINS, "board-data = \"64K @ 448K\"\n[pins]");
    assert_eq!(error, "board.toml:9: board-data is no region of the application");
    says(
        refused(PINS, "ram = \"64K @ 448K\"\n[pins]"),
        "board.toml:9: ram is no region of the application",
        "the map has bootloader, journal and slots, and regions of the application under other names: storage",
    );
}
