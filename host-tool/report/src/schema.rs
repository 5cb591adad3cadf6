//! JSON schemas (draft 2020-12) of the lines that each command prints with `--json`.
//!
//! They are in the folder `schemas/`, a file for each command; a test compares the files with the types here.

use crate::bootloader::BuiltBootloader;
use crate::device::{Cancelled, Device, Running};
use crate::devices::FoundDevices;
use crate::diagnosis::Diagnosis;
use crate::difference::Difference;
use crate::each::{DeviceEvent, Each};
use crate::either::Either;
use crate::failure::Failure;
use crate::firmware::FirmwareElf;
use crate::flash::{Flashed, Provisioned};
use crate::gateway::GatewayReport;
use crate::image::{Inspected, Keygen, SignedImage, ToSign};
use crate::keys::Keys;
use crate::map::FlashMap;
use crate::monitor::Monitored;
use crate::new_project::SetUp;
use crate::ports::Ports;
use crate::push::{Activated, PushEvent, Pushed};
use crate::rollout::{Rollout, RolloutEvent, RolloutPlan, Rollouts};
use crate::shell::{Completions, ManFiles, ManPage};
use crate::watch::{WatchEvent, Watched};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

/// A line on stdout: a report of the command, or a failure.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "a description of lines, not a line")]
enum Line<T> {
    Report(T),
    Failure(Failure),
}

/// The progress of a push, and events of its connection.
type Event<I> = Either<PushEvent, Record<I>>;

/// The report on one device, or on each of several.
type OneOrEach<R> = Either<R, Either<DeviceEvent, Each<R>>>;

/// A record of a monitor.
#[derive(JsonSchema)]
#[schemars(rename = "Record")]
#[expect(dead_code, reason = "a description of records, not a record")]
struct Record<I> {
    /// Seconds since the port was opened.
    at: f64,
    #[serde(flatten)]
    item: I,
}

/// Returns the commands, each with the schema of its lines. `I` is the content of a monitor's record, without its time.
pub fn schemas<I: JsonSchema>() -> Vec<(&'static str, Schema)> {
    let schemas = vec![
        ("new", lines::<SetUp>()),
        ("keygen", lines::<Keygen>()),
        ("sign", lines::<Either<SignedImage, ToSign>>()),
        ("inspect", lines::<Either<Inspected, FirmwareElf>>()),
        ("diff", lines::<Difference>()),
        ("doctor", lines::<Diagnosis>()),
        ("bootloader", lines::<BuiltBootloader>()),
        ("provision", lines::<Provisioned>()),
        ("flash", lines::<Flashed>()),
        ("run", lines::<Either<Event<I>, Either<Pushed, Flashed>>>()),
        ("push", lines::<Either<Event<I>, OneOrEach<Pushed>>>()),
        ("activate", lines::<Either<Event<I>, OneOrEach<Activated>>>()),
        ("monitor", lines::<Either<Record<I>, Monitored>>()),
        ("watch", lines::<Either<Event<I>, Either<WatchEvent, Watched>>>()),
        ("map", lines::<FlashMap>()),
        ("ports", lines::<Ports>()),
        ("status", lines::<OneOrEach<Device>>()),
        ("keys", lines::<Keys>()),
        ("confirm", lines::<Running>()),
        ("cancel", lines::<Cancelled>()),
        ("rollback", lines::<Running>()),
        ("rollout", lines::<Either<RolloutEvent, Either<Either<Rollout, Rollouts>, RolloutPlan>>>()),
        ("gateway", lines::<GatewayReport>()),
        ("devices", lines::<FoundDevices>()),
        ("reset", lines::<Running>()),
        ("completions", lines::<Completions>()),
        ("man", lines::<Either<ManPage, ManFiles>>()),
    ];
    let titled = |(command, mut schema): (&'static str, Schema)| {
        schema.insert("title".to_owned(), format!("A line of lifeboot {command} --json").into());
        (command, schema)
    };
    schemas.into_iter().map(titled).collect()
}

fn lines<T: JsonSchema>() -> Schema {
    // Describes the serialised form: a field that may be null is always present.
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Line<T>>()
}
