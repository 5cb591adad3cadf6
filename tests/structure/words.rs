//! The project's words, and none of those that they replaced: one word for one thing, and the field's own where it has one.

use super::root;
use proc_macro2::{TokenStream, TokenTree};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A word that was given up, and what to write instead.
struct Banned {
    /// A name in code, as it is written; or words of prose in any case, also over the end of a line.
    word: &'static str,
    /// What to write.
    instead: &'static str,
}

const fn banned(word: &'static str, instead: &'static str) -> Banned {
    Banned { word, instead }
}

/// Names in code.
const NAMES: [Banned; 32] = [
    banned("STANDS", "RECHECK_OK"),
    banned("Doubt", "SuspectUnits"),
    banned("Along", "InputMode"),
    banned("Belief", "Expected"),
    banned("Purpose", "CheckFor"),
    banned("Consequences", "ConfirmEffects"),
    banned("are_due", "pending"),
    banned("goes_with", "matches_flash"),
    banned("Placed", "InfoSection"),
    banned("HELD", "USED_LENGTH"),
    banned("PATIENCE", "RECOVERY_TIMEOUT_MS, or another name that ends in its unit"),
    banned("SILENCE", "SESSION_TIMEOUT_MS"),
    banned("MOMENT", "REPORT_AFTER"),
    banned("QUIET", "IDLE_GAP"),
    banned("Patience", "Retry"),
    banned("Heard", "LinkEvent"),
    banned("Told", "RecoveryDetails"),
    banned("Afresh", "Resynchronised"),
    banned("listens", "wants_input"),
    banned("to_send", "pending_output"),
    banned("noted_word", "read_reset_note"),
    banned("HANDED_OVER", "HANDOFF_BASE"),
    banned("Standing", "ImageState"),
    banned("Circumstances", "RefusalContext"),
    banned("standstill", "max_stall_ms in JSON, \"stall\" in prose"),
    banned("Checkup", "Finding"),
    banned("Surroundings", "Environment"),
    banned("Goes", "ThunkTarget"),
    banned("Home", "SymbolSection"),
    banned("Listed", "TableEntry"),
    banned("aside", "print, report"),
    banned("tell", "report"),
];

/// Words of prose.
const PROSE: [Banned; 11] = [
    banned("in place of", "instead of"),
    banned("for good", "irreversibly, permanently"),
    banned("by its own word", "as reported by"),
    banned("whoever", "anyone who, a caller that"),
    banned("standstill", "stall"),
    banned("stands still", "stalls"),
    banned("bootloader that answers", "bootloader in recovery mode"),
    banned("bootloader answers in", "bootloader in recovery mode"),
    banned("sagging supply", "brown-out"),
    banned("afresh", "again, anew"),
    banned("mend", "fix"),
];

/// What is not searched: the list itself, and what is written by tools.
const LEFT_OUT: [&str; 3] = ["tests/structure/words.rs", "Cargo.lock", "tests/costs.json"];

/// The files of the repository that people write.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git").args(["ls-files"]).current_dir(root()).output().expect("git is there");
    let listed = String::from_utf8(listed.stdout).expect("names are text");
    let written = |name: &&str| {
        let is_left_out = LEFT_OUT.contains(name) || name.ends_with("Cargo.lock");
        !is_left_out && [".rs", ".md", ".py", ".toml", ".json", ".txt"].iter().any(|ending| name.ends_with(ending))
    };
    listed.lines().filter(written).map(|name| root().join(name)).filter(|file| file.exists()).collect()
}

/// A text as one line, without what begins a comment's lines; and where in it each line of the file begins.
fn one_line(text: &str) -> (String, Vec<usize>) {
    let (mut whole, mut starts) = (String::new(), Vec::new());
    for line in text.lines() {
        starts.push(whole.len());
        let line = line.trim().trim_start_matches(['/', '!', '#', '>']).trim_start();
        whole += line;
        whole.push(' ');
    }
    (whole, starts)
}

/// Where `word` stands in `text` as a whole word.
fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let found = text.match_indices(word).map(|(at, _)| at);
    found
        .filter(move |at| !is_part(text[..*at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next()))
}

/// Notes the names in some code that were given up, each with its line.
fn note_names(code: TokenStream, found: &mut Vec<(usize, &'static Banned)>) {
    for token in code {
        match token {
            TokenTree::Group(group) => note_names(group.stream(), found),
            TokenTree::Ident(name) => {
                let banned = NAMES.iter().find(|banned| name == banned.word);
                found.extend(banned.map(|banned| (name.span().start().line, banned)));
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// What is wrong in a file, a line each.
fn wrong(name: &Path, text: &str) -> Vec<String> {
    let (whole, starts) = one_line(text);
    let small = whole.to_lowercase();
    // Letters whose small form is longer would shift what is behind them.
    assert_eq!(small.len(), whole.len(), "{}", name.display());
    let line = |at: usize| starts.partition_point(|start| *start <= at);
    let prose = PROSE.iter().flat_map(|banned| places(&small, banned.word).map(move |at| (line(at), banned)));
    let mut names = Vec::new();
    if name.extension().is_some_and(|ending| ending == "rs") {
        let code = text.parse().unwrap_or_else(|error| panic!("{}: {error}", name.display()));
        note_names(code, &mut names);
    }
    let said = names
        .into_iter()
        .chain(prose)
        .map(|(line, Banned { word, instead })| format!("{}:{line}: {word:?}; write {instead}", name.display()));
    said.collect()
}

#[test]
fn words_that_were_given_up_do_not_come_back() {
    let files = files();
    assert!(files.len() > 500, "only {} files were found", files.len());
    let mut all = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        all.extend(wrong(file.strip_prefix(root()).unwrap(), &text));
    }
    assert!(all.is_empty(), "{} words:\n{}", all.len(), all.join("\n"));
}

#[test]
fn words_are_found_whole_in_any_case_and_over_lines() {
    let found = |text| wrong(Path::new("a.rs"), text);
    assert_eq!(found("/// It runs in place\n/// of the other.")[0], "a.rs:1: \"in place of\"; write instead of");
    assert_eq!(found("//! Whoever tells a Belief.\n\n\nfn a() { mend() }").len(), 2);
    assert_eq!(found("let belief = recommend(Beliefs); placed"), Vec::<String>::new());
    assert_eq!(found("fn a() {\n    vec![Belief]\n}"), ["a.rs:2: \"Belief\"; write Expected"]);
    assert_eq!(wrong(Path::new("a.md"), "Belief for goodness"), Vec::<String>::new());
}
