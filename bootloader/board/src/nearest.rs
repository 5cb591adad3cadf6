//! Which known name was meant by an unknown one.

/// How many names are suggested.
const SUGGESTED: usize = 3;

/// Returns the names that are nearest to `name`, in order of their distance.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let mut known: Vec<_> = known.into_iter().map(|known| (distance(&name, &known.to_lowercase()), known)).collect();
    known.sort_by_key(|(distance, _)| *distance);
    known.into_iter().take(SUGGESTED).map(|(_, known)| known).collect()
}

/// Returns the help for an unknown name: the one that was probably meant, or all.
pub fn suggestion(name: &str, what: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()).first() {
        Some(meant) if distance(&name.to_lowercase(), meant) <= 2 => format!("write {meant}"),
        _ => format!("{what} are {}", known.join(", ")),
    }
}

/// The number of characters to insert, remove or exchange.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, right) in b.iter().enumerate() {
            let exchanged = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits() {
        let counted = [("", "abc"), ("chip", "chpi"), ("ram", "ram"), ("map", "maps")].map(|(a, b)| distance(a, b));
        assert_eq!(counted, [3, 2, 0, 1]);
    }

    #[test]
    fn a_near_name_is_suggested_and_else_all() {
        let known = ["name", "chip", "map"];
        assert_eq!(suggestion("Chipp", "the keys", &known), "write chip");
        assert_eq!(suggestion("frequency", "the keys", &known), "the keys are name, chip, map");
    }
}
