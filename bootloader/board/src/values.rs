//! Values of a board file, by the kind that a key wants, each with its place.

use crate::error::{BoardError, Source, wrong};
use crate::nearest::suggestion;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table, with what it is called.
pub struct Table<'a> {
    /// Its keys and values, in the order of the file.
    pairs: Vec<(&'a str, usize, &'a Spanned<DeValue<'a>>)>,
    source: Source<'a>,
}

/// A value with its place.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    key: &'a str,
    value: &'a DeValue<'a>,
    /// The byte of the file at which it stands.
    pub at: usize,
    source: Source<'a>,
}

impl<'a> Table<'a> {
    /// Returns a table's keys and values.
    pub fn new(table: &'a DeTable<'a>, source: Source<'a>) -> Self {
        let mut pairs: Vec<_> = table.iter().map(|(key, value)| (&**key.get_ref(), key.span().start, value)).collect();
        pairs.sort_by_key(|(_, at, _)| *at);
        Table { pairs, source }
    }

    /// Returns the place of its first key; the start of the file if it has none.
    pub fn at(&self) -> usize {
        self.pairs.first().map_or(0, |(_, at, _)| *at)
    }

    /// Refuses a key that is none of the known ones; `what` is what has such keys.
    pub fn only(&self, what: &str, known: &[&str]) -> Result<(), BoardError> {
        match self.pairs.iter().find(|(key, _, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, at, _)) => {
                let help = suggestion(key, "the keys", known);
                wrong(format!("{what} has no {key}"), help).map_err(|wrong| self.source.error(*at, wrong))
            }
        }
    }

    /// Returns a key's value.
    pub fn value(&self, key: &str) -> Option<Value<'a>> {
        self.values().find(|value| value.key == key)
    }

    /// Returns a key's value, or the error that it is missing; `help` says what to add.
    pub fn required(&self, what: &str, key: &str, help: &str) -> Result<Value<'a>, BoardError> {
        match self.value(key) {
            Some(value) => Ok(value),
            None => wrong(format!("{what} has no {key}"), format!("add {help}"))
                .map_err(|wrong| self.source.error(self.at(), wrong)),
        }
    }

    /// Returns each value, in the order of the file.
    pub fn values(&self) -> impl Iterator<Item = Value<'a>> {
        let source = self.source;
        self.pairs.iter().map(move |(key, _, value)| Value {
            key,
            value: value.get_ref(),
            at: value.span().start,
            source,
        })
    }

    /// Returns the place of a key.
    pub fn key_at(&self, key: &str) -> usize {
        self.pairs.iter().find(|(known, _, _)| *known == key).map_or(0, |(_, at, _)| *at)
    }
}

impl<'a> Value<'a> {
    /// Returns its key.
    pub fn key(self) -> &'a str {
        self.key
    }

    /// Returns the text that it is.
    pub fn text(self, example: &str) -> Result<&'a str, BoardError> {
        match self.value {
            DeValue::String(text) => Ok(text),
            _ => self.refuse("a text in quotes", example),
        }
    }

    /// Returns the text of a size; a number without quotes is one, too.
    pub fn size_text(self, example: &str) -> Result<String, BoardError> {
        match self.value {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => match u32::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Ok(number.to_string()),
                Err(_) => self.refuse("a size", example),
            },
            _ => self.refuse("a size", example),
        }
    }

    /// Returns whether it is `true`.
    pub fn flag(self) -> Result<bool, BoardError> {
        match self.value {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => self.refuse("true or false", "true"),
        }
    }

    /// Returns the table that it is.
    pub fn table(self, example: &str) -> Result<Table<'a>, BoardError> {
        match self.value {
            DeValue::Table(table) => Ok(Table::new(table, self.source)),
            _ => self.refuse("a table", example),
        }
    }

    /// Returns the two values that it lists.
    pub fn pair(self, example: &str) -> Result<[Value<'a>; 2], BoardError> {
        let DeValue::Array(array) = self.value else { return self.refuse("a list of two", example) };
        let mut items = array.iter().map(|item| Value { value: item.get_ref(), at: item.span().start, ..self });
        match (items.next(), items.next(), items.next()) {
            (Some(first), Some(second), None) => Ok([first, second]),
            _ => self.refuse("a list of two", example),
        }
    }

    fn refuse<T>(self, kind: &str, example: &str) -> Result<T, BoardError> {
        let key = self.key;
        wrong(format!("{key}: {kind} is wanted"), format!("for example: {key} = {example}"))
            .map_err(|wrong| self.source.error(self.at, wrong))
    }
}
