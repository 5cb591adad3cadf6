//! The list of errors: command lines, run with the real binary, and their exact output. `host.txt` has errors that need
//! no device, `serial.txt` those of a device or the way to one; a test in `host` checks that no error is missing in
//! both.
//!
//! `LIFEBOOT_BLESS=1 cargo test -p lifeboot-host-tool` writes the files; a change shows up in the review.

use lifeboot_report::Failure;
use miette::Diagnostic;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Output;

/// Errors in the order in which they are listed.
#[derive(Default)]
pub struct List {
    text: String,
    names: Vec<(String, &'static str)>,
}

impl List {
    /// Begins a chapter.
    pub fn chapter(&mut self, name: &str) {
        let space = if self.text.is_empty() { "" } else { "\n" };
        let _ = write!(self.text, "{space}{name}\n{}\n", "=".repeat(name.len()));
    }

    /// Adds the output of a failed command, with its circumstances.
    pub fn add(&mut self, circumstances: &str, line: &str, output: &Output) {
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        let status = output.status.code().unwrap_or_else(|| panic!("{line}: ended by a signal"));
        self.add_text(circumstances, line, &said, status);
    }

    /// As [`add`](Self::add), for a program that has a terminal.
    pub fn add_text(&mut self, circumstances: &str, line: &str, said: &str, status: i32) {
        assert!([1, 2].contains(&status), "{line}: exit status {status}\n{said}");
        assert!(!said.contains("panicked") && !said.contains('\u{1b}'), "{line}: {said}");
        let is_whole = status == 2 || said.contains("\n  help: ");
        assert!(is_whole, "{line}: says nothing of what to do\n{said}");
        let _ =
            write!(self.text, "\n{circumstances}:\n    lifeboot {line}\nexit status {status}\n{}\n", said.trim_end());
    }

    /// Adds an error that no command line causes on every machine: its text, as it would be shown.
    pub fn add_words(&mut self, circumstances: &str, error: &dyn Diagnostic) {
        let said = Failure::new(error).to_string();
        assert!(said.contains("\n  help: "), "says nothing of what to do\n{said}");
        let _ = write!(self.text, "\n{circumstances}:\n{said}\n");
    }

    /// Replaces a text that differs in each run by a name.
    pub fn name(&mut self, now: String, written: &'static str) {
        self.names.push((now, written));
    }

    /// Compares the list with the committed file.
    pub fn compare(mut self, name: &str) {
        for (now, written) in &self.names {
            self.text = self.text.replace(now.as_str(), written);
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors").join(name);
        if std::env::var_os("LIFEBOOT_BLESS").is_some() {
            fs::write(&path, &self.text).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        for (said, expected) in self.text.split("\n\n").zip(expected.split("\n\n")) {
            assert_eq!(said, expected, "{name}");
        }
        assert_eq!(self.text, expected, "{name}");
    }
}
