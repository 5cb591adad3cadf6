//! What a rollout costs, in devices visited by fold and decisions: near linear, so each device is visited a bounded number of
//! times, however many there are.

use crate::device::Fate;
use crate::driver::Mistake;
use crate::random::Random;
use crate::setup::setup;
use crate::world::World;

/// Visits for each device, in a rollout of so many.
fn visits(devices: u64, mistake: Mistake) -> u64 {
    let mut random = Random::new(1);
    let mut setup = setup(devices, &mut random);
    for device in &mut setup.devices {
        (device.noise, device.there_from, device.fate) = (20, 0, Fate::Good);
    }
    setup.definition.rules.window = None;
    (setup.kills, setup.orders, setup.takes_risks) = (0, 0, true);
    let figures = World::run(setup, random, mistake).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{devices} devices: {} events, {} visits", figures.events, figures.visited);
    figures.visited / devices
}

#[test]
fn visits_grow_with_the_devices_and_not_with_their_square() {
    let [few, many] = [625, 5000].map(|devices| visits(devices, Mistake::None));
    assert!(few < 20 && many <= few + 2, "for each device: {few}, {many}");
}

#[test]
fn a_decision_that_looks_at_all_devices_is_noticed() {
    let [few, many] = [125, 500].map(|devices| visits(devices, Mistake::Slow));
    assert!(many > 3 * few, "for each device: {few}, {many}");
}
