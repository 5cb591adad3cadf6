//! All rules hold in many hundreds of rollouts.

use crate::device::Fate;
use crate::driver::Mistake;
use crate::random::Random;
use crate::setup::setup;
use crate::world::{Figures, World};
use lifeboot_fleet::definition::Limit;

/// Runs the rollout of a seed.
pub fn run(seed: u64, devices: u64, mistake: Mistake) -> Result<Figures, String> {
    let mut random = Random::new(seed);
    let setup = setup(devices, &mut random);
    World::run(setup, random, mistake).map_err(|broken| format!("{broken} (seed {seed}, {devices} devices)"))
}

fn add(all: &mut Figures, one: Figures) {
    all.devices += one.devices;
    all.events += one.events;
    all.visited += one.visited;
    all.kills += one.kills;
    all.orders += one.orders;
    all.stops += one.stops;
    all.set_back += one.set_back;
    all.most_running = all.most_running.max(one.most_running);
    all.most_hurt = all.most_hurt.max(one.most_hurt);
    all.bound_reached += one.bound_reached;
    for (state, count) in one.states {
        *all.states.entry(state).or_default() += count;
    }
}

fn show(what: &str, rollouts: u64, figures: &Figures) {
    println!("{what}: {rollouts} rollouts: {figures:?}");
}

#[test]
fn small_rollouts_replayed_after_each_event() {
    // Thousands take minutes.
    let rollouts = std::env::var("LIFEBOOT_ROLLOUTS").map_or(600, |count| count.parse().expect("a number"));
    let mut all = Figures::default();
    for seed in 0..rollouts {
        let one = run(seed, 1 + seed % 40, Mistake::None);
        add(&mut all, one.unwrap_or_else(|broken| panic!("{broken}")));
    }
    show("small", rollouts, &all);
    // It would prove little if nothing had happened.
    assert!(
        all.kills > 500 && all.orders > 500 && all.stops > 100 && all.bound_reached > 20 && all.set_back > 20,
        "{all:?}"
    );
    assert_eq!(all.states.len(), 7, "each end is seen: {:?}", all.states);
}

#[test]
fn larger_rollouts() {
    const ROLLOUTS: u64 = 20;
    let mut all = Figures::default();
    for seed in 0..ROLLOUTS {
        let one = run(10_000 + seed, 200 + seed * 10, Mistake::None);
        add(&mut all, one.unwrap_or_else(|broken| panic!("{broken}")));
    }
    show("larger", ROLLOUTS, &all);
}

#[test]
fn ten_thousand_devices() {
    let mut random = Random::new(4);
    let mut setup = setup(10_000, &mut random);
    for wave in &mut setup.definition.waves {
        (wave.max_failures, wave.min_finished, wave.approve) = (Limit::Percent(5), 20, false);
    }
    setup.definition.waves[0].max_failures = Limit::Count(0);
    setup.definition.waves[0].min_finished = 1;
    for device in &mut setup.devices {
        (device.noise, device.there_from) = (20, 0);
        device.fate = if random.happens(10) { random.one_of(&[Fate::Bad, Fate::Deadly]) } else { Fate::Good };
    }
    (setup.kills, setup.orders, setup.takes_risks) = (200, 0, true);
    let figures = World::run(setup, random, Mistake::None).unwrap_or_else(|broken| panic!("{broken}"));
    show("ten thousand devices", 1, &figures);
    assert_eq!(figures.states.values().sum::<u64>(), 10_000);
    assert!(figures.states["confirmed"] > 9_500 && figures.kills > 0, "{figures:?}");
}
