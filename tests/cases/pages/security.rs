//! The threat model names, for each defence, the tests that fail without it. These tests must exist.

use super::page;
use lifeboot_tests::product;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The functions and modules of tests under a folder.
fn tests_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(path.file_name().map(|name| name.display().to_string()));
            tests_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(path.file_stem().map(|name| name.display().to_string()));
            let source = fs::read_to_string(&path).unwrap();
            let is_test = |lines: &[&str; 2]| lines[0].trim_start().starts_with("#[");
            let lines: Vec<&str> = source.lines().collect();
            let functions = lines.array_windows().filter(|lines| is_test(lines));
            let name = |line: &str| Some(line.trim_start().strip_prefix("fn ")?.split('(').next()?.to_owned());
            found.extend(functions.filter_map(|[_, line]| name(line)));
        }
    }
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let mut tests = BTreeSet::new();
    for folder in ["tests/cases", "host-tool/tests", "bootloader/core/src", "updater"] {
        tests_in(&product::root().join(folder), &mut tests);
    }
    let page = page("docs/threat-model.md");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let mut checked = 0;
    for row in rows {
        let last = row.trim_end_matches([' ', '|']).rsplit("| ").next().unwrap();
        for name in last.split('`').skip(1).step_by(2) {
            let known = name.split("::").all(|part| tests.contains(part));
            assert!(known, "docs/threat-model.md names a test that there is not: {name}");
            checked += 1;
        }
    }
    assert!(checked > 70, "only {checked} tests were found");
}
