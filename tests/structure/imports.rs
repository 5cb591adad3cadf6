//! Which file of a crate uses something of which other one.
//!
//! A path is followed to the file that defines what it names, through re-exports. A `mod` line is no use, nor is a re-export
//! of something that the file does not use itself.

use super::modules::{Import, Module, Modules, Names};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Item, ItemMod, ItemUse, Macro, Visibility};

/// Re-exports of re-exports that are followed.
const DEPTH: usize = 8;

/// The files that each file uses.
pub type Uses = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Finds them in all modules of a crate.
pub fn uses(modules: &Modules) -> Uses {
    let mut uses = Uses::new();
    for (path, module) in modules {
        let found = uses.entry(module.file.clone()).or_default();
        found.extend(used(modules, path, module).filter(|file| *file != module.file).map(Path::to_owned));
    }
    uses
}

/// The files that a module uses something of.
fn used<'a>(modules: &'a Modules, path: &Names, module: &Module) -> impl Iterator<Item = &'a Path> {
    let mut paths = Paths::default();
    for item in &module.items {
        // Modules have an entry of their own, imports are below.
        if !matches!(item, Item::Mod(_) | Item::Use(_)) {
            paths.visit_item(item);
        }
    }
    let is_used = |import: &&Import| {
        let names =
            |name: &String| paths.found.iter().any(|path| path.first() == Some(name)) || paths.words.contains(name);
        !import.is_public || import.name.as_ref().is_some_and(names)
    };
    let imported = module.imports.iter().filter(is_used).map(|import| import.path.clone());
    let all: BTreeSet<Names> = imported.chain(paths.found.iter().cloned()).collect();
    all.into_iter().filter_map(|used| file_of(modules, path, &used, DEPTH))
}

/// The file that defines what `used` means in the module at `from`; `None` where that is not in this crate.
fn file_of<'a>(modules: &'a Modules, from: &[String], used: &[String], depth: usize) -> Option<&'a Path> {
    let (first, mut rest) = used.split_first()?;
    let mut at = match first.as_str() {
        "crate" => Vec::new(),
        "self" => from.to_vec(),
        "super" => from.split_last()?.1.to_vec(),
        _ => {
            // A module below, or what an import here names; anything else is another crate's, or from the prelude.
            rest = used;
            let module = modules.get(from)?;
            let known = is_module(modules, from, first)
                || module.defined.contains(first)
                || module.imports.iter().any(|import| import.name.as_ref() == Some(first));
            if !known {
                return None;
            }
            from.to_vec()
        }
    };
    while let Some((name, behind)) = rest.split_first() {
        if name == "super" {
            at.pop()?;
        } else if is_module(modules, &at, name) {
            at.push(name.clone());
        } else {
            return item_in(modules, &at, rest, depth);
        }
        rest = behind;
    }
    Some(&modules.get(&at)?.file)
}

/// The file that defines the item that `rest` begins with in the module at `at`.
fn item_in<'a>(modules: &'a Modules, at: &[String], rest: &[String], depth: usize) -> Option<&'a Path> {
    let module = modules.get(at)?;
    let name = &rest[0];
    if module.defined.contains(name) {
        return Some(&module.file);
    }
    let depth = depth.checked_sub(1)?;
    let imported = module.imports.iter().find(|import| import.name.as_ref() == Some(name));
    if let Some(import) = imported {
        // Not through the same import again, which names itself: `use serde::{self}`.
        let path =
            if import.path.first() == Some(name) && !is_module(modules, at, name) { return None } else { &import.path };
        let whole = [&path[..], &rest[1..]].concat();
        return file_of(modules, at, &whole, depth);
    }
    let globs = module.imports.iter().filter(|import| import.name.is_none());
    globs.into_iter().find_map(|glob| {
        let whole = [&glob.path[..], rest].concat();
        file_of(modules, at, &whole, depth)
    })
}

fn is_module(modules: &Modules, at: &[String], name: &str) -> bool {
    modules.contains_key(&[at, &[name.to_owned()]].concat())
}

/// The paths that are written in some code.
#[derive(Default)]
struct Paths {
    found: BTreeSet<Names>,
    /// Single names in macros, which may be anything.
    words: BTreeSet<String>,
}

impl<'a> Visit<'a> for Paths {
    fn visit_path(&mut self, path: &'a syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string());
        self.found.insert(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'a Macro) {
        visit::visit_macro(self, called);
        self.visit_tokens(called.tokens.clone());
    }

    fn visit_item_use(&mut self, import: &'a ItemUse) {
        // An import inside of a function.
        let mut path = Vec::new();
        let mut tree = &import.tree;
        while let syn::UseTree::Path(next) = tree {
            path.push(next.ident.to_string());
            tree = &next.tree;
        }
        match tree {
            syn::UseTree::Name(name) => path.push(name.ident.to_string()),
            syn::UseTree::Rename(renamed) => path.push(renamed.ident.to_string()),
            _ => {}
        }
        self.found.insert(path);
    }

    fn visit_item_mod(&mut self, _: &'a ItemMod) {}

    // `pub(super)` names nothing that is used.
    fn visit_visibility(&mut self, _: &'a Visibility) {}
}

impl Paths {
    /// What looks like a path in a macro's tokens.
    fn visit_tokens(&mut self, tokens: TokenStream) {
        let mut path = Names::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.visit_tokens(group.stream());
                }
                _ => self.end(&mut path),
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Names) {
        let path = std::mem::take(path);
        match &path[..] {
            [] => {}
            [word] => drop(self.words.insert(word.clone())),
            _ => drop(self.found.insert(path)),
        }
    }
}
