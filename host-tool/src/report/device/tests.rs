//! Devices, described.

use super::*;
use lifeboot_updater::wire::{Outcome, ResetCause, Slot, Status, Trial};

fn status() -> Status {
    let version = wire::Version { major: 1, minor: 2, patch: 3, build: 0 };
    let newer = wire::Version { minor: 3, patch: 0, ..version };
    let mut board = [0; 16];
    board[..8].copy_from_slice(b"microbit");
    Status {
        wire: 1,
        board,
        bootloader: 1,
        demo_key: true,
        running: Slot::B,
        confirmed: Slot::A,
        trial: Some(Trial { slot: Slot::B, attempts: 2, power_attempts: 10 }),
        slots: [
            SlotContent::Image { version, epoch: 4, digest: [0xab; 16] },
            SlotContent::Image { version: newer, epoch: 5, digest: [0xcd; 16] },
        ],
        epoch_floor: 4,
        revoked: 0b101,
        outcome: Some(Outcome {
            ending: OutcomeEnding::NotConfirmed,
            slot: Slot::B,
            cause: ResetCause::Watchdog,
            version,
            digest: [1; 16],
        }),
        window: 1024,
        chunk: 544,
        unit: 1024,
        boot: Some(wire::Boot { cause: ResetCause::Watchdog, start: wire::Start::Trial, verification: 870 }),
        recovery: None,
    }
}

#[test]
fn a_device_is_described() {
    assert_eq!(
        Device::from(&status()).to_string(),
        "\
microbit, bootloader format 1
+------+---------+-------+----------------------------------+----------------+
| slot | version | epoch | digest                           | standing       |
+============================================================================+
| A    | 1.2.3   | 4     | abababababababababababababababab | confirmed      |
| B    | 1.3.0   | 5     | cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd | runs, on trial |
+------+---------+-------+----------------------------------+----------------+
trial        slot B: 2 starts left after a crash, 10 after a loss of power
epoch floor  4 and up are started
revoked keys 1, 3
last update  1.2.3 in slot B was rejected: it did not confirm in any of its starts; the last start
             ended by the watchdog: it hung
             its digest is 01010101010101010101010101010101
last boot    started on trial, after a reset by the watchdog; verified in 870 ms
warning      this bootloader was built with a demo key: it protects nothing"
    );
    assert_eq!(running(&status()), "1.3.0 in slot B, on trial");
}

#[test]
fn a_device_with_little_to_tell_is_described() {
    let slots = [status().slots[0], SlotContent::Empty];
    let status = Status {
        slots,
        running: Slot::A,
        trial: None,
        outcome: None,
        revoked: 0,
        demo_key: false,
        boot: None,
        ..status()
    };
    assert_eq!(
        Device::from(&status).to_string(),
        "\
microbit, bootloader format 1
+------+---------+-------+----------------------------------+-----------------+
| slot | version | epoch | digest                           | standing        |
+=============================================================================+
| A    | 1.2.3   | 4     | abababababababababababababababab | runs, confirmed |
| B    |         |       |                                  | empty           |
+------+---------+-------+----------------------------------+-----------------+
trial        none
epoch floor  4 and up are started
revoked keys none
last update  none yet
last boot    the firmware does not tell"
    );
}

#[test]
fn the_longest_description_is_a_hundred_columns_wide() {
    let version = wire::Version { major: u16::MAX, minor: u16::MAX, patch: u32::MAX, build: u32::MAX };
    let slot = SlotContent::Image { version, epoch: u32::MAX, digest: [0xab; 16] };
    let outcome = status().outcome.map(|outcome| Outcome { version, ..outcome });
    let trial = Some(Trial { slot: Slot::B, attempts: u8::MAX, power_attempts: u8::MAX });
    let status = Status { slots: [slot, SlotContent::Unfinished], epoch_floor: u32::MAX, outcome, trial, ..status() };
    let text = Device::from(&status).to_string();
    assert!(text.contains("unfinished"), "{text}");
    for line in text.lines() {
        assert!(line.len() <= 100 && line.is_ascii(), "{} columns: {line}", line.len());
    }
}

#[test]
fn a_rejected_image_is_called_so_where_it_lies() {
    let outcome = status().outcome.unwrap();
    let SlotContent::Image { version, epoch, .. } = status().slots[1] else { unreachable!() };
    let rejected = SlotContent::Image { version, epoch, digest: outcome.digest };
    let status = Status { slots: [status().slots[0], rejected], running: Slot::A, trial: None, ..status() };
    let text = Device::from(&status).to_string();
    assert!(text.contains("| 01010101010101010101010101010101 | rejected "), "{text}");
}
