//! Values of a table, with the lines of what is wrong in them.

use super::setting::{SETTINGS, Secret, SettingError};
use lifeboot_fleet::fleet_file::suggestion;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The table's name.
const NAME: &str = "gateway";

/// A table in a file's text.
pub(super) struct Table<'a> {
    path: &'a Path,
    text: &'a str,
    /// Where it begins.
    at: usize,
    values: Vec<(String, usize, DeValue<'a>)>,
}

impl<'a> Table<'a> {
    pub(super) fn parse(path: &'a Path, text: &'a str) -> Result<Table<'a>, SettingError> {
        let whole = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            error_at(path, text, at, error.message().replace('\n', ", "), "write a setting as NAME = VALUE".to_owned())
        })?;
        let found = whole.into_inner().into_iter().find(|(name, _)| name.get_ref() == NAME);
        let Some((name, value)) = found else {
            let help = "add [gateway], and in it server = \"https://…\"".to_owned();
            return Err(error_at(path, text, 0, "there is no table [gateway]".to_owned(), help));
        };
        let at = name.span().start;
        let DeValue::Table(table) = value.into_inner() else {
            let help = "write [gateway] in a line of its own".to_owned();
            return Err(error_at(path, text, at, "gateway is no table".to_owned(), help));
        };
        let mut values = Vec::new();
        for (name, value) in table {
            let (at, name) = (name.span().start, name.into_inner().into_owned());
            if !SETTINGS.iter().any(|(known, ..)| *known == name) {
                let known = SETTINGS.iter().map(|(known, ..)| *known);
                let help = suggestion(&name, "the settings of [gateway]", known);
                return Err(error_at(path, text, at, format!("[gateway] has no setting {name}"), help));
            }
            values.push((name, value.span().start, value.into_inner()));
        }
        Ok(Table { path, text, at, values })
    }

    fn value(&self, name: &str) -> Option<&DeValue<'a>> {
        self.values.iter().find(|(known, ..)| known == name).map(|(.., value)| value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// An error in a setting.
    pub(super) fn wrong(&self, name: &str, what: &str, help: &str) -> SettingError {
        let at = self.values.iter().find(|(known, ..)| known == name).map_or(self.at, |(_, at, _)| *at);
        error_at(self.path, self.text, at, format!("{name}: {what}"), help.to_owned())
    }

    fn wanted(&self, name: &str, what: &str) -> SettingError {
        self.wrong(name, what, &help(name))
    }

    pub(super) fn missing(&self, name: &str) -> SettingError {
        error_at(self.path, self.text, self.at, format!("[gateway] has no {name}"), help(name))
    }

    /// A text, as something else.
    pub(super) fn with<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingError> {
        match self.value(name) {
            None => Ok(None),
            Some(DeValue::String(text)) if !text.is_empty() => {
                parse(text).map(Some).map_err(|what| self.wanted(name, &what))
            }
            Some(_) => Err(self.wanted(name, "a text in quotes is wanted")),
        }
    }

    pub(super) fn path(&self, name: &str) -> Result<Option<PathBuf>, SettingError> {
        self.with(name, |file| Ok(self.path.with_file_name(file)))
    }

    pub(super) fn number(&self, name: &str, range: RangeInclusive<u64>, default: u64) -> Result<u64, SettingError> {
        let what = || format!("a number from {} to {} is wanted, without quotes", range.start(), range.end());
        match self.value(name) {
            None => Ok(default),
            Some(DeValue::Integer(number)) => {
                let number = u64::from_str_radix(number.as_str(), number.radix()).ok();
                number.filter(|number| range.contains(number)).ok_or_else(|| self.wanted(name, &what()))
            }
            Some(_) => Err(self.wanted(name, &what())),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, SettingError> {
        match self.value(name) {
            None => Ok(false),
            Some(DeValue::Boolean(flag)) => Ok(*flag),
            Some(_) => Err(self.wanted(name, "true or false is wanted, without quotes")),
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, SettingError> {
        let wrong = || self.wanted(name, "texts in quotes are wanted, in brackets");
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(DeValue::Array(values)) => {
                let texts = values.iter().map(|value| match value.get_ref() {
                    DeValue::String(text) => Ok(text.to_string()),
                    _ => Err(wrong()),
                });
                texts.collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A table of one value: never the secret itself.
    pub(super) fn secret(&self, name: &str) -> Result<Option<Secret>, SettingError> {
        let wrong =
            || self.wanted(name, "a secret is not written here, but where it is: { credential = … } or { file = … }");
        let Some(value) = self.value(name) else { return Ok(None) };
        let DeValue::Table(table) = value else { return Err(wrong()) };
        let mut values = table.iter();
        let (Some((kind, value)), None) = (values.next(), values.next()) else { return Err(wrong()) };
        let DeValue::String(text) = value.get_ref() else { return Err(wrong()) };
        match kind.get_ref().as_ref() {
            "file" if !text.is_empty() => Ok(Some(Secret::File(self.path.with_file_name(&**text)))),
            // As systemd allows: it is a file's name.
            "credential" if !text.is_empty() && !text.contains('/') && *text != ".." && *text != "." => {
                Ok(Some(Secret::Credential(text.to_string())))
            }
            _ => Err(wrong()),
        }
    }
}

fn help(name: &str) -> String {
    let setting = SETTINGS.iter().find(|(known, ..)| *known == name);
    setting.map_or_else(String::new, |(name, about, example)| {
        format!("{name} is {about}; for example: {name} = {example}")
    })
}

fn error_at(path: &Path, text: &str, at: usize, what: String, help: String) -> SettingError {
    let line = text[..at.min(text.len())].matches('\n').count() + 1;
    SettingError { path: path.to_owned(), line, what, help }
}
