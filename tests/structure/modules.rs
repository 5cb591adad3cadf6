//! The modules of a crate: which file each lies in, what it defines and what it imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::{File, Item, ItemMod, ItemUse, UseTree, Visibility};

/// The names that lead from the root of a crate to something in it.
pub type Names = Vec<String>;

/// A module.
pub struct Module {
    /// Its file; an inline module has that of the module around it.
    pub file: PathBuf,
    /// What it contains.
    pub items: Vec<Item>,
    /// The names that it defines.
    pub defined: BTreeSet<String>,
    /// What it imports or re-exports: the name here, the path as written, and whether it is public.
    pub imports: Vec<Import>,
}

/// One name that a module imports.
pub struct Import {
    /// The name in this module; `None` for all that a module has (`*`).
    pub name: Option<String>,
    /// The path as written.
    pub path: Names,
    /// Whether others can import it from here.
    pub is_public: bool,
}

/// The modules of a crate by their paths.
pub type Modules = BTreeMap<Names, Module>;

/// Reads all modules of the crate with this root file.
pub fn read(root: &Path) -> Modules {
    let mut modules = Modules::new();
    let folder = root.parent().expect("a file lies in a folder").to_owned();
    add_file(&mut modules, Vec::new(), root, &folder);
    modules
}

/// Adds the module that `file` is, and those below it; the files of those lie in `folder`.
fn add_file(modules: &mut Modules, path: Names, file: &Path, folder: &Path) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let File { items, .. } = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    add(modules, path, file, folder, items);
}

fn add(modules: &mut Modules, path: Names, file: &Path, folder: &Path, items: Vec<Item>) {
    let mut defined = BTreeSet::new();
    let mut imports = Vec::new();
    for item in &items {
        match item {
            Item::Mod(module) => add_below(modules, &path, file, folder, module),
            Item::Use(import) => note_imports(&mut imports, import),
            item => defined.extend(name_of(item)),
        }
    }
    modules.insert(path, Module { file: file.to_owned(), items, defined, imports });
}

fn add_below(modules: &mut Modules, parent: &Names, file: &Path, folder: &Path, module: &ItemMod) {
    let name = module.ident.to_string();
    let path = [&parent[..], std::slice::from_ref(&name)].concat();
    let below = folder.join(&name);
    if let Some((_, items)) = &module.content {
        return add(modules, path, file, &below, items.clone());
    }
    let named = module.attrs.iter().find_map(named_path);
    let beside = folder.join(format!("{name}.rs"));
    // A #[path] leads from the folder of the file that says so, and the files of the modules below lie beside the one that it
    // names (The Rust Reference, 6.1.1).
    let found = match named {
        Some(named) => {
            let found = file.with_file_name(named).canonicalize().expect("a #[path] leads to a file");
            let below = found.parent().expect("a file lies in a folder").to_owned();
            return add_file(modules, path, &found, &below);
        }
        None if beside.exists() => beside,
        None => below.join("mod.rs"),
    };
    add_file(modules, path, &found, &below);
}

/// What `#[path = "…"]` says.
fn named_path(attribute: &syn::Attribute) -> Option<String> {
    let value = &attribute.meta.require_name_value().ok().filter(|_| attribute.path().is_ident("path"))?.value;
    let syn::Expr::Lit(literal) = value else { return None };
    let syn::Lit::Str(path) = &literal.lit else { return None };
    Some(path.value())
}

fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn note_imports(imports: &mut Vec<Import>, item: &ItemUse) {
    let is_public = !matches!(item.vis, Visibility::Inherited);
    let mut add = |name: Option<String>, path: Names| imports.push(Import { name, path, is_public });
    walk(&item.tree, Vec::new(), &mut add);
}

fn walk(tree: &UseTree, before: Names, add: &mut impl FnMut(Option<String>, Names)) {
    let with = |name: &syn::Ident| [&before[..], &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => walk(&path.tree, with(&path.ident), add),
        UseTree::Name(name) if name.ident == "self" => add(before.last().cloned(), before),
        UseTree::Name(name) => add(Some(name.ident.to_string()), with(&name.ident)),
        UseTree::Rename(renamed) if renamed.ident == "self" => add(Some(renamed.rename.to_string()), before),
        UseTree::Rename(renamed) => add(Some(renamed.rename.to_string()), with(&renamed.ident)),
        UseTree::Glob(_) => add(None, before),
        UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, before.clone(), add)),
    }
}
