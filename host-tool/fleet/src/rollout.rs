//! The core: what is done to which device, and when.
//!
//! | module | does |
//! | --- | --- |
//! | [`Event`], [`Stamped`] | what happens in a rollout: the entries of its log |
//! | [`State`] | what the events say; [`State::apply`] adds one |
//! | [`decide`] | what is to be begun now, what is waited for, and when to look again |
//! | [`Summary`] | a state in numbers, for reports |
//!
//! A driver applies each event to the state and appends it to the log, in this order, before it acts: an event that cannot be
//! is refused by [`State::apply`], and never comes into the log. It then carries out what [`decide`] names, until that names
//! nothing and waits for nothing. After a crash it replays the log and adds [`Event::TakenOver`]; acts that were begun and have
//! not ended are then named again, until the device says what became of it.
//!
//! Rules that always hold:
//!
//! - At most `parallel` devices of a wave are engaged: in flight, or with an end that is not known.
//! - Nothing begins while the rollout is paused, has stopped or is outside its window. After an abort nothing begins
//!   that brings or starts the image: [`Check`](crate::device::Act::Check) asks what became of devices whose end is not known,
//!   and [`Rollback`](crate::device::Act::Rollback) undoes, if the abort says so.
//! - A wave begins only after each wave before it has passed, with its soak; the second one and those behind it only if a device
//!   has confirmed the image, or a person accepts that none has.
//! - A failed line is tried again, and not counted. A device that may have started the image and stays out of reach, for
//!   `silent-after` and five attempts at least, is silent; one on which the image was not started is absent.

mod advance;
mod apply;
mod decide;
mod device_state;
mod due;
mod ended;
mod event;
mod gates;
mod orders;
mod state;
mod stops;
mod summary;
mod wave_state;

pub use apply::ReplayError;
pub use decide::{Decision, Intent, WaitsFor, decide};
pub use device_state::{Device, DeviceState};
pub use event::{Event, EventError, Stamped};
pub use state::State;
pub use stops::{Abort, Failures, Pause};
pub use summary::{Counts, DeviceSummary, Phase, Summary, WaveSummary};
pub use wave_state::{Step, WaveState};
