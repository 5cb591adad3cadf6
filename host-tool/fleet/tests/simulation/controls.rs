//! Each rule is broken on purpose, and that is noticed.

use crate::driver::Mistake;
use crate::rollouts::run;

/// Runs the rollouts of the tests with a mistake, until this rule is seen to be broken.
fn is_noticed(mistake: Mistake, rule: &str) {
    let mut broken = (0..800).filter_map(|seed| run(seed, 1 + seed % 40, mistake).err());
    match broken.find(|broken| broken.starts_with(rule)) {
        Some(broken) => println!("{mistake:?} is noticed: {broken}"),
        None => panic!("{mistake:?} is not noticed"),
    }
}

#[test]
fn more_in_flight_than_parallel() {
    is_noticed(Mistake::Parallel, "parallel: ");
}

#[test]
fn an_act_outside_the_window() {
    is_noticed(Mistake::Window, "window: ");
}

#[test]
fn an_act_after_a_pause_or_an_abort() {
    is_noticed(Mistake::Pause, "stop: ");
    is_noticed(Mistake::Abort, "stop: ");
}

#[test]
fn a_wave_that_begins_too_early() {
    is_noticed(Mistake::Soak, "soak: ");
    is_noticed(Mistake::Approval, "approval: ");
}

#[test]
fn more_devices_hurt_than_computed() {
    is_noticed(Mistake::Limit, "blast radius: ");
}

#[test]
fn a_device_that_is_lost() {
    is_noticed(Mistake::End, "device lost: acts are waited for");
}

#[test]
fn a_confirm_that_no_device_gave() {
    is_noticed(Mistake::Trust, "confirm: ");
}

#[test]
fn a_log_without_an_event() {
    is_noticed(Mistake::Log, "replay: ");
}

#[test]
fn a_decision_that_names_too_much_is_refused_by_the_fold() {
    is_noticed(Mistake::Eager, "fold: ");
}

#[test]
fn a_decision_that_is_another_one_the_second_time() {
    is_noticed(Mistake::Unsteady, "idempotence: ");
}
