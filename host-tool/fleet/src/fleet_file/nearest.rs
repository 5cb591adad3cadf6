//! Which known name was meant by an unknown one.

/// How many names a message lists.
const LISTED: usize = 8;

/// Returns the help for an unknown name: the one that was probably meant, or what there is.
pub fn suggestion<'a>(name: &str, what: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let name = name.to_lowercase();
    let mut known: Vec<_> = known.into_iter().map(|known| (edits(&name, &known.to_lowercase()), known)).collect();
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

/// The number of characters to insert, remove or exchange.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, left) in from.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], line + 1);
        for (column, right) in to.iter().enumerate() {
            let exchanged = before + usize::from(left != *right);
            before = row[column + 1];
            row[column + 1] = exchanged.min(before + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
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

    #[test]
    fn edits_are_counted() {
        assert_eq!([("", "abc"), ("soak", "saok"), ("a", "a")].map(|(from, to)| edits(from, to)), [3, 2, 0]);
    }
}
