//! Where the commands' words go: results to stdout, for a person or with `--json` for a program; warnings, progress and
//! errors to stderr. Colour and bars are for terminals only, and colour only without `NO_COLOR`.

use crate::error::Error;
use anstream::stream::IsTerminal;
use anstyle::{AnsiColor, Style};
use lifeboot_project::files::FileError;
use lifeboot_report::{Failure, Report};
use std::fmt::Display;
use std::io::{self, Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Who reads stdout.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    pub fn new(json: bool) -> Output {
        Output { json }
    }

    /// Whether a program reads stdout.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Says something on the way to the result, a line of its own; a report that has a field `event`.
    pub fn event(self, event: &impl Report) {
        // If it cannot be printed, the result cannot either, and that is an error.
        let _ = self.print(event);
    }

    /// Says something on the way that may have colours, as long as somebody reads it.
    ///
    /// # Errors
    /// Nobody does.
    pub fn stream(self, event: &impl Report) -> io::Result<()> {
        if self.json { writeln!(stdout(), "{}", event.json()) } else { writeln!(anstream::stdout(), "{event}") }
    }

    /// Says something that a program gets with the result.
    pub fn print_for_people(self, text: impl Display) {
        if !self.json {
            let _ = print(text);
        }
    }

    /// Says what came of a command. With `--json`, an error goes to stdout as well, and to stderr as always.
    pub fn end(self, result: Result<impl Report, Error>) -> ExitCode {
        let printed = result.and_then(|report| {
            self.print(&report).map_err(|source| FileError::Write { path: PathBuf::from("stdout"), source }.into())
        });
        let Err(error) = printed else { return ExitCode::SUCCESS };
        let failure = Failure::new(&error);
        self.fail(&failure);
        note(coloured(&failure));
        ExitCode::FAILURE
    }

    fn print(self, report: &impl Report) -> io::Result<()> {
        if self.json { print(report.json()) } else { print(report) }
    }

    /// Says what came of a command whose report may itself be bad news: then its exit status is that of a failure.
    pub fn judged<R: Report>(self, result: Result<R, Error>, is_good: impl FnOnce(&R) -> bool) -> ExitCode {
        let is_good = result.as_ref().map_or(true, is_good);
        let ended = self.end(result);
        if is_good { ended } else { ExitCode::FAILURE }
    }

    /// Tells a program of an error.
    pub fn fail(self, failure: &Failure) {
        if self.json {
            let _ = print(failure.json());
        }
    }
}

/// Says what a person should know, whatever comes of the command.
pub fn warn(text: impl Display) {
    let style = style(AnsiColor::Yellow);
    note(format_args!("{style}warning{style:#}: {text}"));
}

/// Says something to a person, a line of its own. Where stderr is closed, there is nobody to say it to.
pub fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Whether what goes to stderr may move the cursor.
pub fn has_terminal() -> bool {
    stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// Prints a line. A reader that closed stdout wants no more of it: that is no error.
fn print(line: impl Display) -> io::Result<()> {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

fn style(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into())).bold()
}

/// A failure's text, its words in front coloured; on no terminal the colours are taken out again.
fn coloured(failure: &Failure) -> String {
    let mut text = failure.to_string();
    for (word, colour) in [("error", AnsiColor::Red), ("  because", AnsiColor::Cyan), ("  help", AnsiColor::Green)] {
        let style = style(colour);
        let lines = text.lines().map(|line| match line.strip_prefix(word).filter(|rest| rest.starts_with(": ")) {
            Some(rest) => format!("{style}{word}{style:#}{rest}"),
            None => line.to_owned(),
        });
        text = lines.collect::<Vec<_>>().join("\n");
    }
    text
}
