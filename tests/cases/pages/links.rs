//! Links and paths: every relative link leads to a file and a heading that exist, and every path in a span of code to a
//! file or folder of the repository.

use super::markdown::{anchors, code, links, prose};
use super::{page, pages, read};
use lifeboot_tests::product;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Why a link of the page leads nowhere, or `None`.
fn broken(from: &Path, link: &str) -> Option<String> {
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let from = product::root().join(from);
    let target = if file.is_empty() { from } else { from.with_file_name("").join(file) };
    if !target.exists() {
        return Some(format!("there is no {file}"));
    }
    let anchor = anchor?;
    if target.extension().is_none_or(|extension| extension != "md") {
        return Some(format!("{file} is no page, and has no headings"));
    }
    (!anchors(&read(&target)).iter().any(|known| known == anchor)).then(|| format!("no heading is #{anchor}"))
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let (mut checked, mut wrong) = (0, Vec::new());
    for name in pages() {
        let text = page(name.to_str().unwrap());
        for (line, link) in
            prose(&text).flat_map(|(number, line)| links(line).into_iter().map(move |link| (number, link)))
        {
            if link.contains("://") {
                continue;
            }
            checked += 1;
            wrong.extend(broken(&name, &link).map(|why| format!("{}:{line}: {link}: {why}", name.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 50, "only {checked} links were found");
}

/// A path of the repository in a span of code, as far as it names no placeholder such as `CHIP`.
fn path<'a>(span: &'a str, top: &BTreeSet<String>) -> Option<&'a str> {
    let is_path = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    let first = span.split_once('/')?.0;
    if !span.chars().all(is_path) || !top.contains(first) {
        return None;
    }
    let is_placeholder = |part: &&str| part.len() > 1 && part.chars().all(|letter| letter.is_ascii_uppercase());
    let placeholder = span.split(['/', '.']).find(is_placeholder).filter(|_| !span.ends_with("README.md"));
    Some(placeholder.map_or(span, |placeholder| span.split(placeholder).next().unwrap_or_default()))
}

#[test]
fn every_path_in_a_span_of_code_is_one_of_the_repository() {
    let entries = fs::read_dir(product::root()).unwrap().map(|entry| entry.unwrap().file_name());
    let top = entries.map(|name| name.to_string_lossy().into_owned()).filter(|name| name != "target").collect();
    let (mut checked, mut wrong) = (0, Vec::new());
    for name in pages() {
        let text = page(name.to_str().unwrap());
        for (line, span) in prose(&text).flat_map(|(number, line)| code(line).map(move |span| (number, span))) {
            let Some(path) = path(span, &top) else { continue };
            checked += 1;
            if !product::root().join(path).exists() {
                wrong.push(format!("{}:{line}: {path}", name.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "these files and folders are not there:\n{}", wrong.join("\n"));
    assert!(checked > 30, "only {checked} paths were found");
}

/// The code map names every crate.
#[test]
fn the_code_map_has_every_crate() {
    let manifest: String = read(&product::root().join("Cargo.toml"));
    let members = manifest.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    let members: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    assert!(members.len() > 5, "only these members were found: {members:?}");
    let map = page("ARCHITECTURE.md");
    let missing: Vec<_> = members.iter().filter(|member| !map.contains(&format!("| `{member}/` |"))).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md's code map lacks {missing:?}");
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let from = Path::new("docs/guide.md");
    assert_eq!(broken(from, "../README.md"), None);
    assert!(broken(from, "none.md").is_some());
    assert!(broken(from, "../README.md#no-such-heading").is_some());
    assert!(broken(from, "../Cargo.toml#members").is_some());
    let top = BTreeSet::from(["tests".to_owned()]);
    assert_eq!(path("tests/cases/x.rs", &top), Some("tests/cases/x.rs"));
    assert_eq!(path("tests/src/NAME/mod.rs", &top), Some("tests/src/"));
    assert_eq!(path("tests/README.md", &top), Some("tests/README.md"));
    assert_eq!(path("other/x.rs", &top), None);
    assert_eq!(path("tests/cases and more", &top), None);
}
