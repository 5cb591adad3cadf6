//! The host tool's serial half against a simulated device: the real updater, session and boot policy over flash in
//! memory, at the other end of a line that has a rate and faults. Time is simulated, so nothing waits.

/// Flash in memory, which tears what a power cut interrupts.
mod flash;

/// A board: bootloader, firmware, watchdog.
mod device;

/// Its bootloader, where that answers itself.
mod recovering;

/// Its serial port, as drivers offer it.
mod serial_port;

/// The line between them, and the pipe that the host holds.
mod line;

/// Signed images.
mod images;

/// Pushes over a good line: what is sent, what is skipped, what comes of it.
mod pushes;

/// Pushes over bad lines: never a wrong byte.
mod bad_lines;

/// Firmware that is async.
mod async_firmware;

/// Patches: what they make, when they are sent, and what becomes of bad ones.
mod patches;

/// Patches as a hostile host sends them.
mod hostile_patches;

/// Hosts that vanish, devices that lose their power, and what is left to do afterwards.
mod resumption;

/// Two hosts, and hostile ones.
mod hosts;

/// A bootloader in recovery mode: pushes to it, what it refuses, what a bad line or a loss of power do to it.
mod recovery;

/// A host that says what it wants.
mod stranger;

/// Every message in every state.
mod messages;

/// Floods, halves of frames, silence, hosts that talk at once.
mod floods;

/// Frames that were damaged on their way.
mod damaged;

/// Flash that changes between check and use.
mod between;

/// Recordings of a good push, played again.
mod replays;

/// Status, confirm, rollback, reset.
mod requests;

// Keys: what a device says of them, revocation, and what is told before it.
mod keys;

/// What a command reported to a program, checked.
#[path = "../reported/mod.rs"]
mod reported;

/// What the commands that talk to a device report to a program.
mod json;

/// Ports: what cannot be opened, and TCP.
mod ports;

/// USB adapters: which one, and those that come back.
mod adapters;

/// What is listed of errors, here and in `host`.
#[path = "../errors/mod.rs"]
mod error_list;

/// The list of errors that a device, or the way to one, brings about.
mod errors;

/// What a link says while it waits, and that it can be called off.
mod waits;
