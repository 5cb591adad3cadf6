//! The tests that are to catch a bug.

use std::time::Duration;

/// A test binary.
#[derive(Clone, Copy, Debug)]
pub enum Binary {
    /// What crosses crates.
    Cases,
    /// The host's serial half, and the device at the other end.
    Serial,
    /// The units of core.
    Core,
    /// The units of the updater.
    Updater,
    /// The units of the wire format.
    Wire,
    /// The format of patches.
    Patch,
}

impl Binary {
    /// Those that the seeded bugs need.
    pub const OF_BUGS: [Binary; 2] = [Binary::Cases, Binary::Serial];

    /// All of them.
    #[cfg(feature = "deep")]
    pub const ALL: [Binary; 6] =
        [Binary::Cases, Binary::Serial, Binary::Core, Binary::Updater, Binary::Wire, Binary::Patch];

    /// What cargo calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Binary::Cases => "lifeboot",
            Binary::Serial => "serial",
            Binary::Core => "lifeboot_core",
            Binary::Updater => "lifeboot_updater",
            Binary::Wire => "lifeboot_wire",
            Binary::Patch => "patch",
        }
    }

    /// Whether it is of a library's own tests.
    pub const fn is_of_units(self) -> bool {
        matches!(self, Binary::Core | Binary::Updater | Binary::Wire)
    }
}

/// When a test will never end: a bug can do that, too.
#[derive(Clone, Copy)]
pub struct Endless {
    /// It has computed for so long. It is the processor's time, so that a busy machine makes no test endless.
    pub computes: Duration,
    /// It has neither ended nor computed that much for so long.
    pub waits: Duration,
}

/// Tests that run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// The journal, over simulated flash that is cut and torn.
    Journal,
    /// The boot policy, and whole lives by chance.
    Boot,
    /// A whole life, cut everywhere, under the oracle's eyes.
    Life,
    /// The same on flash with ECC.
    LifeEcc,
    /// The verifier, and published vectors.
    Verifier,
    /// The updater and its session at the end of a bad line, and a bootloader in recovery mode.
    Line,
    /// A bootloader in recovery mode, its flash looked at after every operation.
    Recovery,
    /// Faults that stay, and bad reads.
    Lasting,
    /// What the bootloader leaves behind.
    Handover,
    /// What an instruction that the bootloader skips may do.
    Skips,
    /// The units of core.
    CoreUnits,
    /// The units of the updater.
    UpdaterUnits,
    /// The units of the wire format.
    WireUnits,
    /// The format of patches.
    Patch,
    /// Bytes in flash and on the line.
    Golden,
    /// The boot policy against a model.
    Policy,
}

impl Suite {
    /// Those that run the code of the host, where a bug can be turned on.
    pub const ON_HOST: [Suite; 8] = [
        Suite::Life,
        Suite::LifeEcc,
        Suite::Line,
        Suite::Journal,
        Suite::Boot,
        Suite::Verifier,
        Suite::Recovery,
        Suite::Lasting,
    ];

    /// Those that boot a bootloader, into which a bug has to be built.
    #[cfg(feature = "deep")]
    pub const REBUILT: [Suite; 2] = [Suite::Handover, Suite::Skips];

    /// When one of its tests will never end. The others take seconds; those that boot a bootloader build it, too.
    pub const fn endless(self) -> Endless {
        let (computes, waits) = match self {
            Suite::Handover | Suite::Skips => (15, 60),
            _ => (1, 10),
        };
        Endless { computes: Duration::from_mins(computes), waits: Duration::from_mins(waits) }
    }

    /// Its test binary.
    pub const fn binary(self) -> Binary {
        match self {
            Suite::Line => Binary::Serial,
            Suite::CoreUnits => Binary::Core,
            Suite::UpdaterUnits => Binary::Updater,
            Suite::WireUnits => Binary::Wire,
            Suite::Patch => Binary::Patch,
            _ => Binary::Cases,
        }
    }

    /// Which tests of the binary are its own, as arguments.
    pub const fn tests(self) -> &'static [&'static str] {
        match self {
            Suite::Journal => &["journal::", "--skip", "fuzz::"],
            Suite::Boot => &["boot::"],
            Suite::Life => &["lives::nrf51"],
            Suite::LifeEcc => &["lives::stm32l476"],
            Suite::Verifier => &["image::", "vectors::", "--skip", "fuzz::"],
            // What is of the host alone takes its own time, and says nothing of a device.
            Suite::Line => &["--skip", "gateway::", "--skip", "fleets::"],
            Suite::CoreUnits | Suite::UpdaterUnits | Suite::WireUnits | Suite::Patch => &[],
            Suite::Golden => &["golden::"],
            Suite::Policy => &["policy::"],
            Suite::Recovery => &["fuzz::recovery::"],
            Suite::Lasting => &["persistence::nrf51", "bad_reads::"],
            Suite::Handover => &["handover::"],
            Suite::Skips => {
                &["skips::altered_payload_b", "skips::epoch", "skips::signature_that", "skips::no_signature"]
            }
        }
    }

    /// Those of them that take most of its time, by parts of their names. They run when all others have passed, since most
    /// bugs are caught before.
    pub const fn slow(self) -> &'static [&'static str] {
        match self {
            Suite::Journal => &[
                "journal::cuts::every_cut_leaves",
                "journal::cuts::two_cuts_in_a_row",
                "journal::cuts::any_appends_and_any_cuts",
                "journal::appends::what_is_appended",
                "journal::settling::a_cut_while_settling",
                "journal::garbage::worn_places",
                "journal::garbage::garbage_in_any_place",
                "journal::dead_units::with_two_units",
            ],
            Suite::Boot => &[
                "boot::cuts::one_cut_and_another",
                "boot::fallback::confirmed_firmware_that_crashes",
                "boot::keys::wherever_the_power",
                "boot::storms::every_order_of_crashes",
                "boot::lives::the_promises_hold",
                "boot::trials::mixtures_are_bounded",
                "boot::fallback::the_last_image",
            ],
            Suite::Verifier => &[
                "image::extremes::lengths_and_addresses",
                "image::contents::every_bit_of_payload",
                "image::header::every_single_bit",
                "image::forms::what_verifies",
                "image::accepted::one_image_runs",
                "image::extremes::each_field",
            ],
            Suite::Line => &[
                "messages::firmware_in_every_state",
                "messages::a_bootloader_in_every_state",
                "resumption::a_push_resumes_wherever",
                "resumption::a_push_goes_on_by_itself",
                "resumption::whatever_interrupts_it",
                "owners::a_host_is_always_answered",
                "patches::a_patch_makes_the_image",
                "deadlines::a_trial_ends_at_its_deadline",
                "floods::a_flood_changes_nothing_and_keeps",
                // In the time of the machine, not of the simulation.
                "adapters::a_push_survives",
                "ports::a_connection_that_is_dropped",
                "ports::a_connection_that_stays",
                "ports::a_serial_port_carries",
                "commands::an_image_is_judged",
                "ports::the_command_pushes",
                "ports::the_port_is_that_of",
                "recovery::over_a_bad_line",
                "recovery::a_loss_of_power",
                "recovery::every_length_of",
                "bad_lines::a_bad_line_costs",
                "bad_lines::an_unbearable_line",
                "floods::a_flood_changes_nothing_for",
                "json::reports_on_a_device",
                "json::a_bootloader_that_answers",
                "keys::the_commands_tell",
                "patches::a_push_gets_through",
                "patches::a_bad_line_costs",
                "errors::the_list_is_as_written",
                "patches::power_may_fail",
                "patches::an_update_as_a_patch_arrives",
            ],
            _ => &[],
        }
    }
}
