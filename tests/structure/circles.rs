//! No file imports one that imports it, directly or through others: what a file needs can be read before it.

use super::crates::members;
use super::imports::{Uses, uses};
use super::{modules, root};
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use std::fs;
use std::path::Path;

/// The circles among the files of a crate, each as the names of its files.
fn circles(uses: &Uses) -> Vec<Vec<&Path>> {
    let mut graph = DiGraphMap::<&Path, ()>::new();
    for (file, used) in uses {
        for used in used {
            graph.add_edge(file, used, ());
        }
    }
    tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1).collect()
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let mut failures = String::new();
    let mut files = 0;
    for (name, targets) in members() {
        for target in targets {
            let uses = uses(&modules::read(&target));
            files += uses.len();
            for mut circle in circles(&uses) {
                circle.sort();
                failures += &format!("{name}:\n");
                for file in &circle {
                    let within = uses[*file].iter().filter(|used| circle.contains(&used.as_path()));
                    let within: Vec<_> = within.map(|used| used.strip_prefix(root()).unwrap().display()).collect();
                    failures += &format!("    {} imports {within:?}\n", file.strip_prefix(root()).unwrap().display());
                }
            }
        }
    }
    assert!(files > 300, "only {files} files were found");
    assert!(failures.is_empty(), "files that import each other:\n{failures}");
}

/// A crate made for it: the circle is found, through a re-export and a macro; and there is none without its last arrow.
#[test]
fn a_circle_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("lib.rs", "mod a; mod b; mod c; pub use a::A;");
    write("a.rs", "pub struct A; pub fn one() { crate::b::two(); }");
    write("b.rs", "use super::c; pub fn two() { c::three() }");
    write("c.rs", "pub fn three() { println!(\"{:?}\", std::any::type_name::<u8>()); }");
    let found = |folder: &Path| uses(&modules::read(&folder.join("lib.rs")));
    assert_eq!(circles(&found(folder.path())), Vec::<Vec<&Path>>::new());
    write("c.rs", "pub fn three() { drop(vec![crate::A]); }");
    let uses = found(folder.path());
    let [circle] = &circles(&uses)[..] else { panic!("{uses:?}") };
    assert_eq!(circle.len(), 3, "{circle:?}");
}
