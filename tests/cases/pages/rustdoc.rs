//! Documentation comments as Markdown that is read outside of rustdoc.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of documentation comments, a line each.
pub fn text(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    let lines = attributes.iter().filter_map(line);
    without_links(&lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned() + "\n").collect::<String>())
}

/// As [`text`], in one line: for a cell of a table.
pub fn cell(attributes: &[Attribute]) -> String {
    text(attributes).split("\n\n").next().unwrap_or_default().trim().replace('\n', " ").replace('|', "\\|")
}

/// Links to items become their names: only rustdoc knows where the items are. Links to pages on the web stay.
fn without_links(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        result += before;
        let Some((name, behind)) = link.split_once(']') else {
            result.push('[');
            rest = link;
            continue;
        };
        let target = behind.strip_prefix('(').and_then(|behind| behind.split_once(')'));
        let is_item = name.starts_with('`') && name.ends_with('`');
        (rest, result) = match target {
            Some((target, behind)) if target.contains("://") => (behind, result + &format!("[{name}]({target})")),
            Some((_, behind)) => (behind, result + name),
            None if is_item => (behind, result + name),
            // Such as a length in brackets, and `[u8; 4]` in a span of code.
            None => (behind, result + &format!("[{name}]")),
        };
    }
    result + rest
}

#[test]
fn links_to_items_become_their_names() {
    let text = "[`A`], [`b`](crate::b), [the module](super), [web](https://x.y), `[u8; 4]`, [1]\n| [`C`] |\n";
    assert_eq!(without_links(text), "`A`, `b`, the module, [web](https://x.y), `[u8; 4]`, [1]\n| `C` |\n");
}
