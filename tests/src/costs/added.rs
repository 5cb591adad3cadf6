//! What an updater adds to a firmware's flash: `tests/added_flash/` with and without it.

use super::size::COMPACT;
use super::{Figure, Unit, peer};
use crate::product::{self, MICROBIT, STM32F405, Target};
use anyhow::{Result, ensure};

/// A board, with what is held to: the updater alone, the session with it, and patches as well; each with the default verifier and
/// with the compact one.
const LIMITS: [(&Target, [[u64; 2]; 3]); 2] = [
    (&MICROBIT, [[28_000, 20_500], [39_900, 32_400], [43_500, 36_000]]),
    (&STM32F405, [[24_400, 18_900], [35_400, 29_900], [38_700, 33_200]]),
];

/// Each of them by its name, and by its features of the program.
const WHAT: [(&str, &str); 3] = [
    ("updater in firmware's flash", "updater"),
    ("updater and session in firmware's flash", "session"),
    ("updater and session with patches in firmware's flash", "session,delta"),
];

/// The compact verifier's budget, in hundredths of the default one's figure.
const COMPACT_SHARE: u64 = 70;

/// The figures.
pub fn figures() -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (target, limits) in LIMITS {
        let size = |features: &[&str]| product::flash_size(&product::with_updater(target, features)?);
        let (without, embassy_boot) = (size(&[])?, size(&["embassy-boot"])?);
        // Less than a signature's check takes: the optimiser has found a part of the program that is never reached.
        ensure!(embassy_boot > without + 10_000, "embassy-boot's updater is not in the program");
        for ((what, features), [dalek_limit, compact_limit]) in WHAT.into_iter().zip(limits) {
            let figure = |name: &str, features: &[&str]| {
                Ok::<_, anyhow::Error>(Figure::new(
                    format!("{what}{name}"),
                    target.board.name,
                    Unit::Bytes,
                    size(features)? - without,
                ))
            };
            let dalek = figure("", &[features])?.held_to(dalek_limit);
            let budget = dalek.ours * COMPACT_SHARE / 100;
            let compact = figure(COMPACT, &[features, "compact"])?.held_to(compact_limit).meant_to_be(budget);
            // It has no session, and no patches.
            figures.push(match features {
                "updater" => dalek.beside(peer::NAME, embassy_boot - without),
                _ => dalek,
            });
            figures.push(compact);
        }
    }
    Ok(figures)
}
