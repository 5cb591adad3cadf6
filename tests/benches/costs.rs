//! `cargo costs`: measures what Lifeboot costs, prints it, and writes it to files. Fails if a figure exceeds its limit.

use anyhow::{Result, ensure};
use lifeboot_tests::costs::{self, Figure, pages, table};
use std::fs;
use std::path::Path;

fn main() -> Result<()> {
    let costs = costs::measure(Path::new(env!("CARGO_BIN_EXE_load")))?;
    print!("{}\n{}", table::details(&costs), table::figures(&costs));
    fs::write(costs::file(), serde_json::to_string_pretty(&costs)? + "\n")?;
    for page in pages::PAGES {
        page.write(&costs)?;
    }
    let beyond: Vec<String> =
        costs.figures.iter().filter(|figure| figure.is_beyond_limit()).map(Figure::to_string).collect();
    ensure!(beyond.is_empty(), "beyond what they are held to:\n{}", beyond.join("\n"));
    Ok(())
}
