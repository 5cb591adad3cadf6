//! What can be tested without a probe: which probe is chosen, and that probe-rs's chips match the boards.

use super::*;
use lifeboot_board::{BoardDescription, parse_file};
use lifeboot_core::Slot;
use probe_rs::flashing::FlashLayout;
use probe_rs::probe::cmsisdap::CmsisDapFactory;
use std::path::Path;
use std::time::Duration;

const STM32F405: &str = include_str!("../../../../firmware-example/boards/stm32f405.toml");

fn described(text: &str) -> BoardDescription {
    parse_file(text, Path::new("board.toml")).unwrap()
}

fn probe(serial: &str, accessibility: Accessibility) -> ProbeListItem {
    let info = DebugProbeInfo::new("DAPLink", 0x0d28, 0x0204, Some(serial.to_owned()), &CmsisDapFactory, None, false);
    ProbeListItem { info, accessibility }
}

fn chosen(probes: &[ProbeListItem], selector: Option<&str>) -> Result<Option<String>, ProbeError> {
    let selector = selector.map(parse).transpose()?;
    choose(probes.to_vec(), selector.as_ref()).map(|probe| probe.serial_number)
}

fn help(error: &ProbeError) -> String {
    miette::Diagnostic::help(error).unwrap().to_string()
}

#[test]
fn the_only_probe_is_taken_or_the_one_that_is_named() {
    let one = probe("1", Accessibility::Accessible);
    let two = [one.clone(), probe("2", Accessibility::Accessible)];
    assert_eq!(chosen(&[one], None).unwrap().as_deref(), Some("1"));
    assert_eq!(chosen(&two, Some("0d28:0204:2")).unwrap().as_deref(), Some("2"));
    let several = "give one of these with --probe: 0d28:0204:1 (DAPLink), 0d28:0204:2 (DAPLink)";
    for selector in [None, Some("0d28:0204")] {
        let error = chosen(&two, selector).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), help(&error).as_str()),
            ("more than one debug probe is connected", several)
        );
    }
    let error = chosen(&two, Some("0d28:0204:3")).unwrap_err();
    assert_eq!((error.to_string().as_str(), help(&error).as_str()), ("there is no debug probe 0d28:0204:3", several));
}

#[test]
fn no_probe_and_no_permission_are_told_apart() {
    let error = chosen(&[], None).unwrap_err();
    assert!(matches!(error, ProbeError::NoProbe) && help(&error).contains("udev rules"));
    let error = chosen(&[], Some("0d28:0204")).unwrap_err();
    assert!(help(&error).starts_with("none is connected: plug it in"));
    let denied = probe("1", Accessibility::PermissionDenied);
    let error = chosen(std::slice::from_ref(&denied), None).unwrap_err();
    assert_eq!(error.to_string(), "no permission to use the debug probe 0d28:0204:1 (DAPLink)");
    let two = [denied, probe("2", Accessibility::Accessible)];
    assert_eq!(chosen(&two, Some("0d28:0204:2")).unwrap().as_deref(), Some("2"));
}

/// Returns whether an erase by probe-rs's flash algorithm on one side of this address leaves the other side alone.
fn is_sector_border(target: &Target, address: u32) -> bool {
    let address = u64::from(address);
    let algorithms = target.flash_algorithms.iter().map(|algorithm| &algorithm.flash_properties);
    let mut fitting = algorithms.filter(|flash| flash.address_range.contains(&(address.max(1) - 1)));
    fitting.all(|flash| {
        let offset = address - flash.address_range.start;
        let sector = flash.sectors.iter().rfind(|sector| sector.address <= offset).unwrap();
        (offset - sector.address).is_multiple_of(sector.size)
    })
}

#[test]
fn probe_rs_knows_the_boards_chips_and_their_flash() {
    for text in [
        include_str!("../../../../firmware-example/boards/microbit.toml"),
        STM32F405,
        include_str!("../../../../firmware-example/boards/pico.toml"),
    ] {
        let BoardDescription { chip, .. } = described(text);
        let (target, board) = (target(&chip.name).unwrap(), described(text).board());
        let [a, b] = board.slots;
        for region in [board.bootloader, board.journal, a, b] {
            let segment = Segment { address: board.address(region.start), bytes: vec![0xff; region.length as usize] };
            loader(&target, [&segment]).unwrap();
            assert!(
                is_sector_border(&target, segment.address) && is_sector_border(&target, segment.end()),
                "{segment:x?}"
            );
        }
    }
    assert!(
        !is_sector_border(&target("STM32F405RG").unwrap(), described(STM32F405).board().address(0x400)),
        "the test can fail"
    );
}

#[test]
fn what_the_chip_has_no_flash_for_is_refused() {
    let target = target("STM32F405RG").unwrap();
    let board = described(STM32F405).board();
    let segment = Segment { address: board.address(board.slot(Slot::B).end() + 128 * 1024), bytes: vec![0] };
    let error = loader(&target, [&segment]).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "the board was not flashed");
    assert!(matches!(error, ProbeError::Flash(_)));
    assert!(matches!(super::target("STM32F4"), Err(ProbeError::Chip(_))), "several");
}

#[test]
fn progress_is_added_up() {
    let mut heard = Vec::new();
    let mut listener = |phase, done, total| heard.push((phase, done, total));
    let mut relay = relay(&mut listener);
    let total = |operation, total| ProgressEvent::AddProgressBar { operation, total: Some(total) };
    let done = |operation, size| ProgressEvent::Progress { operation, size, time: Duration::ZERO };
    for event in [
        ProgressEvent::FlashLayoutReady { flash_layout: vec![FlashLayout::default()] },
        total(ProgressOperation::Erase, 30),
        total(ProgressOperation::Program, 20),
        total(ProgressOperation::Program, 5),
        done(ProgressOperation::Erase, 10),
        done(ProgressOperation::Erase, 20),
        done(ProgressOperation::Program, 25),
    ] {
        relay(event);
    }
    drop(relay);
    let expected = [(Phase::Erasing, 10, 30), (Phase::Erasing, 30, 30), (Phase::Writing, 25, 25)];
    assert_eq!(heard, expected);
}
