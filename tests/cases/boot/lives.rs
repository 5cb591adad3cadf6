//! Random lives of devices: updates, confirms, crashes, losses of power at any operation. The design's invariants
//! (section 7) hold at every boot.

use super::{Device, Started, firmware};
use lifeboot_core::Slot;
use lifeboot_core::record::{CRASH_ATTEMPTS, Cause, POWER_ATTEMPTS, Trial};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::Cut;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Event {
    /// The running firmware takes an update of this epoch, marks it and resets.
    Update { epoch: u32 },
    /// The running firmware confirms.
    Confirm,
    /// The device is reset.
    Reset { cause: u8 },
}

fn events() -> impl Strategy<Value = Vec<(Event, Option<(u32, Cut)>)>> {
    let event = prop_oneof![
        2 => (0_u32..6).prop_map(|epoch| Event::Update { epoch }),
        2 => Just(Event::Confirm),
        4 => (0_u8..=6).prop_map(|cause| Event::Reset { cause }),
    ];
    let inside = (0_usize..20, any::<u32>()).prop_map(|(words, mask)| Cut::Inside { words, mask });
    let cut = (0_u32..3, prop_oneof![Just(Cut::Before), inside]);
    prop::collection::vec((event, prop::option::weighted(0.3, cut)), 1..50)
}

/// An observer's knowledge of a device.
struct Observer {
    /// The slot whose confirm succeeded last.
    confirmed: Slot,
    /// The epoch floor that was seen last.
    floor: u32,
    /// Starts of the trial under way: after crashes, after losses of power.
    starts: (u8, u8),
}

impl Observer {
    fn saw(&mut self, device: &mut Device, started: Started, cause: Cause) {
        let record = device.record();
        assert_eq!(record.confirmed, self.confirmed, "what was confirmed is the default");
        assert!(record.epoch_floor >= self.floor, "the epoch floor fell");
        self.floor = record.epoch_floor;
        match started {
            Started::Recovery(_) | Started::FellBack(_) => panic!("the confirmed image is whole"),
            Started::Confirmed(slot) => assert_eq!(slot, self.confirmed),
            Started::Trial(slot) => {
                assert_eq!(slot, self.confirmed.other());
                if cause.is_power_loss() {
                    self.starts.1 += 1
                } else {
                    self.starts.0 += 1
                }
                assert!(self.starts.0 <= CRASH_ATTEMPTS && self.starts.1 <= POWER_ATTEMPTS, "{:?}", self.starts);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_promises_hold(board in prop::sample::select(BOARDS.to_vec()), events in events()) {
        let mut device = Device::from_factory(board);
        let mut observer = Observer { confirmed: Slot::A, floor: 0, starts: (0, 0) };
        let mut started = device.boot(Cause::PowerOn);
        for (major, (event, cut)) in (2..).zip(events) {
            let running = match started {
                Started::Trial(slot) | Started::Confirmed(slot) => slot,
                Started::Recovery(_) | Started::FellBack(_) => panic!("the confirmed image is whole"),
            };
            let mut cause = Cause::Request;
            if let Some((operation, cut)) = cut {
                device.flash.cut(operation, cut);
            }
            match event {
                Event::Update { epoch } if started == Started::Confirmed(running) => {
                    device.put(running.other(), &firmware(board, major, epoch));
                    observer.starts = (0, 0);
                    let mut journal = lifeboot_core::journal::Journal::open(&mut device.flash, board);
                    let trial = Some(Trial::new(running.other()));
                    let _ = journal.change(&mut device.flash, |record| record.trial = trial);
                }
                Event::Update { .. } => {
                    device.flash.power_on();
                    continue;
                }
                Event::Confirm => {
                    let confirmed = device.confirm(running);
                    // A confirm that was cut short may be durable nevertheless; one that succeeded must be.
                    let powered = device.flash.is_powered();
                    device.flash.power_on();
                    if confirmed.is_ok() || device.record().confirmed == running {
                        observer.confirmed = running;
                    }
                    prop_assert!(confirmed.is_err() || device.record().confirmed == running);
                    if powered {
                        started = Started::Confirmed(running);
                        continue;
                    }
                    cause = Cause::PowerOn;
                }
                Event::Reset { cause: number } => cause = Cause::from_byte(number).unwrap(),
            }
            if !device.flash.is_powered() {
                device.flash.power_on();
                cause = Cause::PowerOn;
            }
            started = device.boot(cause);
            if !device.flash.is_powered() {
                // Power was lost in the boot, before anything was started: boot again.
                device.flash.power_on();
                cause = Cause::BrownOut;
                started = device.boot(cause);
            }
            observer.saw(&mut device, started, cause);
        }
        device.assert_used_well();
    }
}
