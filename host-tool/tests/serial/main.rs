//! The host tool's serial half against a simulated device: the real updater, session and boot policy over flash in
//! memory, at the other end of a line that has a rate and faults. Time is simulated, so nothing waits.

/// Flash in memory, which tears what a power cut interrupts.
mod flash;

/// A board: bootloader, firmware, watchdog.
mod device;

/// Its bootloader in recovery mode.
mod recovering;

/// Its serial port, as drivers offer it.
mod serial_port;

/// The line between them, and the host's pipe.
mod line;

/// Signed images.
mod images;

/// Pushes over a good line: what is sent, what is skipped, and the outcome.
mod pushes;

/// Pushes over bad lines: never a wrong byte.
mod bad_lines;

/// Firmware that is async.
mod async_firmware;

/// Patches: what they make, when they are sent, and how bad ones are handled.
mod patches;

/// Patches as a hostile host sends them.
mod hostile_patches;

/// Hosts that vanish, devices that lose their power, and what is left to do afterwards.
mod resumption;

/// What a host is answered, by the session itself.
mod answers;

/// Two hosts, and hostile ones.
mod hosts;

/// A bootloader in recovery mode: pushes to it, what it refuses, what a bad line or a loss of power do to it.
mod recovery;

/// A host that sends arbitrary messages.
mod stranger;

/// Devices that report arbitrary numbers.
mod hostile_device;

/// Every message in every state.
mod messages;

/// Lines that take nothing, fail or have ended, for a day: deadlines and restarts.
mod deadlines;

/// Flash drivers that do not fit, and flash that is not as blank as it must be.
mod drivers;

/// Flash that the updater shares with the application's storage, and flash that it hands back.
mod sharing;

/// A host and the application, which start operations in each other's way.
mod owners;

/// Floods, halves of frames, silence, hosts that talk at once.
mod floods;

/// Frames that were damaged in transit.
mod damaged;

/// Flash that changes between check and use.
mod between;

/// Recordings of a good push, replayed.
mod replays;

/// Status, confirm, cancel, rollback, reset.
mod requests;
mod rescues;

/// Images that are staged, and activated later.
mod staging;

// Keys: what a device reports of them, revocation, and what is reported before it.
mod keys;

/// A command's JSON output, checked.
#[path = "../reported/mod.rs"]
mod reported;

/// The JSON output of the commands that talk to a device.
mod json;

/// Ports: what cannot be opened, and TCP.
mod ports;

/// Commands to devices at ports: several devices, other maps, images that are judged.
mod commands;

/// USB adapters: which one, and those that come back.
mod adapters;

/// The list of errors, here and in `host`.
#[path = "../errors/mod.rs"]
mod error_list;

/// The list of errors that a device, or the way to one, causes.
mod errors;

/// Answers that cannot be read, and the ports that are asked.
mod asked;

/// The first signal ends every command that waits for a device.
#[cfg(unix)]
mod stops;

/// What a link reports while it waits, and that a wait can be cancelled.
mod waits;

/// A fleet: devices that are found by their ids, what is done to them, and rollouts.
mod fleets;

/// The command that serves a fleet, which runs on Unix.
#[cfg(unix)]
mod gateway;
