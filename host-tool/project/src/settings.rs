//! `lifeboot.toml`: the arguments that a project would otherwise repeat with each command.
//!
//! The file is searched from the current folder upwards, but not above the project's root, and another owner's file is
//! refused, as is one that others may write. Each setting has an environment variable and, in the commands that use it, a flag. A flag overrides the
//! environment, the environment overrides the file, and the file overrides the built-in default. Paths in the file are
//! relative to the file.

use crate::files::{self, FileError};
use lifeboot_artifact::keys::id;
use lifeboot_artifact::version;
use lifeboot_board::parse_table;
use lifeboot_pem::is_text_of_key;
use miette::Diagnostic;
use std::path::{Path, PathBuf};
use thiserror::Error;
use toml::de::{DeTable, DeValue};

mod search;
mod trust;

pub use search::FILE;
use search::{Found, search};
pub use trust::Distrust;
use trust::User;

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the file.
    pub name: &'static str,
    /// What it sets, for the help.
    pub about: &'static str,
    /// An example value, as written in the file.
    pub example: &'static str,
    kind: Kind,
}

/// The kind of a setting's value.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A number from 0 up to 4294967295.
    Number,
    /// A file, relative to `lifeboot.toml`.
    Path,
    /// A board file, relative to `lifeboot.toml`; or the board itself, a table.
    Board,
    /// Keys separated by commas: ids, or files relative to `lifeboot.toml`.
    Keys,
    /// A shell command, run in the folder of `lifeboot.toml`.
    Command,
    /// A text, with a check of its content.
    Text(fn(&str) -> Result<(), String>),
}

const BOARD_FILE: &str = "\"boards/acme-press.toml\"";

/// All settings.
pub const SETTINGS: [Setting; 19] = [
    setting(
        "board",
        "the file that describes the board; or the board itself, a table [board]",
        BOARD_FILE,
        Kind::Board,
    ),
    setting("key", "the private key that signs, a PEM file", "\"keys/release.pem\"", Kind::Path),
    setting("public-key", "the public key that images are checked with", "\"keys/release.pub.pem\"", Kind::Path),
    setting(
        "bootloader-keys",
        "the public keys that the bootloader trusts: files, with commas",
        "\"keys/release.pub.pem,keys/spare.pub.pem\"",
        Kind::Keys,
    ),
    setting("version", "the firmware's version, where Cargo.toml's is not meant", "\"1.2.3+4\"", Kind::Text(firmware)),
    setting("epoch", "the firmware's security counter", "0", Kind::Number),
    setting("epoch-floor", "the epoch that the devices have reached", "1500", Kind::Number),
    setting("schemas", "the storage schemas that the firmware can live with", "\"1..=3\"", Kind::Text(any)),
    setting("revoke", "the keys that images revoke: files or ids, with commas", "\"keys/old.pub.pem\"", Kind::Keys),
    setting("port", "the device: a serial port, or tcp:HOST:NUMBER", "\"/dev/ttyACM0\"", Kind::Text(any)),
    setting("baud", "bits a second on a serial port", "115200", Kind::Number),
    setting("timeout", "seconds to wait for a new firmware's confirm", "240", Kind::Number),
    setting("firmware", "the firmware's ELF file", "\"target/thumbv6m-none-eabi/release/app\"", Kind::Path),
    setting("build", "the command that builds the firmware, for watch", "\"make firmware.elf\"", Kind::Command),
    setting("relink", "the command that links it for slot B, to $LIFEBOOT_RELINKED", "\"make b.elf\"", Kind::Command),
    setting("bootloader", "the bootloader's ELF file", "\"bootloader.elf\"", Kind::Path),
    setting("probe", "the debug probe: VID:PID or VID:PID:SERIAL", "\"0d28:0204\"", Kind::Text(any)),
    setting("state", "the folder in which rollouts are kept", "\"rollouts\"", Kind::Path),
    setting("chip", "the chip, by probe-rs's name", "\"nRF51822_xxAA\"", Kind::Text(any)),
];

const fn setting(name: &'static str, about: &'static str, example: &'static str, kind: Kind) -> Setting {
    Setting { name, about, example, kind }
}

impl Setting {
    /// Returns the environment variable that sets it: for `public-key`, `LIFEBOOT_PUBLIC_KEY`.
    pub fn variable(&self) -> String {
        format!("LIFEBOOT_{}", self.name.replace('-', "_").to_uppercase())
    }
}

/// The settings in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    path: Option<PathBuf>,
    values: Vec<Value>,
}

/// A setting's value, as an argument of the command line takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    name: &'static str,
    text: String,
    /// The line in the file, counted from 1.
    line: usize,
}

/// Why a project's file cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FileError),
    /// The file has an invalid content.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Setting(#[from] SettingError),
    /// Something else has the file's name, or a link that leads nowhere.
    #[error("{} is no regular file", .0.display())]
    #[diagnostic(help(
        "remove it, or put the file there that a link should lead to: another folder's settings are never taken instead"
    ))]
    NotAFile(PathBuf),
    /// Somebody else decides what is in the file.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Distrusted(#[from] Distrust),
}

/// An error in the file.
#[derive(Debug, Error, Diagnostic)]
#[error("{}:{line}: {what}", .path.display())]
#[diagnostic(help("{help}"))]
pub struct SettingError {
    /// The file.
    pub path: PathBuf,
    /// The line of the error, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl Settings {
    /// Reads the file of the project that `folder` belongs to. Without a file there are no settings.
    ///
    /// # Errors
    /// [`SettingsError`] if the file cannot be read, is not the user's alone to write, or has an error.
    pub fn of_project(folder: &Path) -> Result<Settings, SettingsError> {
        let Some(Found { place, path }) = search(folder, &User::current())? else { return Ok(Settings::default()) };
        if !place.is_file() {
            return Err(SettingsError::NotAFile(path));
        }
        let text = files::read_text(&place, files::Kind::Settings)?;
        Ok(Settings::parse(&path, &text)?)
    }

    /// Returns the file's path relative to the folder that it was searched from; `None` if there is no file.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Parses a file's text; paths in it are relative to `path`, the path of the file.
    ///
    /// # Errors
    /// [`SettingError`] if the text has an error.
    pub fn parse(path: &Path, text: &str) -> Result<Settings, SettingError> {
        let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
        let wrong =
            |at: usize, what: String, help: String| SettingError { path: path.to_owned(), line: line(at), what, help };
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            wrong(
                at,
                error.message().replace('\n', ", "),
                "write a setting as NAME = VALUE, a text in quotes".to_owned(),
            )
        })?;
        let mut values = Vec::new();
        for (name, value) in table.into_inner() {
            let (at, name) = (name.span().start, name.into_inner());
            let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
                let what = if is_text_of_key(&name) {
                    "there is no such setting".to_owned()
                } else {
                    format!("there is no setting {name}")
                };
                return Err(wrong(at, what, nearest(&name)));
            };
            let at = value.span().start;
            if let (Kind::Board, DeValue::Table(board)) = (setting.kind, value.get_ref()) {
                parse_table(board, text, path)?;
                values.push(Value { name: setting.name, text: path.display().to_string(), line: line(at) });
                continue;
            }
            let value = setting
                .value(path, value.get_ref())
                .map_err(|what| wrong(at, format!("{}: {what}", setting.name), setting.help()))?;
            values.push(Value { name: setting.name, text: value, line: line(at) });
        }
        Ok(Settings { path: Some(path.to_owned()), values })
    }

    /// Returns the file's value for an environment variable; `None` if the file does not set it.
    pub fn of_variable(&self, variable: &str) -> Option<&str> {
        self.value(variable).map(|(_, value)| value.text.as_str())
    }

    /// Returns the error for the file's value for an environment variable, which an argument does not take; `None` if the file
    /// does not set it.
    pub fn wrong_value(&self, variable: &str, what: &str) -> Option<SettingError> {
        let (setting, value) = self.value(variable)?;
        let (what, help) = (format!("{}: {what}", setting.name), setting.help());
        Some(SettingError { path: self.path.clone()?, line: value.line, what, help })
    }

    fn value(&self, variable: &str) -> Option<(Setting, &Value)> {
        let setting = SETTINGS.into_iter().find(|setting| setting.variable() == variable)?;
        Some((setting, self.values.iter().find(|value| value.name == setting.name)?))
    }
}

impl Setting {
    fn help(&self) -> String {
        let (name, example, about) = (self.name, self.example, self.about);
        format!("{name} is {about}; for example: {name} = {example}")
    }

    fn value(&self, path: &Path, value: &DeValue) -> Result<String, String> {
        match (self.kind, value) {
            // Not even its beginning is shown.
            (kind, DeValue::String(text))
                if is_text_of_key(text) && (text.contains("-----BEGIN") || !matches!(kind, Kind::Command)) =>
            {
                Err("this is a key itself, or several lines; write the key to a file, and its name here".to_owned())
            }
            (Kind::Number, DeValue::Integer(number)) => {
                let number = u32::from_str_radix(number.as_str(), number.radix());
                Ok(number.map_err(|_| "a number from 0 to 4294967295 is wanted".to_owned())?.to_string())
            }
            (Kind::Number, _) => Err("a number is wanted, without quotes".to_owned()),
            (Kind::Path | Kind::Board, DeValue::String(file)) if !file.is_empty() => {
                Ok(path.with_file_name(&**file).display().to_string())
            }
            (Kind::Keys, DeValue::String(keys)) if !keys.is_empty() => {
                let place = |key: &str| match id(key) {
                    Some(_) => key.to_owned(),
                    None => path.with_file_name(key).display().to_string(),
                };
                Ok(keys.split(',').map(|key| place(key.trim())).collect::<Vec<_>>().join(","))
            }
            (Kind::Command, DeValue::String(line)) if !line.is_empty() => Ok(match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => in_folder(folder, line),
                _ => line.to_string(),
            }),
            (Kind::Text(check), DeValue::String(text)) if !text.is_empty() => check(text).map(|()| text.to_string()),
            (Kind::Board, _) => Err("a path in quotes is wanted, or a table that describes the board".to_owned()),
            _ => Err("a text in quotes is wanted".to_owned()),
        }
    }
}

/// Returns the shell command that runs a command in a folder.
fn in_folder(folder: &Path, line: &str) -> String {
    let folder = folder.display().to_string();
    match cfg!(windows) {
        true => format!("cd /d \"{folder}\" && {line}"),
        false => format!("cd '{}' && {line}", folder.replace('\'', "'\\''")),
    }
}

/// Returns the help for an unknown setting.
fn nearest(name: &str) -> String {
    let all = SETTINGS.map(|setting| setting.name);
    // The likeliest mistakes are a flag's name and a variable's name.
    let meant = name.replace('_', "-").to_lowercase();
    let meant = meant.strip_prefix("lifeboot-").unwrap_or(&meant);
    match all.iter().find(|known| **known == meant) {
        Some(known) => format!("write {known}"),
        None => format!("the settings are {}", all.join(", ")),
    }
}

fn any(_: &str) -> Result<(), String> {
    Ok(())
}

fn firmware(text: &str) -> Result<(), String> {
    version::parse(text).map(drop).map_err(|error| error.to_string())
}
