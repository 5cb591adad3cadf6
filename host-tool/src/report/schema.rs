//! What a program can expect of each command: JSON schemas (draft 2020-12) of the lines that `--json` prints.
//!
//! They stand in the folder `schemas/`, a file a command; a test compares them with what is described here.

use super::*;
use crate::monitor::Item;
use schemars::Schema;
use schemars::generate::SchemaSettings;

/// A line on stdout: a report of the command, or its failure.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "a description of lines, not a line")]
enum Line<T> {
    Report(T),
    Failure(Failure),
}

/// How a push goes on, and what happens to its connection meanwhile.
type Event = Either<PushEvent, Record>;

/// A record of a monitor.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description of records, not a record")]
struct Record {
    /// Seconds since the port was opened.
    at: f64,
    #[serde(flatten)]
    item: Item,
}

/// The commands, and what each line of theirs is.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    let schemas = vec![
        ("keygen", lines::<Keygen>()),
        ("sign", lines::<Either<SignedImage, ToSign>>()),
        ("inspect", lines::<Either<Inspected, FirmwareElf>>()),
        ("diff", lines::<Difference>()),
        ("doctor", lines::<Diagnosis>()),
        ("provision", lines::<Provisioned>()),
        ("flash", lines::<Flashed>()),
        ("run", lines::<Either<Event, Either<Pushed, Flashed>>>()),
        ("push", lines::<Either<Event, Pushed>>()),
        ("monitor", lines::<Either<Record, Monitored>>()),
        ("watch", lines::<Either<Event, Either<WatchEvent, Watched>>>()),
        ("status", lines::<Device>()),
        ("keys", lines::<Keys>()),
        ("confirm", lines::<Running>()),
        ("rollback", lines::<Running>()),
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
    // As written: a field that may be null is there all the same.
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Line<T>>()
}
