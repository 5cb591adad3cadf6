//! Faults that stay: the same fault at each of hundreds of boots, in each state of an update, on every geometry. However long
//! it lasts, the device starts firmware and answers the host, and writes and erases a bounded number of times; and when the
//! fault is gone, the update goes on.

pub mod faulty;
mod machine;

use crate::signed_image::{SignedImage, info};
use faulty::{Faulty, Lasting};
use lifeboot_core::boot::Recovery;
use lifeboot_core::image::Header;
use lifeboot_core::journal::{Journal, SPARE, SPOILT};
use lifeboot_core::record::{CRASH_ATTEMPTS, Cause, POWER_ATTEMPTS, RECORD_LENGTH, Record, Trial};
use lifeboot_core::{Slot, Version};
use lifeboot_tests::chance::Chance;
use lifeboot_tests::geometries::{GEOMETRIES, Geometry};
use lifeboot_tests::simulated_flash::{SimulatedFlash, Tear};
use lifeboot_tests::tier::{Row, one_in};
use lifeboot_updater::Updater;
use machine::{Boot, Firmware, Machine};

/// One in how many of the combinations is tried by default.
const SAMPLE: usize = 40;

/// Boots of each device.
const BOOTS: usize = 300;

const fn torn(bytes: usize, kept: u32) -> Tear {
    Tear { bytes, kept, unsteady: 0 }
}

/// At the first bits, in the middle of a record, near its end, and complete.
const TEARS: [Tear; 5] =
    [torn(0, 0x5555_5555), torn(6, 0x0f3c_a596), torn(32, 0xffff_ffff), torn(124, 0xaaaa_aaaa), torn(usize::MAX, 0)];

fn faults(geometry: &Geometry) -> Vec<Lasting> {
    let units = geometry.board.journal.length / geometry.board.journal_unit;
    let torn = TEARS.into_iter().flat_map(|tear| [Lasting::TornWrites(tear), Lasting::TornErases(tear)]);
    let dead = (0..units).flat_map(|unit| [Lasting::DeafUnit(unit), Lasting::ClearedUnit(unit)]);
    let others = [Lasting::Nothing, Lasting::BrownOut, Lasting::FailingErases, Lasting::FailingWrites];
    torn.chain(dead).chain(others).collect()
}

/// Makes the boot state of the factory another one.
type State = fn(&mut Record);

/// The boot state, with version 1 in slot A and version 2 in slot B.
const STATES: [(&str, State); 10] = [
    ("from the factory", |_| {}),
    ("pending", |record| record.trial = Some(Trial::new(Slot::B))),
    ("on trial", |record| {
        record.trial = Some(Trial { attempts: CRASH_ATTEMPTS - 1, ..Trial::new(Slot::B) });
    }),
    ("at its last attempts", |record| {
        record.trial = Some(Trial { attempts: 1, power_attempts: 1, ..Trial::new(Slot::B) });
    }),
    ("without attempts", |record| {
        record.trial = Some(Trial { attempts: 0, power_attempts: 0, ..Trial::new(Slot::B) });
    }),
    ("confirmed", |record| record.confirmed = Slot::B),
    ("confirmed, its effects pending", |record| (record.confirmed, record.epoch_floor) = (Slot::B, 1)),
    ("rolled back", |record| record.trial = None),
    ("rescued, on trial", |record| (record.lost, record.trial) = (true, Some(Trial::new(Slot::A)))),
    ("rescued in vain", |record| record.lost = true),
];

/// A device in this state; its journal has `left` places left in the newest record's unit, if it was written at all.
fn device(geometry: &'static Geometry, state: State, left: Option<u32>) -> Faulty {
    let board = &geometry.board;
    let flash = SimulatedFlash::new(board);
    let mut flash = if geometry.ecc { flash.with_ecc() } else { flash.write_once() };
    flash.put_info(&info());
    for (slot, major, epoch) in [(Slot::A, 1, 0), (Slot::B, 2, 2)] {
        SignedImage::new(board, 700).release(Version { major, ..Version::default() }, epoch).put(&mut flash, slot);
    }
    let mut record = Record::FACTORY;
    state(&mut record);
    if let Some(left) = left {
        let stride = board.write_size.max(RECORD_LENGTH as u32);
        let places = board.journal_unit / stride;
        // The other unit as the journal leaves it, and this one up to the newest record.
        let old = (0..places - SPARE).map(|place| (board.journal.start + board.journal_unit + place * stride, place));
        let this = (0..places - left).map(|place| (board.journal.start + place * stride, places + place));
        for (place, sequence) in old.chain(this) {
            let state = if sequence + 1 == 2 * places - left { record } else { Record::FACTORY };
            flash.put(place, &state.to_bytes(sequence + 1));
        }
    } else if record != Record::FACTORY {
        Journal::open(&mut flash, board).change(&mut flash, |state| *state = record).unwrap();
    }
    Faulty::new(flash, board)
}

/// What a run of boots added up to.
#[derive(Default)]
struct Sum {
    runs: u32,
    boots: u32,
    died: u32,
    listened: u32,
    most_writes: u32,
    most_erases: u32,
}

/// The most that any lasting fault may cost: each attempt of a trial is counted once, and ends once; torn places and
/// interrupted erases come on top. Confirming firmware tries as often as it is started on trial.
fn bounds(firmware: Firmware) -> (u32, u32) {
    let attempts = u32::from(CRASH_ATTEMPTS + POWER_ATTEMPTS);
    let (spoilt, spare) = (SPOILT, SPARE + 1);
    match firmware {
        Firmware::Confirms => (4 * (attempts + spoilt), attempts + spare + 2),
        _ => (2 * (attempts + spoilt), attempts + spare),
    }
}

fn persist(geometry: &'static Geometry) {
    let name = geometry.board.name;
    let table = Row::begin(format!("{name}, lasting faults"));
    let mut sum = Sum::default();
    let mut failures = Vec::new();
    // Another sample for each geometry.
    let mut chance = Chance::new(name.bytes().map(u64::from).sum());
    for (state_name, state) in STATES {
        for left in [None, Some(SPARE + 2), Some(SPARE), Some(1), Some(0)] {
            for fault in faults(geometry) {
                for firmware in [Firmware::Idle, Firmware::Confirms, Firmware::Crashes, Firmware::Hangs] {
                    for (keeps_ram, pin) in [(true, false), (true, true), (false, false)] {
                        if chance.below(one_in(SAMPLE)) > 0 {
                            continue;
                        }
                        let what = format!(
                            "{name}, {state_name}, {left:?} left, {fault:x?}, {firmware:?}, RAM kept {keeps_ram}, pin {pin}"
                        );
                        let device = device(geometry, state, left);
                        let mut machine = Machine::new(Faulty { fault, ..device }, Cause::PowerOn);
                        (machine.keeps_ram, machine.pin) = (keeps_ram, pin);
                        if let Err(broken) = run(&mut machine, firmware, &mut sum) {
                            failures.push(format!("{broken}: {what}"));
                        } else if let Err(broken) = recover(machine) {
                            failures.push(format!("afterwards, {broken}: {what}"));
                        }
                    }
                }
            }
        }
    }
    let Sum { runs, boots, died, listened, most_writes, most_erases } = sum;
    println!(
        "{name:10} {runs:6} lasting faults, {boots:8} boots: {died:5} without a start, {listened:7} a minute for the host; at \
         most {most_writes:2} writes and {most_erases:2} erases of the journal in a run of {BOOTS}"
    );
    table.end(boots as usize, failures.len());
    failures.truncate(12);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What happened in the boots of a run.
#[derive(Clone, Copy, Default)]
struct Counts {
    /// Boots that lost power before anything was started; and how many of these there were in a row at most.
    died: u32,
    died_in_a_row: u32,
    started: u32,
    listened: u32,
    writes: u32,
    erases: u32,
    /// Boots in which nothing was confirmed, and those in which both images had been rejected besides.
    lost: u32,
    both_rejected: u32,
}

impl Counts {
    /// What `times` repetitions of what happened since `before` add up to.
    fn repeated(self, before: Counts, times: u32) -> Counts {
        let more = |now: u32, then: u32| now + (now - then) * times;
        Counts {
            died: more(self.died, before.died),
            died_in_a_row: self.died_in_a_row,
            started: more(self.started, before.started),
            listened: more(self.listened, before.listened),
            writes: more(self.writes, before.writes),
            erases: more(self.erases, before.erases),
            lost: more(self.lost, before.lost),
            both_rejected: more(self.both_rejected, before.both_rejected),
        }
    }
}

/// Boots again and again with the same fault.
fn boots(machine: &mut Machine, firmware: Firmware) -> Counts {
    let (mut counts, mut seen, mut in_a_row) = (Counts::default(), Vec::new(), 0);
    let board = machine.flash.board;
    let digests = Slot::BOTH.map(|slot| {
        let header = machine.flash.flash.region(board.slot(slot)).first_chunk().map(Header::parse);
        header.expect("a slot").expect("a header").digest
    });
    for boot in 1..=BOOTS {
        let Record { lost, outcomes, .. } = machine.flash.record();
        let rejected = digests.iter().all(|digest| outcomes.have_rejected(digest));
        counts.lost += u32::from(lost);
        counts.both_rejected += u32::from(lost && rejected);
        match machine.run(firmware) {
            Boot::Died => (counts.died, in_a_row) = (counts.died + 1, in_a_row + 1),
            Boot::Started(_) => (counts.started, in_a_row) = (counts.started + 1, 0),
            Boot::Listened(_) => (counts.listened, in_a_row) = (counts.listened + 1, 0),
        }
        counts.died_in_a_row = counts.died_in_a_row.max(in_a_row);
        (counts.writes, counts.erases) = (machine.flash.writes, machine.flash.erases);
        // What follows from a state that was there before is known.
        let state = (machine.state(), in_a_row);
        if let Some(index) = seen.iter().position(|(before, _)| *before == state) {
            let (_, before) = seen[index];
            return counts.repeated(before, ((BOOTS - boot) / (boot - index - 1)) as u32);
        }
        seen.push((state, counts));
    }
    counts
}

/// Checks what is promised however long a fault lasts.
fn run(machine: &mut Machine, firmware: Firmware, sum: &mut Sum) -> Result<(), String> {
    let Counts { died, died_in_a_row, started, listened, writes, erases, lost, both_rejected } =
        boots(machine, firmware);
    sum.runs += 1;
    sum.boots += BOOTS as u32;
    (sum.died, sum.listened) = (sum.died + died, sum.listened + listened);
    // What does not reach flash wears nothing.
    if matches!(
        machine.flash.fault,
        Lasting::Nothing | Lasting::TornWrites(_) | Lasting::TornErases(_) | Lasting::ClearedUnit(_)
    ) {
        (sum.most_writes, sum.most_erases) = (sum.most_writes.max(writes), sum.most_erases.max(erases));
        let (most_writes, most_erases) = bounds(firmware);
        if writes > most_writes || erases > most_erases {
            return Err(format!("{writes} writes and {erases} erases, more than {most_writes} and {most_erases}"));
        }
    }
    // A supply that fails before it changes a single bit, and takes RAM with it, leaves no trace that a boot could learn
    // from: only what needs no write is promised then.
    if machine.flash.fault == Lasting::BrownOut && !machine.keeps_ram {
        return Ok(());
    }
    // A write that is complete when the supply fails has used up an attempt; where nothing is confirmed, each image has some.
    let trials = if lost > 0 { 2 } else { 1 };
    if died_in_a_row > trials * u32::from(POWER_ATTEMPTS) + SPOILT + SPARE + 1 {
        return Err(format!("{died_in_a_row} boots without a start"));
    }
    let alive = BOOTS as u32 - died;
    let crashes = firmware == Firmware::Crashes;
    // A crash loop leaves the host one boot in five; a held pin and rejected firmware leave it every other one.
    let takes_turns = machine.pin || crashes || lost > 0;
    let starts = if takes_turns { alive * 3 / 10 } else { alive * 9 / 10 };
    let minutes = if machine.pin || crashes && lost == 0 { alive / 6 } else { both_rejected / 6 };
    if started < starts || listened < minutes {
        return Err(format!("of {alive} boots {started} starts and {listened} minutes for the host"));
    }
    Ok(())
}

/// The fault is gone: the device boots, confirms, takes a trial and confirms that.
fn recover(mut machine: Machine) -> Result<(), String> {
    let board = machine.flash.board;
    (machine.flash.fault, machine.pin) = (Lasting::Nothing, false);
    let mut running = None;
    for _ in 0..4 {
        running = match machine.run(Firmware::Confirms) {
            Boot::Started(slot) => Some(slot),
            Boot::Listened(Recovery::Crashes | Recovery::LastFirmware | Recovery::Requested) => running,
            other => return Err(format!("{other:?}")),
        };
    }
    let running = running.ok_or("nothing was started")?;
    let confirmed =
        |machine: &mut Machine, slot| !Updater::running_in(slot, &mut machine.flash, board).unwrap().is_trial();
    // What was rejected does not try to confirm without end. A rescue is recorded at any price.
    let is_given_up = Journal::open(&mut machine.flash, board).is_given_up(&mut machine.flash);
    if !(confirmed(&mut machine, running) || machine.flash.record().lost && is_given_up) {
        return Err("it did not confirm".to_owned());
    }
    let epoch_is_right = machine.flash.record().epoch_floor == 0 || running == Slot::A;
    let next = if epoch_is_right { running.other() } else { running };
    Journal::open(&mut machine.flash, board)
        .change(&mut machine.flash, |record| record.trial = Some(Trial::new(next)))
        .map_err(|_| "no trial can be marked")?;
    if machine.run(Firmware::Confirms) != Boot::Started(next) {
        return Err("the next trial was not started".to_owned());
    }
    if !confirmed(&mut machine, next) {
        return Err("the next trial did not confirm".to_owned());
    }
    Ok(())
}

/// Nothing is confirmed, and a start of the trial that cannot be counted is as the one before: so is the confirm.
#[test]
fn nrf51_firmware_that_is_started_without_counting_spares_the_journal() {
    let geometry = &GEOMETRIES[0];
    let on_trial: State = |record| {
        let trial = Trial { attempts: CRASH_ATTEMPTS - 1, ..Trial::new(Slot::B) };
        (record.lost, record.trial) = (true, Some(trial));
    };
    for fault in faults(geometry) {
        for left in [None, Some(1), Some(0)] {
            let device = device(geometry, on_trial, left);
            let mut machine = Machine::new(Faulty { fault, ..device }, Cause::PowerOn);
            machine.keeps_ram = false;
            let ended = run(&mut machine, Firmware::Confirms, &mut Sum::default());
            assert_eq!(ended, Ok(()), "{fault:x?}, {left:?} left");
        }
    }
}

#[test]
fn nrf51() {
    persist(&GEOMETRIES[0]);
}

#[test]
fn nrf52840() {
    persist(&GEOMETRIES[1]);
}

#[test]
fn stm32f405() {
    persist(&GEOMETRIES[2]);
}

#[test]
fn stm32l476() {
    persist(&GEOMETRIES[3]);
}

#[test]
fn rp2040() {
    persist(&GEOMETRIES[4]);
}

#[test]
fn stm32h7() {
    persist(&GEOMETRIES[5]);
}

#[test]
fn stm32f411_16_times_smaller() {
    persist(&GEOMETRIES[6]);
}
