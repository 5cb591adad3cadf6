//! What a help says to write is legal, or at least no longer wrong for the reason that it was given for.

use super::{BASE, refused_text};
use lifeboot_board::parse_file;
use std::path::Path;

/// Sizes and places in KiB that meet every kind of border.
const LENGTHS: [u32; 9] = [8, 16, 30, 32, 48, 64, 100, 128, 192];
const STARTS: [u32; 10] = [0, 10, 16, 32, 48, 64, 100, 128, 256, 500];

/// Writes what the help says instead of `value`, until nothing is refused any more; panics if a help leads nowhere.
fn follow(text: &str, key: &str) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..4 {
        if parse_file(&text, Path::new("board.toml")).is_ok() {
            return Some(text);
        }
        let (error, help) = refused_text(&text);
        let line: usize = error.split(':').nth(1).unwrap().parse().unwrap();
        let (_, value) = help.split_once(&format!("write {key} = "))?;
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert!(lines[line - 1].starts_with(key), "{error}\n{help}");
        lines[line - 1] = format!("{key} = {value}");
        text = lines.join("\n");
    }
    panic!("the helps lead in a circle:\n{text}");
}

#[test]
fn a_help_is_at_most_one_step_from_what_is_legal() {
    let mut fixed = 0;
    for key in ["bootloader", "journal"] {
        for (length, start) in LENGTHS.iter().flat_map(|length| STARTS.map(|start| (length, start))) {
            let text = BASE.replace(&format!("{key} = \"32K\""), &format!("{key} = \"{length}K @ {start}K\""));
            if parse_file(&text, Path::new("board.toml")).is_err() {
                fixed += usize::from(follow(&text, key).is_some());
            }
        }
    }
    assert!(fixed > 80, "{fixed}");
}

#[test]
fn a_region_of_the_application_finds_the_room_that_there_is() {
    let base = BASE.replace("[\"192K @ 64K\", \"192K @ 256K\"]", "[\"128K @ 128K\", \"128K @ 256K\"]");
    for start in STARTS {
        let text = base.replace("[pins]", &format!("storage = \"64K @ {start}K\"\n[pins]"));
        if let Some(fixed) = follow(&text, "storage") {
            assert!(fixed.contains("storage = \"64K @ 64K\""), "{fixed}");
        }
    }
}

/// Whatever a file says, the answer is an error and no panic.
#[test]
fn extreme_values_are_refused() {
    let sizes = ["1", "255", "0xFFFFFFFF", "4095M", "2048M @ 2047M", "1 @ 0xFFFFFFFE", "1 @ 512K", "512K", "512K @ 0"];
    for size in sizes {
        for part in ["bootloader = \"32K\"", "journal = \"32K\"", "[pins]"] {
            let key = part.split(' ').next().unwrap();
            let line = if key == "[pins]" { format!("a = \"{size}\"\n[pins]") } else { format!("{key} = \"{size}\"") };
            refused_text(&BASE.replace(part, &line));
        }
        for slots in [format!("[\"{size}\", \"{size}\"]"), format!("[\"192K @ 64K\", \"{size}\"]")] {
            refused_text(&BASE.replace("[\"192K @ 64K\", \"192K @ 256K\"]", &slots));
        }
    }
    for chip in ["", "STM32", "STM32F411É", "STM32F4", "nRF51822-é", "nRF51822_xx", "ß", "STM32F411CEQ"] {
        refused_text(&BASE.replace("STM32F411CE", chip));
    }
    for pin in ["", "P", "é", "PA", "PA99999999999", "9", "PA9 PA10 PA11"] {
        refused_text(&BASE.replace("PA9 PA10", pin));
        refused_text(&BASE.replace("PA0 low", &format!("{pin} low")));
    }
    for clock in ["", "M", "0", "99999M", "-1", "é"] {
        refused_text(&BASE.replace("[map]", &format!("clock = \"{clock}\"\n[map]")));
    }
}
