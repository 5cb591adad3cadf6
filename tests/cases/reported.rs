//! What a command reported to a program: JSON that meets the command's schema.

use lifeboot_logs::Item;
use lifeboot_report::schemas;
use serde_json::Value;

/// A line of what a command said with `--json`; one that its schema does not describe fails the test.
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
