//! A push to a Pico over its UART, in the times of its data sheets.

use super::bench::Bench;
use super::{BAUD, Computed, KIB, Limits, in_use, push, timed};
use crate::costs::line::Silicon;
use crate::costs::{Figure, FlashTime, kit, stall};
use crate::product::PICO;
use anyhow::Result;

const LIMITS: Limits = Limits { time: 6_100_000, ratio: 1_050, share: 980 };

/// The limit of the application's longest stall, in microseconds.
const STILL: u64 = 50_000;

/// The example firmware's clock (`firmware-example/src/board/pico`).
const HERTZ: u64 = 125_000_000;

/// The Pico's example firmware, which reads flash through a cache whose misses are left out. What it computes takes as
/// many instructions as the micro:bit's, whose core has the same. DMA receives, also while the core stalls, in a circle
/// of 8,191 bytes. In rp2040py, a push of 62,626 bytes took 24.1 million instructions from its first byte to its last,
/// those of the loop's empty turns and of the ROM's flash routines included: without the turns, some 330 a byte.
fn silicon(computed: &Computed) -> Silicon {
    let Computed { signature, hash, .. } = *computed;
    Silicon {
        hertz: HERTZ,
        baud: BAUD,
        port: 8191,
        buffer: 8191,
        window: 7936,
        flash: FlashTime::PICO,
        byte: 330,
        turn: 200,
        signature,
        hash,
        made: 230,
    }
}

/// What a push takes, and how long the application stalls meanwhile.
pub fn figures(computed: &Computed) -> Result<Vec<Figure>> {
    let image = |major| kit::image(&PICO, KIB, major);
    let (first, second, third) = (image(1)?, image(2)?, image(3)?);
    let mut bench = Bench::start(silicon(computed), in_use(&PICO, &first, &second)?)?;
    let went = push(&mut bench.link, &third)?;
    let (_, toll) = bench.look();
    let name = PICO.board.name;
    let mut figures = timed(name, &third, &went, FlashTime::PICO.both(toll), &LIMITS).to_vec();
    let still = stall::figure(name, computed.longest, HERTZ, bench.longest_turn());
    figures.push(still.held_to(STILL));
    Ok(figures)
}
