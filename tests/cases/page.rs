//! A guide as steps. Each fenced block of the page is one; its info string says which kind:
//!
//! | info string | what the reader does |
//! | --- | --- |
//! | `console` | types what follows each `$`, and sees the lines below it, among others; three dots or more match anything |
//! | `diff file=PATH` | changes a file: `-` goes out, `+` comes in, the rest shows where; `@@` separates two places |
//! | `LANGUAGE file=PATH` | makes a file of this content |
//!
//! Steps under a heading `Blocking` or `Async` are for one kind of firmware. A block of another kind is an error, as a step
//! that is not followed goes stale.

use std::iter::Peekable;
use std::str::Lines;

/// The kind of firmware that a heading is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Blocking,
    Async,
}

/// One fenced block of the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it begins.
    pub line: usize,
    pub action: Action,
}

/// What the reader does.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    Type(Vec<Command>),
    Change { file: String, places: Vec<Place> },
    Make { file: String, content: String },
}

/// A command, and what it prints, among other lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    pub text: String,
    pub prints: Vec<String>,
}

/// A place in a file: the lines that are found there, and those that stand there afterwards.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub before: Vec<String>,
    pub after: Vec<String>,
}

/// The steps for one kind of firmware; or the line that is wrong, and why.
pub fn steps(page: &str, kind: Kind) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut wanted = None;
    let mut lines = page.lines().zip(1..).peekable();
    while let Some((text, line)) = lines.next() {
        if let Some(heading) = text.strip_prefix('#') {
            wanted = match heading.trim_start_matches('#').trim() {
                "Blocking" => Some(Kind::Blocking),
                "Async" => Some(Kind::Async),
                _ => None,
            };
        }
        let Some(info) = text.strip_prefix("```") else { continue };
        let block = lines.by_ref().map(|(text, _)| text).take_while(|text| *text != "```");
        let action = action(info, &block.collect::<Vec<_>>().join("\n")).map_err(|wrong| format!("{line}: {wrong}"))?;
        if wanted.is_none_or(|wanted| wanted == kind) {
            steps.push(Step { line, action });
        }
    }
    Ok(steps)
}

fn action(info: &str, block: &str) -> Result<Action, String> {
    let (language, file) = info.split_once(" file=").map_or((info, None), |(language, file)| (language, Some(file)));
    match (language, file.map(str::to_owned)) {
        ("console", None) => Ok(Action::Type(commands(&mut block.lines().peekable())?)),
        ("diff", Some(file)) => Ok(Action::Change { file, places: places(block)? }),
        (_, Some(file)) => Ok(Action::Make { file, content: format!("{block}\n") }),
        _ => Err(format!("{info:?} is no step: write console, diff file=PATH or LANGUAGE file=PATH")),
    }
}

fn commands(lines: &mut Peekable<Lines>) -> Result<Vec<Command>, String> {
    let mut commands = Vec::new();
    while let Some(line) = lines.next() {
        let text =
            line.strip_prefix("$ ").ok_or(format!("{line:?} is printed by no command: begin with one, after $"))?;
        let mut prints = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            prints.push(line.to_owned());
        }
        commands.push(Command { text: text.to_owned(), prints });
    }
    Ok(commands)
}

fn places(block: &str) -> Result<Vec<Place>, String> {
    let mut places = vec![Place::default()];
    for line in block.lines() {
        if line == "@@" {
            places.push(Place::default());
            continue;
        }
        let Some(place) = places.last_mut() else { unreachable!("there is one from the start") };
        let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
        match sign {
            " " => {
                place.before.push(text.to_owned());
                place.after.push(text.to_owned());
            }
            "-" => place.before.push(text.to_owned()),
            "+" => place.after.push(text.to_owned()),
            _ => return Err(format!("{line:?} begins with neither +, - nor a space")),
        }
    }
    places.retain(|place| *place != Place::default());
    Ok(places)
}

impl Place {
    /// The file's text with this place changed; without lines to find it by, the place is the end of the file.
    pub fn change(&self, file: &str, text: &str) -> Result<String, String> {
        let lines: Vec<&str> = text.lines().collect();
        let found: Vec<usize> = match self.before.len() {
            0 => vec![lines.len()],
            length => {
                (0..lines.len()).filter(|at| lines.get(*at..at + length).is_some_and(|is| is == self.before)).collect()
            }
        };
        let [at] = found[..] else {
            let lines = self.before.join("\n");
            return Err(format!("these lines stand in {file} {} times, not once:\n{lines}", found.len()));
        };
        let after = self.after.iter().map(String::as_str);
        let changed = lines[..at].iter().copied().chain(after).chain(lines[at + self.before.len()..].iter().copied());
        Ok(changed.flat_map(|line| [line, "\n"]).collect())
    }
}

impl Command {
    /// The first line that it should have printed and did not.
    pub fn missing<'a>(&'a self, printed: &str) -> Option<&'a str> {
        let mut lines = printed.lines();
        self.prints.iter().map(String::as_str).find(|wanted| !lines.any(|line| fits(wanted, line)))
    }
}

/// Whether a line is as on the page, where three dots or more match anything.
fn fits(wanted: &str, line: &str) -> bool {
    let Some((begin, rest)) = wanted.split_once("...") else { return wanted == line };
    let rest = rest.trim_start_matches('.');
    line.strip_prefix(begin)
        .is_some_and(|line| (0..=line.len()).any(|at| line.get(at..).is_some_and(|line| fits(rest, line))))
}

#[test]
fn a_page_is_its_steps_for_one_kind() {
    let page = "# Guide\n```console\n$ a\nb\n$ c\n```\n### Async\n```rust file=x.rs\nfn\n```\n## End\n```diff file=y\n z\n```\n";
    let lines = |kind| steps(page, kind).unwrap().iter().map(|step| step.line).collect::<Vec<_>>();
    assert_eq!((lines(Kind::Blocking), lines(Kind::Async)), (vec![2, 12], vec![2, 8, 12]));
    let commands = |text: &str, prints: &[&str]| Command {
        text: text.to_owned(),
        prints: prints.iter().map(|line| (*line).to_owned()).collect(),
    };
    let action = Action::Type(vec![commands("a", &["b"]), commands("c", &[])]);
    assert_eq!(steps(page, Kind::Blocking).unwrap()[0], Step { line: 2, action });
}

#[test]
fn what_would_not_be_followed_is_an_error() {
    for (page, wrong) in [
        ("\n```rust\nfn\n```\n", "2: \"rust\" is no step: write console, diff file=PATH or LANGUAGE file=PATH"),
        ("```console\nb\n```\n", "1: \"b\" is printed by no command: begin with one, after $"),
        ("```diff file=a\n?b\n```\n", "1: \"?b\" begins with neither +, - nor a space"),
    ] {
        assert_eq!(steps(page, Kind::Async), Err(wrong.to_owned()));
    }
}

#[test]
fn a_change_finds_its_place_or_says_that_it_does_not() {
    let change = |block: &str, text: &str| places(block).unwrap()[0].change("f", text);
    assert_eq!(change(" a\n-b\n+c", "x\na\nb\ny\n"), Ok("x\na\nc\ny\n".to_owned()));
    assert_eq!(change("+c", "a\n"), Ok("a\nc\n".to_owned()));
    assert_eq!(change("-a", "a\na\n"), Err("these lines stand in f 2 times, not once:\na".to_owned()));
    assert_eq!(change("-b", "a\n"), Err("these lines stand in f 0 times, not once:\nb".to_owned()));
}

#[test]
fn a_line_that_is_not_printed_is_missed() {
    let command = |prints: &str| Command { text: String::new(), prints: prints.lines().map(str::to_owned).collect() };
    assert_eq!(command("a ... c\nd").missing("a\na b c\nx\nd\n"), None);
    assert_eq!(command("a | .... | c").missing("a | ab | c"), None);
    assert_eq!(command("d\na").missing("a\nd\n"), Some("a"));
    assert_eq!(command("a ... c").missing("a b cd"), Some("a ... c"));
}
