//! As much of Markdown as the pages use: fenced blocks, headings, links, spans of code.

/// The lines outside of fenced and indented blocks, with their numbers.
pub fn prose(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(page.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence && !line.starts_with("    ")
    })
}

/// The anchors of a page's headings, made as GitHub makes them.
pub fn anchors(page: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(page) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = |letter: &char| letter.is_alphanumeric() || "-_ ".contains(*letter);
        let slug: String = title.trim().to_lowercase().chars().filter(kept).collect();
        let slug = slug.replace(' ', "-");
        let same = |anchor: &&String| {
            let number = anchor.strip_prefix(&slug).map(|rest| rest.trim_start_matches('-'));
            number.is_some_and(|rest| rest.is_empty() || rest.parse::<usize>().is_ok())
        };
        anchors.push(match anchors.iter().filter(same).count() {
            0 => slug,
            count => format!("{slug}-{count}"),
        });
    }
    anchors
}

/// The targets of the links in a line.
pub fn links(line: &str) -> Vec<String> {
    let line = without_code(line);
    let targets = line.split("](").skip(1);
    targets.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The spans of code in a line.
pub fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[test]
fn a_page_is_read_as_it_is_shown() {
    let page =
        "# A `b`, c\n```\n# no\n[x](y)\n```\n    [x](y)\n## Two\n## Two\ntext [one](a.md#b), `[no](c)` [two](d)\n";
    assert_eq!(anchors(page), ["a-b-c", "two", "two-1"]);
    let found: Vec<String> = prose(page).flat_map(|(_, line)| links(line)).collect();
    assert_eq!(found, ["a.md#b", "d"]);
    assert_eq!(code("a `b c` d `e`").collect::<Vec<_>>(), ["b c", "e"]);
}
