//! What the rewriting makes of each kind of function.

use super::*;
use crate::bug::Bug;
use crate::suite::Suite;

const OUTSIDE: &str = "a bug: not within a function";

/// A bug of the source in question.
const fn bug(from: &'static str, to: &'static str) -> Bug {
    Bug { name: "a bug", file: "a file", from, to, suite: Suite::Journal }
}

/// Bugs of a source, numbered from `first`.
fn seeds<'a>(source: &str, bugs: &'a [Bug], first: usize) -> Result<Vec<Seed<'a>>> {
    let seed =
        |(number, bug): (usize, &'a Bug)| Ok(Seed { number, name: bug.name, place: bug.place(source)?, to: bug.to });
    (first..).zip(bugs).map(seed).collect()
}

/// A source with bugs in it, numbered from 1, each run of white space as one.
fn seeded(source: &str, bugs: &[Bug]) -> Result<String> {
    let seeded = seed(source, &seeds(source, bugs, 1)?)?;
    syn::parse_file(&seeded)?;
    Ok(seeded.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn two_bugs_of_one_function() {
    let source = "fn before() {}\nfn f(x: u8) -> u8 {\n    let y = x + 1;\n    y * 2 // twice\n}\nfn behind() {}";
    let expected = "fn before() {} fn f(x: u8) -> u8 {match ::seeded::bug() { \
        1 => { ::seeded::reached(); let y = x; y * 2 // twice } \
        2 => { ::seeded::reached(); let y = x + 1; y * 3 // twice } \
        _ => { let y = x + 1; y * 2 // twice } }} fn behind() {}";
    assert_eq!(seeded(source, &[bug("x + 1", "x"), bug("y * 2", "y * 3")]).unwrap(), expected);
}

#[test]
fn method_of_a_trait() {
    let source = "impl Chip for Nrf51 { fn reset(&mut self) -> ! { self.store(1) } }";
    let expected = "impl Chip for Nrf51 { fn reset(&mut self) -> ! {match ::seeded::bug() { \
        1 => { ::seeded::reached(); self.store(2) } _ => { self.store(1) } }} }";
    assert_eq!(seeded(source, &[bug("store(1)", "store(2)")]).unwrap(), expected);
}

#[test]
fn default_of_a_trait() {
    let source = "trait Chip { const UNIT: u32; fn none(&self); fn unit(&self) -> u32 { Self::UNIT } }";
    let expected = "trait Chip { const UNIT: u32; fn none(&self); fn unit(&self) -> u32 {match ::seeded::bug() { \
        1 => { ::seeded::reached(); Self::UNIT - 1 } _ => { Self::UNIT } }} }";
    assert_eq!(seeded(source, &[bug("{ Self::UNIT", "{ Self::UNIT - 1")]).unwrap_err().to_string(), OUTSIDE);
    assert_eq!(seeded(source, &[bug(" Self::UNIT ", " Self::UNIT - 1 ")]).unwrap(), expected);
}

#[test]
fn generic_function() {
    let source = "fn all<'a, F: Flash, const N: usize>(flash: &'a mut F) -> Result<[u8; N], F::Error> where F: Sized { \
        flash.read::<N>()? }";
    let expected = source.replace(
        "{ flash.read::<N>()? }",
        "{match ::seeded::bug() { 1 => { ::seeded::reached(); flash.read::<{ N - 1 }>()? } _ => { flash.read::<N>()? } }}",
    );
    assert_eq!(seeded(source, &[bug("<N>()", "<{ N - 1 }>()")]).unwrap(), expected);
}

#[test]
fn nested_functions_each_with_a_bug() {
    let source = "fn outer() -> u8 { fn inner() -> u8 { 1 } inner() + 2 }";
    let expected = "fn outer() -> u8 {match ::seeded::bug() { \
        2 => { ::seeded::reached(); fn inner() -> u8 { 1 } inner() + 3 } \
        _ => { fn inner() -> u8 {match ::seeded::bug() { 1 => { ::seeded::reached(); 4 } _ => { 1 } }} inner() + 2 } }}";
    assert_eq!(seeded(source, &[bug(" 1 ", " 4 "), bug("+ 2", "+ 3")]).unwrap(), expected);
}

#[test]
fn constant_function() {
    let source = "pub const fn unit(self) -> u32 { 4096 } const fn other() {}";
    let expected = "pub fn unit(self) -> u32 {match ::seeded::bug() { \
        1 => { ::seeded::reached(); 4095 } _ => { 4096 } }} const fn other() {}";
    assert_eq!(seeded(source, &[bug("4096", "4095")]).unwrap(), expected);
}

#[test]
fn letters_of_more_than_a_byte_move_nothing() {
    let source = "/// S·B − k·A\nfn f() -> &'static str { \"ℓ\" }";
    let expected = "/// S·B − k·A fn f() -> &'static str {match ::seeded::bug() { \
        1 => { ::seeded::reached(); \"l\" } _ => { \"ℓ\" } }}";
    assert_eq!(seeded(source, &[bug("ℓ", "l")]).unwrap(), expected);
}

#[test]
fn a_text_that_is_not_there_exactly_once_is_an_error() {
    for source in ["fn f() -> u8 { 2 }", "fn f() -> u8 { 1 + 1 }"] {
        let error = seeded(source, &[bug("1", "3")]).unwrap_err().to_string();
        assert_eq!(error, "a bug: a file does not hold `1` exactly once: bring the bug up to date");
    }
}

#[test]
fn a_text_outside_of_any_function_is_an_error() {
    for source in
        ["const ONE: u8 = 1; fn f() {}", "fn f(x: [u8; 1]) {}", "make!(fn f() { 1 });", "trait T { const N: u8 = 1; }"]
    {
        assert_eq!(seeded(source, &[bug("1", "3")]).unwrap_err().to_string(), OUTSIDE, "{source}");
    }
}

#[test]
fn an_error_of_the_compiler_is_that_of_the_bug_in_whose_code_it_is() {
    let source = "fn f(x: u8) -> u8 {\n    let y = x + 1;\n    y * 2\n}\nfn behind() {}\n";
    let bugs = [bug("x + 1", "x"), bug("y * 2", "y * 3")];
    let seeded = seed(source, &seeds(source, &bugs, 7).unwrap()).unwrap();
    let at = |line: &str, nth: usize| {
        let mut lines = seeded.lines().enumerate().filter(|(_, other)| other.trim() == line);
        bug_at(&seeded, lines.nth(nth).unwrap().0 + 1)
    };
    assert_eq!((at("let y = x;", 0), at("y * 2", 0)), (Some(7), Some(7)));
    assert_eq!((at("let y = x + 1;", 0), at("y * 3", 0)), (Some(8), Some(8)));
    assert_eq!((at("let y = x + 1;", 1), at("y * 2", 1)), (None, None));
    assert_eq!((bug_at(&seeded, 1), at("fn behind() {}", 0)), (None, None));
}
