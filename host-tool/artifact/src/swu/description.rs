//! `sw-description`: what is in a container and for which board, in the syntax of libconfig.

use super::error::SwuError;

/// Writes the description of one image: for its board alone, so that a server offers it to no other.
pub(super) fn write(board: &str, revision: &str, version: &str, file: &str, sha256: &str) -> Result<String, SwuError> {
    let is_name = board.starts_with(|c: char| c.is_ascii_alphabetic())
        && board.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !is_name {
        return Err(SwuError::Name { what: "the board's name", name: board.to_owned() });
    }
    if revision.is_empty() || !revision.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\') {
        return Err(SwuError::Name { what: "the revision", name: revision.to_owned() });
    }
    Ok(format!(
        "software =\n{{\n\
         \x20   version = \"{version}\";\n\
         \x20   {board} =\n    {{\n\
         \x20       hardware-compatibility: [ \"{revision}\" ];\n\
         \x20       images: (\n            {{\n\
         \x20               filename = \"{file}\";\n\
         \x20               sha256 = \"{sha256}\";\n\
         \x20               type = \"lifeboot\";\n\
         \x20           }}\n        );\n    }};\n}}\n"
    ))
}

/// Returns the digest that a description states of a file: that of the innermost group with this `filename`.
pub(super) fn sha256_of(description: &str, file: &str) -> Option<String> {
    let mut groups = vec![Group::default()];
    // The name that a value belongs to.
    let mut name = String::new();
    for token in Tokens(description) {
        match token {
            Token::Word(word) => name = word.to_owned(),
            Token::Text(text) => {
                let group = groups.last_mut()?;
                match &*name {
                    "filename" => group.file = Some(text),
                    "sha256" => group.sha256 = Some(text),
                    _ => {}
                }
            }
            Token::Open => groups.push(Group::default()),
            Token::Close => {
                let group = groups.pop()?;
                if group.file.as_deref() == Some(file) && group.sha256.is_some() {
                    return group.sha256;
                }
            }
        }
    }
    None
}

#[derive(Default)]
struct Group {
    file: Option<String>,
    sha256: Option<String>,
}

enum Token<'a> {
    Word(&'a str),
    Text(String),
    Open,
    Close,
}

/// What matters of a text: words, texts in quotes, and where groups begin and end.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let first = self.0.chars().next()?;
            let rest = &self.0[first.len_utf8()..];
            if first == '#' || self.0.starts_with("//") {
                self.0 = self.0.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(comment) = self.0.strip_prefix("/*") {
                self.0 = comment.split_once("*/").map_or("", |(_, rest)| rest);
            } else if first == '"' {
                return Some(self.text(rest));
            } else if first.is_ascii_alphanumeric() || first == '*' {
                let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
                let end = self.0.find(|c| !is_word(c)).unwrap_or(self.0.len());
                let (word, rest) = self.0.split_at(end);
                self.0 = rest;
                return Some(Token::Word(word));
            } else {
                self.0 = rest;
                match first {
                    '{' => return Some(Token::Open),
                    '}' => return Some(Token::Close),
                    _ => {}
                }
            }
        }
    }
}

impl<'a> Tokens<'a> {
    fn text(&mut self, rest: &'a str) -> Token<'a> {
        let mut text = String::new();
        let mut characters = rest.char_indices();
        let mut end = rest.len();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    end = at + 1;
                    break;
                }
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                other => text.push(other),
            }
        }
        self.0 = &rest[end..];
        Token::Text(text)
    }
}
