//! `lifeboot new`: a project was set up.

use crate::map::FlashMap;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// A project was set up.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SetUp {
    /// The files that were written.
    pub written: Vec<String>,
    /// The board's flash map.
    pub map: FlashMap,
    /// What is left to do, in order.
    pub left: Vec<LeftToDo>,
}

/// Something that is left to do.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct LeftToDo {
    /// The file that is to change; `null` if it is a command.
    pub file: Option<String>,
    /// What to do.
    pub what: String,
    /// The lines to add, or the commands.
    pub lines: String,
}

impl Display for SetUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "wrote {}\n\n{}\n\nleft to do:", self.written.join(", "), self.map)?;
        for (number, LeftToDo { file, what, lines }) in (1..).zip(&self.left) {
            let file = file.as_deref().map_or(String::new(), |file| format!("{file}: "));
            write!(f, "\n{number}. {file}{what}\n")?;
            lines.lines().try_for_each(|line| write!(f, "\n    {line}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}
