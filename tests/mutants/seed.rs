//! Puts bugs into a source file, each beside the code that it is a bug of: the body of the function around it becomes
//!
//! ```text
//! match ::seeded::bug() {
//!     17 => { ::seeded::reached(); the body with bug 17 }
//!     18 => { ::seeded::reached(); the body with bug 18 }
//!     _ => { the body as it is }
//! }
//! ```
//!
//! The branch is inside the function instead of between siblings, so that it is the same for methods of traits, generic
//! functions and whatever their receivers are. All bugs of a file are in it at once; at most one is on.

#[cfg(test)]
mod tests;

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A bug as it is put into its file.
#[derive(Clone)]
pub struct Seed<'a> {
    /// The number that turns it on.
    pub number: usize,
    /// What is wrong then.
    pub name: &'a str,
    /// What it replaces, in bytes of the file.
    pub place: Range<usize>,
    /// By what.
    pub to: &'a str,
}

/// Where the code with a bug begins, in a line of its own.
const REACHED: &str = " => { ::seeded::reached();";
/// Where the code without begins.
const AS_IT_IS: &str = "_ => {";

/// A function with a body.
#[derive(Clone)]
struct Function {
    name: String,
    /// What lies between its braces.
    body: Range<usize>,
    /// Its `const`, if it has one.
    constant: Option<Range<usize>>,
}

/// Functions with bugs in them, by where their bodies begin: of two that are nested, the outer one is first.
type Functions<'a> = BTreeMap<usize, (Function, Vec<&'a Seed<'a>>)>;

/// The source of a file with all of these bugs in it, none of them on.
pub fn seed(source: &str, seeds: &[Seed]) -> Result<String> {
    let mut finder = Finder(Vec::new());
    finder.visit_file(&syn::parse_file(source)?);
    let mut functions = Functions::new();
    for seed in seeds {
        let Range { start, end } = seed.place;
        let around = |function: &&Function| function.body.start <= start && end <= function.body.end;
        let innermost = finder.0.iter().filter(around).min_by_key(|function| function.body.len());
        let function = innermost.with_context(|| format!("{}: not within a function", seed.name))?;
        functions.entry(function.body.start).or_insert_with(|| (function.clone(), Vec::new())).1.push(seed);
    }
    // A constant function cannot read the environment; spaces, so that what was found stays where it is.
    let mut source = source.to_owned();
    for constant in functions.values().filter_map(|(function, _)| function.constant.clone()) {
        source.replace_range(constant.clone(), &" ".repeat(constant.len()));
    }
    Ok(rendered(&source, 0..source.len(), &functions))
}

/// The source with `const` only before functions of these names, which may stand behind those of types; all else stays
/// where it is.
pub fn without_const(source: &str, but: &BTreeSet<String>) -> Result<String> {
    let but: BTreeSet<_> = but.iter().filter_map(|path| path.rsplit("::").next()).collect();
    let mut finder = Finder(Vec::new());
    finder.visit_file(&syn::parse_file(source)?);
    let mut text = source.to_owned();
    for Function { name, constant, .. } in finder.0 {
        if let Some(constant) = constant.filter(|_| !but.contains(name.as_str())) {
            text.replace_range(constant.clone(), &" ".repeat(constant.len()));
        }
    }
    Ok(text)
}

/// A part of the source, in which the functions with bugs branch.
fn rendered(source: &str, part: Range<usize>, functions: &Functions) -> String {
    let mut text = String::new();
    let mut at = part.start;
    for (start, (function, seeds)) in functions.range(part.clone()) {
        // Not itself, and not those within one that is written already.
        if function.body == part || *start < at {
            continue;
        }
        text += &source[at..*start];
        text += "match ::seeded::bug() {\n";
        for Seed { number, place, to, .. } in seeds {
            let (before, behind) = (&source[*start..place.start], &source[place.end..function.body.end]);
            text += &format!("{number}{REACHED}\n{before}{to}{behind}\n}}\n");
        }
        text += &format!("{AS_IT_IS}\n{}\n}}\n}}", rendered(source, function.body.clone(), functions));
        at = function.body.end;
    }
    text + &source[at..part.end]
}

/// The number of the bug whose code holds a line of a seeded source; `None` if it is in code as it is.
pub fn bug_at(seeded: &str, line: usize) -> Option<usize> {
    let before: Vec<_> = seeded.lines().take(line).collect();
    let begins = before.iter().rev().find(|line| line.ends_with(REACHED) || **line == AS_IT_IS)?;
    begins.strip_suffix(REACHED)?.parse().ok()
}

/// Finds functions and methods that have a body.
struct Finder(Vec<Function>);

impl Finder {
    fn found(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let braces = block.brace_token.span;
        let body = braces.open().byte_range().end..braces.close().byte_range().start;
        let constant = signature.constness.map(|token| token.span().byte_range());
        self.0.push(Function { name: signature.ident.to_string(), body, constant });
    }
}

impl<'a> Visit<'a> for Finder {
    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.found(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        self.found(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.found(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}
