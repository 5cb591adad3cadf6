//! Descriptions of devices.

use super::*;
use lifeboot_client::describe::running;
use lifeboot_example_boards::MICROBIT;
use lifeboot_wire::{self as wire, OutcomeEnding, SlotContent};
use lifeboot_wire::{Outcome, ResetCause, Slot, Status, Trial};

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
        confirmed: Some(Slot::A),
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
            fault: None,
        }),
        window: 1024,
        chunk: 544,
        map: 0x9520_9187,
        boot: Some(wire::Boot { cause: ResetCause::Watchdog, start: wire::Start::Trial, verification: 870 }),
        recovery: None,
        journal_failing: Some(false),
    }
}

#[test]
fn a_device_is_described() {
    assert_eq!(
        Device::from(&status()).with_board(Some(&MICROBIT)).to_string(),
        "\
microbit, bootloader format 1
+------+---------+-------+----------------------------------+----------------+
| slot | version | epoch | digest                           | state          |
+============================================================================+
| A    | 1.2.3   | 4     | abababababababababababababababab | confirmed      |
| B    | 1.3.0   | 5     | cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd | runs, on trial |
+------+---------+-------+----------------------------------+----------------+
flash map    95209187
trial        slot B: 2 starts left after a crash, 10 after a loss of power
epoch floor  4 and up are started
revoked keys 1, 3
last update  1.2.3 in slot B was rejected: it did not confirm in any of its starts; the last start
             ended by the watchdog: it hung
             its digest is 01010101010101010101010101010101
quarantine   the device does not tell
last boot    started on trial, after a reset by the watchdog; verified in 870 ms
max stall    up to 48 ms at a time during a push, typically, if its flash driver waits
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
        Device::from(&status).with_quarantine(Some(&[])).with_board(Some(&MICROBIT)).to_string(),
        "\
microbit, bootloader format 1
+------+---------+-------+----------------------------------+-----------------+
| slot | version | epoch | digest                           | state           |
+=============================================================================+
| A    | 1.2.3   | 4     | abababababababababababababababab | runs, confirmed |
| B    |         |       |                                  | empty           |
+------+---------+-------+----------------------------------+-----------------+
flash map    95209187
trial        none
epoch floor  4 and up are started
revoked keys none
last update  none yet
quarantine   empty
last boot    the firmware does not tell
max stall    up to 48 ms at a time during a push, typically, if its flash driver waits"
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

#[test]
fn a_crash_and_the_quarantine_are_told() {
    let fault = Some(wire::Fault { pc: 0x0001_2abc, status: 0x0000_8200 });
    let crashed = status().outcome.map(|outcome| Outcome { cause: ResetCause::Fault, fault, ..outcome });
    let SlotContent::Image { version, epoch, .. } = status().slots[1] else { unreachable!() };
    let slots = [status().slots[0], SlotContent::Image { version, epoch, digest: [3; 16] }];
    let status = Status { slots, running: Slot::A, trial: None, outcome: crashed, ..status() };
    let rejected = |byte, ending, cause| wire::Rejection { ending, cause, digest: [byte; 10] };
    let quarantine = [
        rejected(2, OutcomeEnding::NotConfirmed, ResetCause::Watchdog),
        rejected(3, OutcomeEnding::Requested, ResetCause::Unknown),
        rejected(4, OutcomeEnding::Invalid, ResetCause::PowerOn),
    ];
    let text = Device::from(&status).with_quarantine(Some(&quarantine)).to_string();
    assert!(
        text.contains(
            "\
last update  1.2.3 in slot B was rejected: it did not confirm in any of its starts; the last start
             crashed: fault at 0x00012abc, status 0x00008200
             its digest is 01010101010101010101010101010101
quarantine   02020202020202020202: it did not confirm in any of its starts; the last start ended by
             the watchdog: it hung
             03030303030303030303: the firmware or a host requested a rollback
             04040404040404040404: it did not verify when it was to be started
last boot "
        ),
        "{text}"
    );
    // The quarantine also marks an image in a slot as rejected.
    assert!(text.contains("| 03030303030303030303030303030303 | rejected "), "{text}");
    // A core without a fault status, such as Armv6-M, shows none.
    let outcome = status.outcome.map(|outcome| Outcome { fault: Some(wire::Fault { pc: 0, status: 0 }), ..outcome });
    let text = Device::from(&Status { outcome, ..status }).to_string();
    assert!(text.contains("crashed: fault at 0x00000000\n"), "{text}");
}

#[test]
fn a_boards_name_stays_a_name() {
    let status = Status { board: *b"pic\x1b[2J\nerror: \x1b", ..status() };
    let device = Device::from(&status);
    assert!(device.to_string().starts_with("pic\\x1b[2J\\nerror: \\x1b, bootloader format 1\n"), "{device}");
    let status = Status { board: *b"pi\xc2\x9b2J\0\0\0\0\0\0\0\0\0\0", ..status };
    assert_eq!(Device::from(&status).board, "pi\\u{9b}2J");
}
