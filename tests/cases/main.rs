//! One binary, linked once; each module shows one thing.

// Builds that must fail: no key, a weak one, the wrong SHA-2.
mod build;
// What depending on the updater does to an application's other crates.
mod dependence;
// One build fits both slots.
mod product;
// The file of the first flash, and cargo's runner, by the commands that a user types.
mod first_flash;
// The guide for one's own firmware, followed to the letter.
#[cfg(feature = "every-change")]
mod guide;
// Five boards that no source names, each from a project to an update.
#[cfg(feature = "every-change")]
mod own_boards;
// The README's first update, typed as it says.
mod first_update;
// What it costs: flash, RAM, instructions, erases, time; printed, limited, and compared with the committed figures.
mod figures;
// The emulated board: refusals.
mod refusals;
// The emulated board: updates, trials, rollbacks, power cuts.
mod update;
// All emulated boards: every kind of misbehaving firmware on trial.
#[cfg(feature = "deep")]
mod misbehaving;
// The emulated board: updates that are sent as a patch of what runs.
mod patches;

/// Device ids, as hosts read them.
mod device_ids;
// Emulated boards in recovery mode.
mod recovery;
// The emulated boards: recovery mode on request.
mod recovery_requested;
// The emulated board: what firmware finds at its first instruction.
mod handover;
// The emulated board: a watchdog that runs since before the reset.
mod running_watchdog;
// The emulated board: power is lost at every flash operation of an update.
mod stm32f405;
mod sweep;
// The real bootloader with each instruction left out in turn: does a bad image start?
mod skips;
// The compact verifier's field arithmetic: its machine code is proved, and code with an error is not.
mod field_proof;
// The bootloader's own assembly, called with extreme numbers and ranges.
mod runtime;
// The emulated Raspberry Pi Pico: updates over both ports, and power cuts.
mod pico;

// A rollout to all three.
mod fleets;
// Two of them behind the gateway, with a fleet server from PyPI.
#[cfg(feature = "every-change")]
mod gateway;

// The live commands, in a terminal and without one.
mod terminal;
// The README's pictures of a terminal, compared with the commands' output.
mod pictures;
// What a reader of a page types, and what it then says.
mod page;
// The pages, compared with what they describe.
mod pages;

// The firmware's log, for tests that check it.
mod log;

// The bench's own flash: it keeps the rules of real flash.
mod simulated_flash;
// Bytes in flash and on the line that must never change.
mod golden;
// The compact verifier against big integers, curve25519-dalek and sha2.
mod compact;
// Published vectors of Ed25519 and SHA-256, through Lifeboot's own functions.
mod vectors;
// The verifier: what it accepts, and that everything else is refused for the right reason.
mod image;
// The journal: after any interruption, the old or the new boot record is found.
mod journal;
// Faults that stay: the same fault at each of hundreds of boots.
mod persistence;
// One bad read in a boot.
mod bad_reads;
// The boot policy, with real signed images.
mod boot;

// Random bytes, and those of a coverage-guided fuzzer, into everything that reads bytes.
mod fuzz;

// The boot policy: every record, slot content and reset cause, against a model.
mod policy;
// Whole lives on every geometry, cut at every flash operation and torn in every way, checked by an oracle.
mod linkers;
mod lives;

// What these modules share: signed images for flash, bytes as text, and JSON output.
mod hex;
mod reported;
mod signed_image;
