//! A key is rotated out: by the real bootloader with two keys in its table, over resets and losses of power.

use super::{Host, connect, push, status};
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::keys::PrivateKey;
use lifeboot_client::device::{self, DeviceError};
use lifeboot_client::push::PushError;
use lifeboot_core::KeyIds;
use lifeboot_core::Slot;
use lifeboot_report::{KeyState, Keys};
use lifeboot_tests::bench::{runs, version};
use lifeboot_tests::emulator::stm32f4::chip::{Reset, Settings};
use lifeboot_tests::product::{self, STM32F405};
use lifeboot_wire::{self as wire, Refusal};
use std::time::Duration;

/// An image of the example firmware by this key, that revokes others.
fn image(features: &[&str], major: u16, key: &PrivateKey, revokes: &[[u8; 4]]) -> ImageFile {
    let elf = product::firmware(&STM32F405, Slot::A, features).unwrap();
    let revokes = KeyIds::new(revokes).unwrap();
    product::sign_revoking(&STM32F405, &elf, (version(major), 0), key, revokes).unwrap()
}

/// The keys as `lifeboot keys` reports them: the id, and its state.
fn keys(host: &mut Host) -> Vec<(String, KeyState)> {
    let (status, keys) = device::keys(host).unwrap();
    Keys::of_device(&status, &keys, &[]).keys.into_iter().map(|key| (key.id, key.state)).collect()
}

fn refused(host: &mut Host, image: &ImageFile) -> Refusal {
    match push(host, image) {
        Err(PushError::Refused(refused)) => refused.refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_is_revoked_by_the_confirm_of_an_image_and_by_nothing_less() {
    let (first, first_file) = product::demo_key("demo").unwrap();
    let (second, second_file) = product::demo_key("next").unwrap();
    let bootloader = product::bootloader(&STM32F405, &[first_file, second_file]).unwrap();
    let flash = product::factory_flash(&STM32F405, &bootloader, &image(&[], 1, &first, &[])).unwrap();
    // A fast watchdog, as in tests of firmware that hangs.
    let mut host = connect(&flash, &Settings { lsi: 470_000, ..Settings::default() });
    let [old, new] = [&first, &second].map(|key| key.public().id());
    let both = [(hex(&old), KeyState::Accepted), (hex(&new), KeyState::Accepted)];
    assert_eq!(keys(&mut host), both);

    // Firmware that fails revokes no key.
    let bad = image(&["panic-later"], 2, &second, &[old]);
    assert!(matches!(push(&mut host, &bad), Err(PushError::RolledBack { .. })));
    runs(&status(&mut host), wire::Slot::A, version(1)).unwrap();
    assert_eq!(keys(&mut host), both);
    push(&mut host, &image(&[], 3, &first, &[])).unwrap();
    runs(&status(&mut host), wire::Slot::B, version(3)).unwrap();

    // Firmware that confirms does.
    let rotated = image(&[], 4, &second, &[old]);
    push(&mut host, &rotated).unwrap();
    runs(&status(&mut host), wire::Slot::A, version(4)).unwrap();
    let only = [(hex(&old), KeyState::Revoked), (hex(&new), KeyState::Accepted)];
    assert_eq!(keys(&mut host), only);
    assert_eq!(refused(&mut host, &image(&[], 5, &first, &[])), Refusal::RevokedKey);
    // Nor is a rollback to that key's image possible.
    let failure = device::rollback(&mut host, Duration::from_secs(30)).unwrap_err();
    assert!(matches!(&failure, DeviceError::Refused(refused) if refused.refusal == Refusal::RevokedKey), "{failure}");

    // The same after a reset, and after a loss of power.
    host.pipe().chip().reset(Reset::Pin);
    runs(&status(&mut host), wire::Slot::A, version(4)).unwrap();
    assert_eq!(keys(&mut host), only);
    let flash = host.pipe().chip().flash();
    host.pipe().chip().power_cycle(&flash, 9).unwrap();
    runs(&status(&mut host), wire::Slot::A, version(4)).unwrap();
    assert_eq!(keys(&mut host), only);
    assert_eq!(refused(&mut host, &image(&[], 5, &first, &[])), Refusal::RevokedKey);
    // And an image by the remaining key is accepted.
    push(&mut host, &image(&[], 6, &second, &[])).unwrap();
    runs(&status(&mut host), wire::Slot::B, version(6)).unwrap();
    assert_eq!(keys(&mut host), only);
}
