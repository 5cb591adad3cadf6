//! Figures as tables in Markdown.

use super::{Costs, Figure, Peer, Symbol};

const HEAD: &str = "| figure | board | Lifeboot | held to | budget | peer |\n| --- | --- | --- | --- | --- | --- |\n";

fn row(figure: &Figure) -> String {
    let Figure { what, board, unit, ours, limit, budget, peer } = figure;
    let bound = |bound: &Option<u64>| bound.map_or_else(String::new, |bound| unit.show(bound));
    let missed = if figure.misses_budget() { " **missed**" } else { "" };
    let peer = peer.as_ref().map_or_else(String::new, |Peer { name, value, measured }| {
        format!("{} ({name}{})", unit.show(*value), if *measured { "" } else { "; cited" })
    });
    format!("| {what} | {board} | {} | {} | {}{missed} | {peer} |\n", unit.show(*ours), bound(limit), bound(budget))
}

/// The figures.
pub fn figures(costs: &Costs) -> String {
    HEAD.to_owned() + &costs.figures.iter().map(row).collect::<String>()
}

/// The parts of the figures, and the largest symbols.
pub fn details(costs: &Costs) -> String {
    let details: String = costs.details.iter().map(row).collect();
    let symbols =
        costs.symbols.iter().map(|Symbol { board, name, bytes }| format!("| `{name}` | {board} | {bytes} |\n"));
    format!("{HEAD}{details}\n| symbol | board | bytes |\n| --- | --- | --- |\n{}", symbols.collect::<String>())
}
