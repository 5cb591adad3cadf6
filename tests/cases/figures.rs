//! What Lifeboot costs, measured once more: within what each figure is held to, and what `costs.json` and the README say.
//! The whole is measured with every change, by `.ci/run`, and by `cargo costs`, which prints it.

use lifeboot_host_tool::device::standstill;
use lifeboot_tests::costs::standstill::STANDSTILL;
use lifeboot_tests::costs::{self, Costs, Figure, Unit, readme, wear};

/// What to do about a difference.
const REMEDY: &str = "if that is as it should be, run `cargo costs` and commit what it writes";

/// Whether two figures are of the same thing.
fn same(one: &Figure, other: &Figure) -> bool {
    (&one.what, &one.board, one.unit) == (&other.what, &other.board, other.unit)
}

/// How measured figures differ from those that are written down.
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
    let (written, measured) = (costs::written().unwrap(), costs::measure().unwrap());
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

#[test]
fn the_readme_has_the_table() {
    assert_eq!(readme::written().unwrap(), readme::table(&costs::written().unwrap()), "{REMEDY}");
}

/// `lifeboot status` says what was measured, to the next millisecond.
#[test]
fn the_standstill_that_a_status_tells_is_the_measured_one() {
    let written = costs::written().unwrap();
    let measured: Vec<_> = written
        .figures
        .iter()
        .filter(|figure| figure.what == STANDSTILL && figure.unit == Unit::Microseconds)
        .map(|figure| (figure.board.as_str(), figure.ours))
        .collect();
    assert_eq!(measured.len(), 3);
    for (board, microseconds) in measured {
        let told = standstill(board).expect("a board that was measured");
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
