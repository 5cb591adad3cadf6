//! A command's JSON output: each line meets the command's schema, and equals the committed file.
//!
//! `LIFEBOOT_BLESS=1 cargo test -p lifeboot-host-tool` writes the files; a change shows up in the review.

use lifeboot_logs::Item;
use lifeboot_report::schemas;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;

/// The lines on stdout, which all meet the schema of the command.
pub fn lines(command: &str, output: &Output) -> Vec<Value> {
    let (_, schema) =
        schemas::<Item>().into_iter().find(|(name, _)| *name == command).expect("the command has a schema");
    let validator = jsonschema::draft202012::new(schema.as_value()).unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(text.ends_with('\n'), "{command}: {text:?}");
    let parse = |line: &str| {
        let value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{command}: {error} in {line}"));
        if let Err(error) = validator.validate(&value) {
            panic!("{command}: {error} in {line}");
        }
        value
    };
    text.lines().map(parse).collect()
}

/// The only line.
pub fn line(command: &str, output: &Output) -> Value {
    let mut lines = lines(command, output);
    assert_eq!(lines.len(), 1, "{command}: {lines:?}");
    lines.remove(0)
}

/// Compares a value with a file of this package; `now` is text that differs in each run, and `written` its replacement.
pub fn assert_as_written(path: &str, value: &Value, now: &str, written: &str) {
    let mut text = serde_json::to_string_pretty(value).unwrap() + "\n";
    if !now.is_empty() {
        text = text.replace(now, written);
    }
    assert_text_as_written(path, &text);
}

/// Compares a text with a file of this package.
pub fn assert_text_as_written(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("LIFEBOOT_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(text, expected, "{}", path.display());
}
