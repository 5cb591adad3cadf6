//! Which known name was meant by an unknown one.

use strsim::levenshtein;

/// How many names a message lists.
const LISTED: usize = 8;

/// Returns the help for an unknown name: the one that was probably meant, or what there is.
pub fn suggestion<'a>(name: &str, what: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let name = name.to_lowercase();
    let mut known: Vec<_> = known.into_iter().map(|known| (levenshtein(&name, &known.to_lowercase()), known)).collect();
    known.sort();
    known.dedup();
    match known.first() {
        Some((edits, meant)) if *edits <= 2 && *edits < meant.chars().count() => format!("write {meant}"),
        _ => {
            let more = if known.len() > LISTED { ", …" } else { "" };
            let mut listed: Vec<_> = known.iter().take(LISTED).map(|(_, name)| *name).collect();
            listed.sort_unstable();
            format!("{what} are {}{more}", listed.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_else_all() {
        let known = ["soak", "parallel", "approve"];
        assert_eq!(suggestion("Paralel", "the keys", known), "write parallel");
        assert_eq!(suggestion("speed", "the keys", known), "the keys are approve, parallel, soak");
        assert_eq!(suggestion("5", "the lines", ["3"]), "the lines are 3");
    }
}
