//! Descriptions of a device's state and of outcomes.

use crate::state::{is_on_trial, running_content};
use crate::text::escaped;
use lifeboot_core::Version;
use lifeboot_wire::{Fault, Outcome, OutcomeEnding, Recovery, Rejection, ResetCause, SlotContent, Status};

/// Describes what runs, in a few words.
pub fn running(status: &Status) -> String {
    let state = if is_on_trial(status) { "on trial" } else { "confirmed" };
    match status.recovery {
        Some(Recovery::NothingStarts) => {
            return "the bootloader, in recovery mode since no slot can be started".to_owned();
        }
        Some(Recovery::Requested) => return "the bootloader, in recovery mode as requested".to_owned(),
        Some(Recovery::Crashes) if status.confirmed.is_some() => {
            return "the bootloader, in recovery mode since the confirmed firmware crashes again and again".to_owned();
        }
        Some(Recovery::LastFirmware | Recovery::Crashes) => {
            return "the bootloader, in recovery mode since only rejected or crashing firmware is left".to_owned();
        }
        None => {}
    }
    match running_content(status) {
        SlotContent::Image { version, .. } => {
            format!("{} in slot {:?}, {state}", Version::from(version), status.running)
        }
        _ => format!("slot {:?}, which holds no image", status.running),
    }
}

/// Describes how an update ended.
pub fn ending(outcome: &Outcome) -> String {
    let Outcome { slot, version, ending, .. } = outcome;
    let version = Version::from(*version);
    match ending {
        OutcomeEnding::Confirmed => format!("{version} in slot {slot:?} was confirmed"),
        OutcomeEnding::FellBack => {
            format!("{version} in slot {slot:?} was started because the confirmed slot could not be")
        }
        OutcomeEnding::Cancelled => format!("{version} in slot {slot:?} was cancelled before it had confirmed"),
        OutcomeEnding::Staged => format!("{version} in slot {slot:?} was staged, to be activated later"),
        OutcomeEnding::Invalid | OutcomeEnding::NotConfirmed | OutcomeEnding::Requested => {
            format!("{version} in slot {slot:?} was rejected: {}", reason(outcome))
        }
    }
}

/// Describes why an image was rejected.
pub fn reason(outcome: &Outcome) -> String {
    let crash = outcome.fault.map(|fault| format!("; the last start crashed: {}", crash(&fault)));
    why(outcome.ending, &crash.unwrap_or_else(|| last_start(outcome.cause).to_owned()))
}

/// Describes why an image in quarantine was rejected.
pub fn earlier_reason(rejection: &Rejection) -> String {
    why(rejection.ending, last_start(rejection.cause))
}

/// Describes where firmware crashed and, if its core reports it, how.
fn crash(fault: &Fault) -> String {
    match fault.status {
        0 => format!("fault at {:#010x}", fault.pc),
        status => format!("fault at {:#010x}, status {status:#010x}", fault.pc),
    }
}

fn last_start(cause: ResetCause) -> &'static str {
    match cause {
        ResetCause::Unknown => "",
        ResetCause::PowerOn => "; the last start ended by a loss of power",
        ResetCause::BrownOut => "; the last start ended by a brown-out",
        ResetCause::Pin => "; the last start ended by the reset pin or a debugger",
        ResetCause::Watchdog => "; the last start ended by the watchdog: it hung",
        ResetCause::Fault => "; the last start ended by a fault or a panic",
        ResetCause::Request => "; the last start ended by a reset that it requested",
    }
}

fn why(ending: OutcomeEnding, last_start: &str) -> String {
    match ending {
        OutcomeEnding::Confirmed => "it was confirmed".to_owned(),
        OutcomeEnding::FellBack => format!("the confirmed slot could not be started{last_start}"),
        OutcomeEnding::Invalid => "it did not verify when it was to be started".to_owned(),
        OutcomeEnding::NotConfirmed => format!("it did not confirm in any of its starts{last_start}"),
        OutcomeEnding::Requested => "the firmware or a host requested a rollback".to_owned(),
        OutcomeEnding::Cancelled => "it was cancelled before it had confirmed".to_owned(),
        OutcomeEnding::Staged => "it was staged, to be activated later".to_owned(),
    }
}

/// Returns a board's name, as headers and devices carry it; what cannot be part of a name is written out.
pub fn board_name(bytes: &[u8; 16]) -> String {
    escaped(String::from_utf8_lossy(bytes).trim_end_matches('\0'))
}
