//! Values of a `fleet.toml`, by the kind that a key wants, each with its place.

use super::error::{FleetError, Source, Wrong, wrong};
use super::nearest::suggestion;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table.
pub struct Table<'a> {
    /// Its keys and values, in the order of the file.
    pairs: Vec<Value<'a>>,
    /// The byte of the file at which it begins.
    pub at: usize,
    source: Source<'a>,
}

/// A value with its key and places.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    pub key: &'a str,
    key_at: usize,
    value: &'a DeValue<'a>,
    /// The byte of the file at which it stands.
    pub at: usize,
    source: Source<'a>,
}

impl<'a> Table<'a> {
    pub fn new(table: &'a DeTable<'a>, at: usize, source: Source<'a>) -> Self {
        let value = |(key, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let key: &'a Spanned<std::borrow::Cow<'a, str>> = key;
            let (key, key_at) = (&**key.get_ref(), key.span().start);
            Value { key, key_at, value: value.get_ref(), at: value.span().start, source }
        };
        let mut pairs: Vec<_> = table.iter().map(value).collect();
        pairs.sort_by_key(|value| value.key_at);
        Table { pairs, at, source }
    }

    /// Refuses a key that is none of the known ones; `what` is what has such keys.
    pub fn only(&self, what: &str, known: &[&str]) -> Result<(), FleetError> {
        match self.pairs.iter().find(|value| !known.contains(&value.key)) {
            None => Ok(()),
            Some(Value { key, key_at, .. }) => {
                let (what, help) = (format!("{what} has no {key}"), suggestion(key, "the keys", known.iter().copied()));
                Err(self.source.error(*key_at, Wrong { what, help }))
            }
        }
    }

    pub fn value(&self, key: &str) -> Option<Value<'a>> {
        self.values().iter().find(|value| value.key == key).copied()
    }

    /// Returns all values, in the order of the file.
    pub fn values(&self) -> &[Value<'a>] {
        &self.pairs
    }

    /// Returns the tables that a key lists; none if there is no such key.
    pub fn tables(&self, key: &str, example: &str) -> Result<Vec<Table<'a>>, FleetError> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        value.items(example)?.into_iter().map(|item| item.table(example)).collect()
    }
}

impl<'a> Value<'a> {
    /// Returns an error at the value.
    pub fn error(self, Wrong { what, help }: Wrong) -> FleetError {
        self.source.error(self.at, Wrong { what: format!("{}: {what}", self.key), help })
    }

    /// Returns what `read` makes of the text that it is.
    pub fn read<T>(self, example: &str, read: impl FnOnce(&str) -> Result<T, Wrong>) -> Result<T, FleetError> {
        read(self.text(example)?).map_err(|wrong| self.error(wrong))
    }

    /// Returns the text that it is, which is not empty. It is printed on terminals, so it has no control characters.
    pub fn text(self, example: &str) -> Result<&'a str, FleetError> {
        match self.value {
            DeValue::String(text) if text.trim().is_empty() => self.refuse("a text that is not empty", example),
            DeValue::String(text) if text.contains(char::is_control) => {
                self.refuse("a text without control characters", example)
            }
            DeValue::String(text) => Ok(text),
            _ => self.refuse("a text in quotes", example),
        }
    }

    /// Returns the number that it is; `None` if it is no number.
    pub fn number(self) -> Option<Result<u32, FleetError>> {
        let DeValue::Integer(number) = self.value else { return None };
        let number = u32::from_str_radix(number.as_str(), number.radix()).map_err(|_| {
            let what = format!("{} is no number from 0 to {}", number.as_str(), u32::MAX);
            self.error(Wrong { what, help: format!("for example: {} = 5", self.key) })
        });
        Some(number)
    }

    /// Returns whether it is `true`.
    pub fn flag(self) -> Result<bool, FleetError> {
        match self.value {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => self.refuse("true or false", "true"),
        }
    }

    pub fn table(self, example: &str) -> Result<Table<'a>, FleetError> {
        match self.value {
            DeValue::Table(table) => Ok(Table::new(table, self.at, self.source)),
            _ => self.refuse("a table", example),
        }
    }

    /// Returns the values that it lists.
    pub fn items(self, example: &str) -> Result<Vec<Value<'a>>, FleetError> {
        match self.value {
            DeValue::Array(array) => {
                Ok(array.iter().map(|item| Value { value: item.get_ref(), at: item.span().start, ..self }).collect())
            }
            _ => self.refuse("a list", example),
        }
    }

    pub fn refuse<T>(self, kind: &str, example: &str) -> Result<T, FleetError> {
        let help = match example.starts_with('[') {
            true => format!("for example: {example}"),
            false => format!("for example: {} = {example}", self.key),
        };
        wrong(format!("{kind} is wanted"), help).map_err(|wrong| self.error(wrong))
    }
}
