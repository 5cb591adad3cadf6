//! Whether a device would take an image: each rule both ways, by recorded states of devices and by a bootloader's keys.

use crate::command_line::{Folder, SIGN};
use crate::program::{LARGE, Program, SMALL};
use crate::reported::line;
use lifeboot_core::Slot;
use lifeboot_project::key_files;
use lifeboot_report::Device;
use lifeboot_wire::{self as wire, OutcomeEnding, Rejection, ResetCause, SlotContent, Status, Trial};

/// Runs 1.0.0 in slot A, confirmed.
pub fn status() -> Status {
    let version = wire::Version { major: 1, minor: 0, patch: 0, build: 0 };
    Status {
        wire: wire::WIRE,
        board: LARGE.name_bytes(),
        bootloader: 1,
        demo_key: false,
        running: wire::Slot::A,
        confirmed: Some(wire::Slot::A),
        trial: None,
        slots: [SlotContent::Image { version, epoch: 0, digest: [1; 16] }, SlotContent::Empty],
        epoch_floor: 0,
        revoked: 0,
        outcome: None,
        window: 0,
        chunk: 0,
        map: LARGE.map_digest(),
        boot: None,
        recovery: None,
        journal_failing: Some(false),
    }
}

/// A folder with an image, `a.img`.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.done(&format!("{SIGN} --epoch 3 --schemas 1..=2"));
    folder
}

fn record(folder: &Folder, status: &Status) {
    let device = Device::from(status).with_quarantine(Some(&[]));
    folder.put("status.json", format!("{}\n", serde_json::to_string(&device).unwrap()).as_bytes());
}

/// The rules that refuse, and the whole output.
fn judged(folder: &Folder, status: &Status, more: &str) -> (Vec<String>, String) {
    record(folder, status);
    let arguments = format!("inspect a.img --against status.json {more}");
    let output = folder.run(&arguments);
    let (said, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let output = folder.run(&format!("{arguments} --json"));
    let report = line("inspect", &output);
    let admission = &report["admission"];
    let refused: Vec<String> = admission["rules"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| rule["verdict"] == "refused")
        .map(|rule| rule["rule"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(admission["accepted"], refused.is_empty());
    assert_eq!((output.status.code(), error.as_str()), (Some(if refused.is_empty() { 0 } else { 1 }), ""), "{said}");
    (refused, said)
}

#[test]
fn an_image_that_a_device_takes_passes() {
    let folder = folder();
    let (refused, said) = judged(&folder, &status(), "--key key.pub.pem");
    assert_eq!(refused, [""; 0]);
    let lines = "\
signature    fits key.pub.pem
device       status.json: nothing speaks against it
  trial      passed   what runs is confirmed: 1.0.0 in slot A, confirmed
";
    assert!(said.contains(lines), "{said}");
    for line in [
        "  board      passed   stm32f405",
        "  size       passed   772 of 393216 bytes (0 %)",
        "  slot       passed   it would go to slot B, and runs there",
        "  bootloader passed   it asks for format 1, and the device's is 1",
        "  epoch      passed   3, and the device starts 0 and up",
        "  schemas    unknown  a device does not say which schema its data has; the image can live with 1 to 2",
        "  quarantine passed   the device does not remember it as rejected",
        "                      give the bootloader that it was flashed with: --bootloader lifeboot-bootloader",
    ] {
        assert!(said.lines().any(|said| said == line), "{line:?} is missing in\n{said}");
    }
}

#[test]
fn each_rule_refuses_with_the_words_of_the_device() {
    let folder = folder();
    let digest = {
        let (_, said) = judged(&folder, &status(), "");
        let digest = said.lines().find_map(|line| line.strip_prefix("digest       ")).unwrap().to_owned();
        (0..16)
            .map(|at| u8::from_str_radix(&digest[2 * at..][..2], 16).unwrap())
            .collect::<Vec<_>>()
            .try_into()
            .unwrap()
    };
    let outcome = wire::Outcome {
        ending: OutcomeEnding::NotConfirmed,
        slot: wire::Slot::B,
        cause: ResetCause::Watchdog,
        version: wire::Version { major: 1, minor: 2, patch: 3, build: 4 },
        digest,
        fault: None,
    };
    let trial = Trial { slot: wire::Slot::A, attempts: 2, power_attempts: 9 };
    let cases = [
        (Status { trial: Some(trial), ..status() }, "trial", "the firmware that runs is on trial"),
        (
            Status { board: SMALL.name_bytes(), ..status() },
            "board",
            "the image is for board stm32f405, and this is microbit",
        ),
        (Status { epoch_floor: 4, ..status() }, "epoch", "the image has epoch 3, and the device starts none below 4"),
        (
            Status { outcome: Some(outcome), ..status() },
            "quarantine",
            "this image was rejected here before: it did not confirm in any of its starts; the last start ended by the \
             watchdog: it hung",
        ),
    ];
    for (status, rule, words) in cases {
        let (refused, said) = judged(&folder, &status, "");
        assert_eq!(refused, [rule], "{said}");
        assert!(said.contains("\ndevice       status.json: would refuse this image\n"), "{said}");
        assert!(said.contains(&format!("\n  {rule:<10} REFUSED  {words}")), "{said}");
    }
    let confirmed = wire::Outcome { ending: OutcomeEnding::Confirmed, ..outcome };
    assert_eq!(judged(&folder, &Status { outcome: Some(confirmed), ..status() }, "").0, [""; 0]);
    assert_eq!(judged(&folder, &Status { bootloader: 0, ..status() }, "").0, ["bootloader"]);
    // The running image, on trial or not, is not refused: a push waits for it.
    let version = outcome.version;
    let running = SlotContent::Image { version, epoch: 3, digest };
    let same = Status { trial: Some(trial), slots: [running, SlotContent::Unfinished], ..status() };
    assert_eq!(judged(&folder, &same, "").0, [""; 0]);

    folder.done(&format!("{SIGN} --lowest-bootloader 2"));
    assert_eq!(judged(&folder, &status(), "").0, ["bootloader"]);
    folder.done(&format!("{SIGN} --bound"));
    assert_eq!(judged(&folder, &status(), "").0, ["slot"]);
    let in_b = Status { running: wire::Slot::B, confirmed: Some(wire::Slot::B), ..status() };
    assert_eq!(judged(&folder, &in_b, "").0, [""; 0]);
}

#[test]
fn with_the_bootloader_the_key_is_judged_as_well() {
    let folder = folder();
    folder.done("keygen other.pem");
    let key = |name: &str| key_files::public(&folder.0.path().join(name)).unwrap().to_bytes();
    let bootloader = |keys: &[[u8; 32]]| folder.put("boot.elf", &Program::bootloader(LARGE, keys, false).elf());
    let with = |status: &Status| judged(&folder, status, "--bootloader boot.elf");
    bootloader(&[key("other.pub.pem"), key("key.pub.pem")]);
    assert_eq!(with(&status()).0, [""; 0]);
    assert_eq!(with(&Status { revoked: 0b01, ..status() }).0, [""; 0]);
    let (refused, said) = with(&Status { revoked: 0b10, ..status() });
    assert_eq!(refused, ["key"]);
    assert!(said.contains(" that signed it was revoked on this device\n"), "{said}");
    bootloader(&[key("other.pub.pem")]);
    let (refused, said) = with(&status());
    assert_eq!(refused, ["key"]);
    assert!(said.contains("no key of this device signed the image"), "{said}");
    // A header with another header's signature.
    folder.done("sign a.elf --version 9.9.9 --key key.pem -o other.img");
    let (mut image, other) = (folder.bytes("a.img"), folder.bytes("other.img"));
    image[0xc0..0x100].copy_from_slice(&other[0xc0..0x100]);
    folder.put("a.img", &image);
    bootloader(&[key("key.pub.pem")]);
    assert_eq!(with(&status()).0, ["key"]);
}

/// The image is not the last one that was rejected, but the device remembers it.
#[test]
fn an_image_in_quarantine_is_refused() {
    let folder = folder();
    let digest = folder.done("inspect a.img --json");
    let digest = serde_json::from_str::<serde_json::Value>(&digest).unwrap()["digest"].to_string();
    let digest: Vec<u8> = (0..10).map(|at| u8::from_str_radix(&digest[1 + 2 * at..][..2], 16).unwrap()).collect();
    let other = Rejection { ending: OutcomeEnding::Invalid, cause: ResetCause::PowerOn, digest: [7; 10] };
    let (ending, cause) = (OutcomeEnding::NotConfirmed, ResetCause::Fault);
    let this = Rejection { ending, cause, digest: digest.try_into().unwrap() };
    let judged = |quarantine: Option<&[Rejection]>| {
        let device = Device::from(&status()).with_quarantine(quarantine);
        folder.put("status.json", serde_json::to_string(&device).unwrap().as_bytes());
        let output = folder.run("inspect a.img --against status.json");
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (accepted, said) = judged(Some(&[other, this]));
    assert!(!accepted, "{said}");
    let words = "\n  quarantine REFUSED  this image was rejected here before: it did not confirm in any of its starts; the \
                 last start ended by a fault or a panic";
    assert!(said.contains(words), "{said}");
    let (accepted, said) = judged(Some(&[other]));
    assert!(accepted && said.contains("\n  quarantine passed   the device does not remember it as rejected"), "{said}");
    let (accepted, said) = judged(None);
    let words = "\n  quarantine unknown  it is not the image that the device rejected last; what it rejected before";
    assert!(accepted && said.contains(words), "{said}");
}

#[test]
fn a_state_is_read_back_as_it_was_recorded() {
    let version = wire::Version { major: 65535, minor: 2, patch: 3, build: u32::MAX };
    for ending in [
        OutcomeEnding::Confirmed,
        OutcomeEnding::FellBack,
        OutcomeEnding::Invalid,
        OutcomeEnding::NotConfirmed,
        OutcomeEnding::Requested,
        OutcomeEnding::Cancelled,
    ] {
        for cause in [
            ResetCause::Unknown,
            ResetCause::PowerOn,
            ResetCause::BrownOut,
            ResetCause::Pin,
            ResetCause::Watchdog,
            ResetCause::Fault,
            ResetCause::Request,
        ] {
            let fault = (cause == ResetCause::Fault).then_some(wire::Fault { pc: u32::MAX, status: 0x8200 });
            let status = Status {
                demo_key: true,
                running: Slot::B.into(),
                trial: Some(Trial { slot: wire::Slot::B, attempts: 1, power_attempts: 255 }),
                slots: [SlotContent::Unfinished, SlotContent::Image { version, epoch: 7, digest: [0xa5; 16] }],
                epoch_floor: u32::MAX,
                revoked: 0b1000_0001,
                outcome: Some(wire::Outcome { ending, slot: wire::Slot::B, cause, version, digest: [0xf0; 16], fault }),
                ..status()
            };
            let quarantine = [Rejection { ending, cause, digest: [0xc3; 10] }; 2];
            for quarantine in [None, Some(&quarantine[..0]), Some(&quarantine[..])] {
                let told = Device::from(&status).with_quarantine(quarantine);
                let read = Device::from_json(&serde_json::to_string(&told).unwrap()).unwrap();
                assert_eq!(read.to_status().unwrap(), status);
                assert_eq!(read.to_quarantine().unwrap().as_deref(), quarantine);
            }
        }
    }
}

#[test]
fn files_that_are_no_recorded_state_say_why() {
    let folder = folder();
    record(&folder, &status());
    let good = String::from_utf8(folder.bytes("status.json")).unwrap();
    let said = folder.failed("inspect a.elf --against status.json");
    assert!(said.starts_with("error: not an image file\n  help: make one from the firmware's ELF file: "), "{said}");
    let cases = [
        (String::new(), "EOF while parsing a value at line 1 column 0"),
        ("{}".to_owned(), "missing field `board` at line 1 column 2"),
        (
            good.replace("stm32f405", "a board with a name that is too long"),
            "board is \"a board with a name that is too long\"",
        ),
        (good.replace("1.0.0", "1.0"), "version is \"1.0\""),
        (good.replace("0101", "01"), "digest is \"0101010101010101\""),
        (good.replace("0101", "01\u{e9}1"), "digest is "),
    ];
    for (text, words) in cases {
        folder.put("status.json", text.as_bytes());
        let said = folder.failed("inspect a.img --against status.json");
        let start = format!("error: status.json cannot be used\n  because: not the state of a device: {words}");
        assert!(said.starts_with(&start), "{said}");
        assert!(
            said.ends_with("\n  help: record a device's state with: lifeboot status --json > status.json\n"),
            "{said}"
        );
    }
}
