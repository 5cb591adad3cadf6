//! Keys: what a device reports of them, and what the host reports before a confirm ends something irreversibly.

use crate::device::{Device, Firmware};
use crate::images::{Recipe, id, key, next_key};
use crate::line::Wire;
use crate::ports::{carry, lifeboot, listener};
use crate::pushes::{push_to, recipe};
use crate::reported::{assert_as_written, assert_text_as_written, line, lines};
use ed25519_dalek::Signer;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::device;
use lifeboot_client::push::{ConfirmEffect, Options, Progress, PushError, Step, Until, push};
use lifeboot_core::Slot;
use lifeboot_core::image::SIGNED_LENGTH;
use lifeboot_core::record::Cause;
use lifeboot_example_boards::MICROBIT;
use lifeboot_report::Keys;
use lifeboot_wire::Refusal;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// What a push reports of the confirm, and its steps, in order.
#[derive(Default)]
struct Reported(Vec<String>);

impl Progress for Reported {
    fn step(&mut self, step: Step) {
        self.0.push(format!("{step:?}"));
    }

    fn confirm_effect(&mut self, confirm_effect: &ConfirmEffect) {
        self.0.push(confirm_effect.to_string());
    }
}

/// The image that ends key 1, signed by key 2.
fn revoking(minor: u16) -> ImageFile {
    recipe(&MICROBIT, minor, 5000).image_by(&next_key(), &[id(&key())])
}

/// What a push reports before it sends anything.
fn reported(wire: &Wire, image: &ImageFile) -> Vec<String> {
    let mut reported = Reported::default();
    let options = Options { until: Until::Pending, ..Options::default() };
    push(&mut wire.link(), image, &options, &mut reported).unwrap();
    let sending = reported.0.iter().position(|step| step == "Beginning").unwrap();
    let (before, after) = reported.0.split_at(sending);
    assert!(!after.iter().any(|step| step.contains("after the confirm")), "told too late: {after:?}");
    before.iter().filter(|step| step.starts_with("after the confirm")).cloned().collect()
}

#[test]
fn what_a_confirm_ends_is_reported_before_anything_is_sent() {
    let (first, second) = (hex(&id(&key())), hex(&id(&next_key())));
    let fresh = || Wire::to(Device::new(&MICROBIT));
    let next = recipe(&MICROBIT, 1, 5000);
    assert_eq!(reported(&fresh(), &next.image()), [""; 0]);
    let higher = Recipe { epoch: 4, ..next };
    let no_way_back = "after the confirm the device cannot go back to 1.0.0: epoch 0 < 4".to_owned();
    assert_eq!(reported(&fresh(), &higher.image()), std::slice::from_ref(&no_way_back));
    let signer = format!(
        "after the confirm the device cannot go back to 1.0.0: this image revokes key {first}, which signed it"
    );
    let gone = format!("after the confirm the device never again takes what key {first} signed; one key is left");
    assert_eq!(reported(&fresh(), &revoking(1)), [signer.clone(), gone.clone()]);
    assert_eq!(reported(&fresh(), &higher.image_by(&next_key(), &[id(&key())])), [no_way_back, signer, gone]);
    // A key that nothing here was signed by, and one that the device does not hold.
    let other = format!("after the confirm the device never again takes what key {second} signed; one key is left");
    assert_eq!(reported(&fresh(), &next.image_by(&key(), &[id(&next_key()), [9; 4]])), [other]);
    assert_eq!(reported(&fresh(), &next.image_by(&key(), &[[9; 4]])), [""; 0]);
    // What was revoked before is no news.
    let wire = fresh();
    push_to(&wire, &revoking(1)).unwrap();
    assert_eq!(reported(&wire, &revoking(2)), [""; 0]);
}

fn keys(wire: &Wire) -> Keys {
    let (status, keys) = device::keys(&mut wire.link()).unwrap();
    Keys::of_device(&status, &keys, &[(id(&key()), "first.pub.pem".into())])
}

/// The text output of the keys, without the lines of the table.
fn shown(wire: &Wire) -> Vec<String> {
    let text = keys(wire).to_string();
    let rows = text.lines().filter(|line| line.starts_with('|'));
    rows.skip(1).map(|row| row.split('|').map(str::trim).collect::<Vec<_>>().join(" | ").trim().to_owned()).collect()
}

#[test]
fn a_device_says_what_became_of_its_keys() {
    let (first, second) = (hex(&id(&key())), hex(&id(&next_key())));
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(1, Firmware::Unsure);
    let wire = Wire::to(device);
    let fresh = [
        format!("| {first} | first.pub.pem | accepted | 1.0.0 in slot A, which runs |"),
        format!("| {second} |  | accepted |  |"),
    ];
    assert_eq!(shown(&wire), fresh);
    // On trial, nothing is revoked; after a rollback, it never is.
    let options = Options { until: Until::Pending, ..Options::default() };
    push(&mut wire.link(), &revoking(1), &options, &mut ()).unwrap();
    device::reset(&mut wire.link(), Duration::from_secs(30)).unwrap();
    let waiting = [
        format!("| {first} | first.pub.pem | accepted, until 1.1.0 is confirmed | 1.0.0 in slot A |"),
        format!("| {second} |  | accepted | 1.1.0 in slot B, which runs |"),
    ];
    assert_eq!(shown(&wire), waiting);
    device::rollback(&mut wire.link(), Duration::from_secs(30)).unwrap();
    assert_eq!(shown(&wire)[0], fresh[0]);
    push_to(&wire, &recipe(&MICROBIT, 2, 5000).image()).unwrap();
    // Confirmed, it is; and what that key signed is refused.
    push_to(&wire, &revoking(3)).unwrap();
    let revoked = [
        format!("| {first} | first.pub.pem | revoked irreversibly | 1.2.0 in slot B |"),
        format!("| {second} |  | accepted | 1.3.0 in slot A, which runs |"),
    ];
    assert_eq!(shown(&wire), revoked);
    let error = push_to(&wire, &recipe(&MICROBIT, 4, 5000).image()).unwrap_err();
    assert!(matches!(&error, PushError::Refused(refused) if refused.refusal == Refusal::RevokedKey), "{error}");
    // A host that holds no session is answered, too.
    wire.link().ask(&lifeboot_wire::Command::Confirm, lifeboot_client::link::Retry::MEDIUM).unwrap();
    assert_eq!(shown(&wire), revoked);
}

/// Runs a command at a device that `wire` makes.
fn at(wire: impl FnOnce() -> Wire + Send + 'static, arguments: &[&str]) -> std::process::Output {
    let (listener, port) = listener();
    let server = thread::spawn(move || {
        let mut wire = wire();
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        carry(&mut wire, &mut stream);
    });
    let output = lifeboot(&[arguments, &["--port", &port]].concat());
    server.join().unwrap();
    output
}

fn updated() -> Wire {
    let wire = Wire::to(Device::new(&MICROBIT));
    push_to(&wire, &revoking(1)).unwrap();
    wire
}

#[test]
fn the_commands_tell_a_person_and_a_program() {
    let output = at(updated, &["keys"]);
    assert_text_as_written("tests/serial/keys/revoked.txt", &String::from_utf8(output.stdout).unwrap());
    let output = at(updated, &["keys", "--json"]);
    assert_as_written("tests/serial/json/keys.json", &line("keys", &output), "", "");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("next.img");
    let image = Recipe { epoch: 4, ..recipe(&MICROBIT, 1, 5000) }.image_by(&next_key(), &[id(&key())]);
    std::fs::write(&path, image.to_bytes()).unwrap();
    let path = path.to_str().unwrap();
    let fresh = || Wire::to(Device::new(&MICROBIT));
    let pushed = at(fresh, &["push", path, "--no-wait"]);
    let said = String::from_utf8(pushed.stderr).unwrap();
    assert!(said.contains("\nwarning: after the confirm the device cannot go back to 1.0.0: epoch 0 < 4\n"), "{said}");
    let events = lines("push", &at(fresh, &["push", path, "--no-wait", "--json"]));
    let told = events.iter().filter(|event| event["event"] == "confirm_effect").count();
    assert_eq!(told, 3, "{events:?}");
    inspected(Path::new(path), fresh);
}

/// The same by `inspect`, before there is any push.
fn inspected(image: &Path, fresh: fn() -> Wire) {
    let path = image.to_str().unwrap();
    let output = at(fresh, &["inspect", path]);
    let said = String::from_utf8(output.stdout).unwrap();
    let (first, second) = (hex(&id(&key())), hex(&id(&next_key())));
    assert_eq!(output.status.code(), Some(0), "{said}");
    for line in [
        format!("revokes      {first} irreversibly, once it is confirmed"),
        format!("  key        passed   key {second} signed it, and the device accepts that key"),
        format!("  revocation passed   it revokes {first}, and not the key that signed it"),
        "  after the confirm the device cannot go back to 1.0.0: epoch 0 < 4".to_owned(),
    ] {
        assert!(said.lines().any(|said| said == line), "{line:?} is missing in\n{said}");
    }
    // By the key that is revoked there, and by one that it does not hold.
    let others = [
        (key(), "was revoked on this device"),
        (ed25519_dalek::SigningKey::from_bytes(&[9; 32]), "no key of this device signed the image"),
    ];
    for (key, words) in others {
        std::fs::write(image, recipe(&MICROBIT, 2, 5000).image_by(&key, &[]).to_bytes()).unwrap();
        let output = at(updated, &["inspect", path]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("  key        REFUSED  ") && said.contains(words), "{said}");
    }
}

#[test]
fn a_bootloader_that_answers_keeps_to_the_keys_that_are_left() {
    let wire = updated();
    {
        let mut bench = wire.bench_mut();
        let now = bench.now;
        for slot in Slot::BOTH {
            bench.device.flash.put(MICROBIT.slot(slot).start + MICROBIT.header_length, &[0; 64]);
        }
        bench.device.reset(now, Cause::PowerOn);
        assert!(bench.device.is_in_recovery());
    }
    let (first, second) = (hex(&id(&key())), hex(&id(&next_key())));
    let rows = [
        format!("| {first} | first.pub.pem | revoked irreversibly | 1.0.0 in slot A |"),
        format!("| {second} |  | accepted | 1.1.0 in slot B |"),
    ];
    assert_eq!(shown(&wire), rows);
    let refused = |image: &ImageFile| match push_to(&wire, image) {
        Err(PushError::Refused(refused)) => refused.refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&recipe(&MICROBIT, 2, 5000).image()), Refusal::RevokedKey);
    assert_eq!(refused(&owning()), Refusal::OwnKey);
    push_to(&wire, &recipe(&MICROBIT, 2, 5000).image_by(&next_key(), &[])).unwrap();
    let after = [
        format!("| {first} | first.pub.pem | revoked irreversibly |  |"),
        format!("| {second} |  | accepted | 1.2.0 in slot A, which runs; 1.1.0 in slot B |"),
    ];
    assert_eq!(shown(&wire), after);
}

/// An image that revokes its own key: no signer of ours makes one, so its header is made by hand.
fn owning() -> ImageFile {
    let mut bytes = recipe(&MICROBIT, 2, 5000).image_by(&next_key(), &[[9; 4]]).to_bytes();
    bytes[0x60..0x64].copy_from_slice(&id(&next_key()));
    let signature = next_key().sign(&bytes[..SIGNED_LENGTH]).to_bytes();
    bytes[SIGNED_LENGTH..][..64].copy_from_slice(&signature);
    ImageFile::from_bytes(&bytes).unwrap()
}
