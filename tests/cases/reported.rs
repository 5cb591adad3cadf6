//! A command's JSON output, which must meet the command's schema.

use lifeboot_logs::Item;
use lifeboot_report::schemas;
use serde_json::Value;

/// Parses a line of a command's output with `--json`. A line that does not meet the schema fails the test.
pub fn read(command: &str, line: &str) -> Value {
    let (_, schema) =
        schemas::<Item>().into_iter().find(|(name, _)| *name == command).expect("the command has a schema");
    let validator = jsonschema::draft202012::new(schema.as_value()).unwrap();
    let value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{command}: {error} in {line}"));
    if let Err(error) = validator.validate(&value) {
        panic!("{command}: {error} in {line}");
    }
    value
}
