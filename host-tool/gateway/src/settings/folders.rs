//! The folders of a gateway do not get in each other's way: an inbox moves what is in it, and a cache drops it.
//!
//! Paths are compared as they are written: where symbolic links lead is not known before there are folders.

use super::read::Table;
use super::setting::{SETTINGS, SettingError};
use std::path::{Component, Path, PathBuf};

/// Checks that inbox, cache and state are folders of their own. Inbox and cache may be inside of the state's folder, where only
/// files count that the gateway has written.
///
/// # Errors
/// [`SettingError`]
pub(super) fn check(table: &Table, state: &Path, cache: &Path, inbox: Option<&Path>) -> Result<(), SettingError> {
    let (state, cache) = (("state", state), ("cache", cache));
    let inbox = inbox.map(|inbox| ("inbox", inbox));
    let pairs = inbox.into_iter().flat_map(|inbox| [(inbox, state), (inbox, cache)]).chain([(cache, state)]);
    for ((one, one_path), (other, other_path)) in pairs {
        let (one_path, other_path) = (plain(one_path), plain(other_path));
        let is_inside = one_path.starts_with(&other_path) && other != "state";
        if one_path != other_path && !is_inside && !other_path.starts_with(&one_path) {
            continue;
        }
        // The other one may be a default, which has no line.
        let is_first = table.has(one);
        let (name, with) = if is_first { (one, other) } else { (other, one) };
        let what = match (one_path == other_path, is_inside == is_first) {
            (true, _) => format!("it is the same folder as {with}"),
            (false, true) => format!("it is inside of {with}"),
            (false, false) => format!("{with} is inside of it"),
        };
        return Err(table.wrong(name, &what, &format!("give it a folder of its own; for example: {}", example(name))));
    }
    Ok(())
}

fn example(name: &str) -> String {
    let setting = SETTINGS.iter().find(|(known, ..)| *known == name);
    setting.map_or_else(String::new, |(name, _, example)| format!("{name} = {example}"))
}

/// A path without `.` and, as far as can be told from the text, without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            // Above the root is the root.
            Component::ParentDir if plain.has_root() => {}
            part => plain.push(part),
        }
    }
    plain
}
