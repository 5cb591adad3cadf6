//! A random rollout.

use crate::device::{Device, Fate, Runs};
use crate::random::Random;
use lifeboot_fleet::definition::{AbsentRule, Definition, Flow, ImageName, Limit, RolloutId, Rules, Wave};
use lifeboot_fleet::device::DeviceId;
use lifeboot_fleet::window::{Window, Zone};
use std::time::Duration;

/// 2024-01-01, a Monday, 00:00 UTC.
pub const START: u64 = 1_704_067_200_000;
pub const MINUTE: u64 = 60_000;

pub struct Setup {
    pub definition: Definition,
    pub devices: Vec<Device>,
    /// How many in a million steps of the driver are its last.
    pub kills: u64,
    /// How many in a thousand events are followed by an order of a person's.
    pub orders: u64,
    /// Whether persons go on after any failures.
    pub takes_risks: bool,
}

pub fn setup(devices: u64, random: &mut Random) -> Setup {
    let waves = random.within(1, 6).min(devices);
    let flow = random.one_of(&[Flow::Update, Flow::Update, Flow::StageFirst]);
    let absent = random.one_of(&[AbsentRule::Skip, AbsentRule::Wait, AbsentRule::Fail]);
    let window = random.happens(300).then(|| Window {
        days: [true, true, random.happens(500), true, false, random.happens(500), true],
        opens: random.within(0, 1440) as u16,
        minutes: random.within(30, 1000) as u16,
        zone: Zone::Utc(random.within(0, 1400) as i16 - 700),
    });
    let mut left = devices;
    let waves = (0..waves).map(|number| {
        let rest = waves - number - 1;
        let count = if rest == 0 { left } else { random.within(1, (left - rest) / 2 + 2).min(left - rest) };
        let first = devices - left;
        left -= count;
        Wave {
            name: format!("wave {number}"),
            devices: (first..first + count).map(|device| DeviceId(format!("{device:08x}"))).collect(),
            parallel: random.within(1, 12) as u32,
            max_failures: match random.happens(500) {
                true => Limit::Count(random.within(0, 5) as u32),
                false => Limit::Percent(random.within(0, 40) as u8),
            },
            min_finished: random.within(0, 12) as u32,
            soak: Duration::from_millis(random.one_of(&[0, MINUTE, 60 * MINUTE])),
            approve: random.happens(250),
        }
    });
    let waves = waves.collect();
    // In some fleets all is well, in others the image is bad.
    let bad = random.one_of(&[0, 20, 100, 900]);
    let noise = random.one_of(&[0, 30, 200]);
    let devices = (0..devices).map(|_| device(bad, noise, random)).collect();
    let rules = Rules { silent_after: Duration::from_secs(random.within(0, 600)), absent, window };
    let image = ImageName { version: "1.2.3".to_owned(), digest: "00".repeat(32), board: "sim".to_owned(), map: 1 };
    let rollout = RolloutId::new("sim").unwrap();
    let definition = Definition { rollout, images: vec![image], flow, waves, rules };
    let takes_risks = random.happens(200);
    Setup {
        definition,
        devices,
        takes_risks,
        kills: random.one_of(&[0, 5000, 40_000]),
        orders: random.one_of(&[0, 5, 30]),
    }
}

fn device(bad: u64, noise: u64, random: &mut Random) -> Device {
    let fate = match random.happens(bad) {
        false => Fate::Good,
        true => {
            let late = Fate::FallsBack(random.within(1, 90 * MINUTE));
            random.one_of(&[Fate::Bad, Fate::Bad, Fate::Deadly, Fate::Refused, late])
        }
    };
    let there_from = match random.happens(bad / 4) {
        false => 0,
        true => random.one_of(&[START + 20 * MINUTE, START + 600 * MINUTE, u64::MAX]),
    };
    // One in twenty has a line that cuts off most of what is tried.
    let noise = if noise > 0 && random.happens(50) { 950 } else { noise };
    Device { fate, there_from, runs: Runs::Old, is_staged: false, was_confirmed: false, noise }
}
