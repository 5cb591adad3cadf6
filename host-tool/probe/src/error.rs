//! Why a board cannot be flashed through a debug probe.

use miette::Diagnostic;
use probe_rs::flashing::FlashError;
use thiserror::Error;

/// Why a board cannot be flashed through a debug probe.
#[derive(Debug, Error, Diagnostic)]
pub enum ProbeError {
    /// No probe is connected.
    #[error("there is no debug probe")]
    #[diagnostic(help(
        "plug one in: CMSIS-DAP, ST-Link or J-Link; many boards have their own. On Linux a probe may stay hidden without \
         udev rules: https://probe.rs/docs/getting-started/probe-setup"
    ))]
    NoProbe,
    /// The requested probe is not connected.
    #[error("there is no debug probe {selector}")]
    #[diagnostic(help("{}", existing(probes)))]
    Missing {
        /// The requested probe.
        selector: String,
        /// The probes that are connected.
        probes: Vec<String>,
    },
    /// Several probes match.
    #[error("more than one debug probe is connected")]
    #[diagnostic(help("{}", existing(probes)))]
    Several {
        /// The probes that match.
        probes: Vec<String>,
    },
    /// The user may not use the probe.
    #[error("no permission to use the debug probe {probe}")]
    #[diagnostic(help("it needs udev rules: https://probe.rs/docs/getting-started/probe-setup"))]
    Permission {
        /// The probe.
        probe: String,
    },
    /// The text is not the name of a probe.
    #[error("{0} does not name a debug probe")]
    #[diagnostic(help("write VID:PID or VID:PID:SERIAL, for example 0d28:0204"))]
    Selector(String),
    /// probe-rs knows no such chip, or several.
    #[error("probe-rs knows no chip {0}, or several whose names begin so")]
    #[diagnostic(help("give its full name with --chip, as probe-rs chip list or https://probe.rs/targets shows it"))]
    Chip(String),
    /// Nothing says which chip the board has.
    #[error("nothing says which chip board {board} has")]
    #[diagnostic(help(
        "give the board's file: --board BOARD.toml; or --chip, with a name as https://probe.rs/targets shows it"
    ))]
    ChipNeeded {
        /// The board.
        board: &'static str,
    },
    /// The chip does not answer.
    #[error("the probe does not reach a {chip}")]
    #[diagnostic(help(
        "check the board's power and the wires SWDIO, SWCLK and GND, and that no other debugger uses the probe"
    ))]
    Attach {
        /// The chip.
        chip: String,
        /// The reason, as reported by probe-rs.
        source: Box<probe_rs::Error>,
    },
    /// The flash content could not be written as required.
    #[error("the board was not flashed")]
    #[diagnostic(help(
        "take its power away once and flash again; where it fails each time, its flash may be locked against writes, or \
         --chip be another one"
    ))]
    Flash(#[source] Box<FlashError>),
    /// The chip could not be reset.
    #[error("the board could not be reset")]
    #[diagnostic(help("press its reset button, or take its power away once"))]
    Reset(#[source] Box<probe_rs::Error>),
}

impl ProbeError {
    pub(crate) fn flash(error: FlashError) -> Self {
        ProbeError::Flash(error.into())
    }
}

fn existing(probes: &[String]) -> String {
    if probes.is_empty() {
        return "none is connected: plug it in; on Linux it may stay hidden without udev rules: \
                https://probe.rs/docs/getting-started/probe-setup"
            .to_owned();
    }
    format!("give one of these with --probe: {}", probes.join(", "))
}
