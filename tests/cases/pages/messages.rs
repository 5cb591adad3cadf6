//! Messages as tables: the plain types of the wire, with the numbers that their variants have in postcard's encoding.

use super::rustdoc::{cell, text};
use syn::{Expr, Field, Fields, File, GenericArgument, Item, Lit, PathArguments, Type, Visibility};

/// A section for each public type of a source file.
pub fn types(file: &File) -> String {
    file.items.iter().filter_map(item).collect()
}

fn item(item: &Item) -> Option<String> {
    let (name, attributes, table) = match item {
        Item::Enum(item) if is_public(&item.vis) => {
            let rows = item.variants.iter().enumerate().map(|(number, variant)| {
                let what = [cell(&variant.attrs), fields_in_words(&variant.fields)].join(" ");
                format!("| {number} | `{}` | {} |\n", variant.ident, what.trim())
            });
            (
                &item.ident,
                &item.attrs,
                "| number | variant | meaning |\n| --- | --- | --- |\n".to_owned() + &rows.collect::<String>(),
            )
        }
        Item::Struct(item) if is_public(&item.vis) => {
            let rows = item
                .fields
                .iter()
                .map(|field| format!("| `{}` | {} | {} |\n", name(field), type_name(&field.ty), cell(&field.attrs)));
            (
                &item.ident,
                &item.attrs,
                "| field | type | meaning |\n| --- | --- | --- |\n".to_owned() + &rows.collect::<String>(),
            )
        }
        _ => return None,
    };
    Some(format!("#### `{name}`\n\n{}\n{table}\n", text(attributes)))
}

/// What a variant carries.
fn fields_in_words(fields: &Fields) -> String {
    let field = |field: &Field| match &field.ident {
        Some(_) => format!("`{}` ({}): {}", name(field), type_name(&field.ty), cell(&field.attrs)),
        None => format!("Carries {}.", type_name(&field.ty)),
    };
    fields.iter().map(field).collect::<Vec<_>>().join(" ")
}

fn name(field: &Field) -> String {
    field.ident.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// A type in words.
fn type_name(of: &Type) -> String {
    match of {
        Type::Reference(reference) => match &*reference.elem {
            Type::Slice(_) => "bytes".to_owned(),
            other => type_name(other),
        },
        Type::Array(array) => format!("{} × {}", length(&array.len), type_name(&array.elem)),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return String::new() };
            match &last.arguments {
                PathArguments::AngleBracketed(arguments) if last.ident == "Option" => {
                    let inner = arguments.args.iter().find_map(|argument| match argument {
                        GenericArgument::Type(inner) => Some(type_name(inner)),
                        _ => None,
                    });
                    format!("optional {}", inner.unwrap_or_default())
                }
                _ => format!("`{}`", last.ident),
            }
        }
        _ => panic!("a type that the page has no words for"),
    }
}

fn length(length: &Expr) -> String {
    match length {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.to_string(),
            _ => panic!("a length that is no number"),
        },
        Expr::Path(path) => path.path.segments.last().map(|last| format!("`{}`", last.ident)).unwrap_or_default(),
        _ => panic!("a length that the page has no words for"),
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

#[test]
fn types_become_tables() {
    let source = "/// What.\npub enum E<'a> {\n/// One.\nA,\n/// Two.\nB {\n/// Where.\nat: u32,\n/// Data.\nbytes: &'a [u8] },\n\
        /// Three.\nC([Option<S>; N])}\nenum Private {}\n/// A thing.\npub struct S {\n/// Id.\npub id: [u8; 4]}";
    let page = types(&syn::parse_file(source).unwrap());
    assert_eq!(
        page,
        "#### `E`\n\nWhat.\n\n| number | variant | meaning |\n| --- | --- | --- |\n| 0 | `A` | One. |\n\
         | 1 | `B` | Two. `at` (`u32`): Where. `bytes` (bytes): Data. |\n\
         | 2 | `C` | Three. Carries `N` × optional `S`. |\n\n\
         #### `S`\n\nA thing.\n\n| field | type | meaning |\n| --- | --- | --- |\n| `id` | 4 × `u8` | Id. |\n\n"
    );
}
