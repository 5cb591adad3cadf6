//! What Lifeboot costs, measured again: each figure is within its limit, and as in `costs.json` and on the pages. The whole is
//! measured with every change, by `.ci/run`, and by `cargo costs`, which prints it.

use lifeboot_client::max_stall::max_stall_ms;
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::costs::stall::MAX_STALL;
use lifeboot_tests::costs::{self, Costs, Figure, Unit, pages, wear};
use lifeboot_tests::product;
use std::fs;
#[cfg(feature = "every-change")]
use std::path::Path;

/// What to do about a difference.
const REMEDY: &str = "if that is as it should be, run `cargo costs` and commit what it writes";

/// Whether two figures are of the same thing.
fn same(one: &Figure, other: &Figure) -> bool {
    (&one.what, &one.board, one.unit) == (&other.what, &other.board, other.unit)
}

/// The differences between measured and committed figures.
fn differences(written: &Costs, measured: &Costs) -> Vec<String> {
    let mut differences = Vec::new();
    for figure in &measured.figures {
        match written.figures.iter().find(|written| same(written, figure)) {
            Some(written) if figure.is_like(written) => {}
            Some(written) => differences.push(format!("{figure}; written down: {written}")),
            None => differences.push(format!("{figure}; not written down")),
        }
    }
    let is_gone = |written: &&Figure| !measured.figures.iter().any(|figure| same(figure, written));
    differences
        .extend(written.figures.iter().filter(is_gone).map(|written| format!("written down, not measured: {written}")));
    differences
}

#[cfg(feature = "every-change")]
#[test]
fn what_lifeboot_costs_is_written_down_and_within_its_limits() {
    let load = Path::new(env!("CARGO_BIN_EXE_load"));
    let (written, measured) = (costs::written().unwrap(), costs::measure(load).unwrap());
    println!("{}", costs::table::figures(&measured));
    let beyond: Vec<String> =
        measured.figures.iter().filter(|figure| figure.is_beyond_limit()).map(Figure::to_string).collect();
    assert!(beyond.is_empty(), "beyond what they are held to, where each is measured:\n{}", beyond.join("\n"));
    let differences = differences(&written, &measured);
    assert!(differences.is_empty(), "not as written down; {REMEDY}:\n{}", differences.join("\n"));
}

/// The part of it that needs no emulated board.
#[test]
fn what_updates_do_to_flash_is_written_down() {
    let mut written = costs::written().unwrap();
    let measured = Costs { figures: wear::figures().unwrap(), details: Vec::new(), symbols: Vec::new() };
    written.figures.retain(|one| measured.figures.iter().any(|other| same(one, other)));
    assert!(measured.figures.len() > 3, "{:?}", measured.figures);
    let differences = differences(&written, &measured);
    assert!(differences.is_empty(), "not as written down; {REMEDY}:\n{}", differences.join("\n"));
}

/// `LIFEBOOT_BLESS` writes the tables out of `costs.json`, without measuring anything.
#[test]
fn the_pages_have_their_tables() {
    let costs = costs::written().unwrap();
    for page in pages::PAGES {
        if std::env::var_os("LIFEBOOT_BLESS").is_some() {
            page.write(&costs).unwrap();
        }
        assert_eq!(page.written().unwrap(), pages::table(&page, &costs), "{}: {REMEDY}", page.file());
    }
}

#[test]
fn the_readmes_comparison_has_the_measured_sizes() {
    let figures = costs::written().unwrap().figures;
    let kilobytes = |what: &str, board: &str| {
        let is_it = |figure: &&Figure| figure.what == what && figure.board == board;
        let bytes = figures.iter().find(is_it).unwrap_or_else(|| panic!("{what} is not measured")).ours;
        format!("{}.{}", (bytes + 50) / 1000, (bytes + 50) % 1000 / 100)
    };
    let sizes = |what: &str| ["microbit", "stm32f405"].map(|board| kilobytes(what, board)).join(", ");
    let [with, without] = ["with", "without"].map(|how| format!("bootloader in flash, {how} recovery"));
    let [small_with, small_without] = [&with, &without].map(|what| sizes(&format!("{what}, compact verifier")));
    let cell = format!(
        "| {small_with} with serial recovery, {small_without} without, by the compact verifier; by ed25519-dalek {} and {} |",
        sizes(&with),
        sizes(&without)
    );
    let readme = fs::read_to_string(product::root().join("README.md")).unwrap();
    assert!(readme.contains(&cell), "the README's comparison does not have {cell}");
}

/// `lifeboot status` reports the measured time, to the next millisecond.
#[test]
fn the_standstill_that_a_status_tells_is_the_measured_one() {
    let written = costs::written().unwrap();
    let measured: Vec<_> = written
        .figures
        .iter()
        .filter(|figure| figure.what == MAX_STALL && figure.unit == Unit::Microseconds)
        .map(|figure| (figure.board.as_str(), figure.ours))
        .collect();
    assert_eq!(measured.len(), 3);
    for (board, microseconds) in measured {
        let map = BOARDS.into_iter().find(|known| known.name == board).expect("an example board");
        let told = max_stall_ms(map).expect("a board whose flash is known");
        assert!(u64::from(told).abs_diff(microseconds.div_ceil(1000)) <= 1, "{board}: {told} ms, {microseconds} µs");
    }
}

#[test]
fn differences_are_told() {
    let figure = |unit, ours| Figure::new("a figure", "a board", unit, ours).held_to(1000);
    let costs = |figure: Figure| Costs { figures: vec![figure], details: Vec::new(), symbols: Vec::new() };
    let told = |one, other| differences(&costs(one), &costs(other)).len();
    assert_eq!(told(figure(Unit::Bytes, 900), figure(Unit::Bytes, 910)), 0);
    assert_eq!(told(figure(Unit::Bytes, 900), figure(Unit::Bytes, 930)), 1);
    assert_eq!(told(figure(Unit::Erases, 900), figure(Unit::Erases, 901)), 1);
    assert_eq!(told(figure(Unit::Bytes, 900), figure(Unit::Bytes, 900).held_to(2000)), 1);
    assert_eq!(told(figure(Unit::Bytes, 900), figure(Unit::Frames, 900)), 2);
    assert!(figure(Unit::Bytes, 1001).is_beyond_limit() && !figure(Unit::Bytes, 1000).is_beyond_limit());
    assert!(figure(Unit::LineShare, 999).is_beyond_limit() && !figure(Unit::LineShare, 1000).is_beyond_limit());
}
