//! The commands' output: results go to stdout, as text or with `--json` for a program; warnings, progress and errors go
//! to stderr. Colour and progress bars are for terminals only, and colour only if `NO_COLOR` is not set. Text for people
//! passes [`shown`], so that nothing that a device sends acts on the terminal. No output holds a private key.

use crate::error::Error;
use anstream::stream::IsTerminal;
use anstyle::{AnsiColor, Style};
use lifeboot_artifact::keys::without_private_keys;
use lifeboot_client::text;
use lifeboot_project::environment::variable;
use lifeboot_project::files::FileError;
use lifeboot_report::{Failure, FailureDetails, Report};
use std::fmt::Display;
use std::io::{self, Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// The format of stdout.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    /// Whether stdout is taken by a file that the command writes, so that what it reports goes to stderr.
    beside: bool,
    quiet: bool,
    verbose: bool,
}

impl Output {
    pub fn new(json: bool) -> Output {
        Output { json, beside: false, quiet: false, verbose: false }
    }

    /// Returns the output without progress, or with everything that passes over the line to a device.
    pub fn with_volume(self, quiet: bool, verbose: bool) -> Output {
        Output { quiet, verbose, ..self }
    }

    /// Returns whether neither progress nor waiting is shown to people.
    pub fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Returns whether everything that passes over the line is shown to people.
    pub fn is_verbose(self) -> bool {
        self.verbose
    }

    /// Returns the output of a command that may write a file to stdout: then everything else goes to stderr.
    pub fn beside(self, stdout_is_taken: bool) -> Output {
        Output { beside: stdout_is_taken, ..self }
    }

    /// Returns whether a program reads the reports.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Prints an intermediate report, with a field `event`, on a line of its own.
    pub fn event(self, event: &impl Report) {
        // If this cannot be printed, the result cannot either, and that is reported as an error.
        let _ = self.print(event, false);
    }

    /// Prints an intermediate report, possibly coloured.
    ///
    /// # Errors
    /// An I/O error if stdout was closed.
    pub fn stream(self, event: &impl Report) -> io::Result<()> {
        match (self.json, self.beside) {
            (true, _) => self.json_line(&event.json(), false),
            (false, false) => writeln!(anstream::stdout(), "{}", shown(&event.to_string())),
            (false, true) => writeln!(anstream::stderr(), "{}", shown(&event.to_string())),
        }
    }

    /// Prints text that a program gets as part of the result instead.
    pub fn print_for_people(self, text: impl Display) {
        if !self.json {
            let _ = self.line(&shown(&text.to_string()));
        }
    }

    /// Prints the result of a command and returns its exit code. With `--json`, an error goes to stdout as well as to
    /// stderr.
    pub fn end(self, result: Result<impl Report, Error>) -> ExitCode {
        let printed = result.and_then(|report| {
            self.print(&report, true)
                .map_err(|source| FileError::Write { path: PathBuf::from("stdout"), source }.into())
        });
        let Err(error) = printed else { return ExitCode::SUCCESS };
        let failure = Failure::new(&error);
        self.fail(&failure);
        self::failure(&failure);
        ExitCode::FAILURE
    }

    fn print(self, report: &impl Report, is_last: bool) -> io::Result<()> {
        let printed =
            if self.json { self.json_line(&report.json(), is_last) } else { self.line(&shown(&report.to_string())) };
        // A reader that closed stdout wants no further output: that is not an error.
        match printed {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            printed => printed,
        }
    }

    fn line(self, line: &str) -> io::Result<()> {
        let line = without_private_keys(line);
        if self.beside { writeln!(stderr(), "{line}") } else { writeln!(stdout(), "{line}") }
    }

    /// Prints a line for a program, unless the last one was printed already.
    fn json_line(self, json: &str, is_last: bool) -> io::Result<()> {
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if *last {
            return Ok(());
        }
        self.line(json)?;
        *last = is_last;
        Ok(())
    }

    /// Like [`end`](Self::end), but a report that `is_good` rejects also gives the exit status of a failure.
    pub fn judged<R: Report>(self, result: Result<R, Error>, is_good: impl FnOnce(&R) -> bool) -> ExitCode {
        let is_good = result.as_ref().map_or(true, is_good);
        let ended = self.end(result);
        if is_good { ended } else { ExitCode::FAILURE }
    }

    /// Ends the program. A program that reads its output gets an error as the last line, unless it had that already.
    pub fn end_at_once(self, status: i32) -> ! {
        let message = "stopped by a signal".to_owned();
        let help = Some("what was done until then stays done; run the command again".to_owned());
        self.fail(&Failure { error: FailureDetails { message, because: Vec::new(), help } });
        // Held, so that no other line follows.
        let _last = LAST.lock();
        std::process::exit(status)
    }

    /// Prints an error for a program, with `--json` only.
    pub fn fail(self, failure: &Failure) {
        if self.json {
            let _ = self.json_line(&failure.json(), true);
        }
    }
}

/// Returns text for people, with what acts on a terminal written out, and without private keys.
fn shown(text: &str) -> String {
    text::shown(&without_private_keys(text))
}

/// Whether the last line for a program was printed: nothing may follow it.
static LAST: Mutex<bool> = Mutex::new(false);

/// Prints a warning to stderr, independent of the result.
pub fn warn(text: impl Display) {
    let style = style(AnsiColor::Yellow);
    note(format_args!("{style}warning{style:#}: {text}"));
}

/// Prints an error to stderr.
pub fn failure(failure: &Failure) {
    note(coloured(failure));
}

/// Prints a line of text to stderr. If stderr is closed, the line is dropped.
pub fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{}", shown(&text.to_string()));
}

/// Asks the person at the terminal; `None` if there is none, or no answer.
pub fn ask(what: &str) -> Option<String> {
    if !io::IsTerminal::is_terminal(&stdin()) || !has_terminal() {
        return None;
    }
    let mut answer = String::new();
    write!(stderr(), "{what}: ").and_then(|()| stdin().read_line(&mut answer)).ok()?;
    Some(answer.trim().to_owned()).filter(|answer| !answer.is_empty())
}

/// Makes tables as wide as the terminal, or as the variable `COLUMNS` says.
pub fn fit_tables() {
    let terminal = || terminal_size::terminal_size_of(stdout()).map(|(columns, _)| columns.0);
    let given = || variable("COLUMNS")?.to_str()?.parse().ok();
    if let Some(columns) = terminal().or_else(given) {
        lifeboot_report::set_width(columns);
    }
}

/// Returns whether stderr is a terminal, so that the cursor may be moved.
pub fn has_terminal() -> bool {
    stderr().is_terminal() && variable("TERM").is_none_or(|terminal| terminal != "dumb")
}

fn style(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into())).bold()
}

/// Returns a failure's text with coloured labels; the colours are removed if stderr is not a terminal.
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
