//! How long the application stalls while it is updated: from one turn of the example firmware's loop to the next.

use super::size::COMPACT;
use super::{Figure, Unit, kit};
use crate::bench;
use crate::emulator::{Emulated, Microbit};
use crate::product::{self, MICROBIT};
use anyhow::{Result, anyhow, bail, ensure};
use lifeboot_client::push::{self, Options, PushOutcome, Until};
use lifeboot_core::Slot;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The function that the loop calls once a turn.
pub const EACH_TURN: &str = "feed_watchdog";

/// The figure's name.
pub const MAX_STALL: &str = "longest stall of the application during a push";

/// Turns from the beginning of a push on: all of the signature's check, the first erases and writes.
const TURNS: usize = 600;

/// The check's name as a figure.
pub const CHECK: &str = "signature's check by the example firmware during a push";

/// Limits of a turn and of a signature's check, in instructions: 72 ms and 1 s at 16 MHz; then with the compact verifier.
const LIMITS: [[u64; 2]; 2] = [[870_000, 16_000_000], [870_000, 16_000_000]];

/// Instructions are rounded down to a multiple of this if interrupts make a small difference.
const ROUND: u64 = 100_000;

/// Longer than any step here takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The measurements of a micro:bit's turns.
pub struct Turns {
    /// The figures.
    pub figures: Vec<Figure>,
    /// Instructions for the check of a header's signature, turns of the loop included.
    pub signature: u64,
    /// Instructions of the longest turn.
    pub longest: u64,
}

/// A micro:bit that counts instructions, a push to it that has begun, and the addresses to stop at.
struct Pushed {
    board: Microbit,
    push: JoinHandle<Result<PushOutcome>>,
    /// Where the check of the signature begins and ends, and each turn of the loop.
    begin: u32,
    end: u32,
    turn: u32,
}

impl Pushed {
    /// Runs it up to where the check of the signature begins.
    fn start(features: &[&str]) -> Result<Self> {
        let flash =
            product::factory_flash(&MICROBIT, &kit::bootloader(&MICROBIT)?, &kit::firmware(&MICROBIT, features, 1)?)?;
        let elf = product::firmware(&MICROBIT, Slot::A, features)?;
        let place = |part| product::function(&elf, part);
        let (begin, end, turn) = (place("start_signature")?, place("start_transfer")?, place(EACH_TURN)?);
        let mut board = Microbit::power_on_counting(&flash)?;
        let port = board.port();
        let new = kit::image(&MICROBIT, 16, 2)?;
        let push = thread::spawn(move || {
            let options = Options { until: Until::Pending, ..Options::default() };
            let pushed = push::push(&mut bench::connect(&port)?, &new, &options, &mut ());
            pushed.map(|pushed| pushed.outcome).map_err(|error| anyhow!("{error}"))
        });
        ensure!(board.run_to(&[begin], TIMEOUT)?.is_some(), "no signature is checked");
        Ok(Pushed { board, push, begin, end, turn })
    }

    /// Lets the push run to its end.
    fn finish(mut self) -> Result<()> {
        self.board.resume()?;
        let outcome = self.push.join().map_err(|_| anyhow!("the push panicked"))??;
        ensure!(outcome == PushOutcome::Marked, "the push ended otherwise: {outcome:?}");
        Ok(())
    }
}

/// Measures a micro:bit at the beginning of a push, with either verifier in its firmware. QEMU's flash takes no time; the caller
/// adds the data sheet's.
pub fn microbit() -> Result<Turns> {
    let mut turns = measured("", &[], LIMITS[0])?;
    turns.figures.extend(measured(COMPACT, &["compact"], LIMITS[1])?.figures);
    Ok(turns)
}

fn measured(verifier: &str, features: &[&str], [turn_limit, check_limit]: [u64; 2]) -> Result<Turns> {
    let mut pushed = Pushed::start(features)?;
    let mut began = pushed.board.instructions()?;
    loop {
        match pushed.board.run_to(&[pushed.end, pushed.begin], TIMEOUT)? {
            Some(place) if place == pushed.end => break,
            // A host that timed out, on a busy machine, has repeated its request.
            Some(_) => began = pushed.board.instructions()?,
            None => bail!("the check of the signature does not end"),
        }
    }
    // The moments of the timer's interrupts depend on those of the host's bytes.
    let signature = (pushed.board.instructions()? - began) / ROUND * ROUND;
    pushed.finish()?;

    // With so many stops the host repeats its requests, so the other figures come from the push before.
    let mut pushed = Pushed::start(features)?;
    let (mut before, mut longest) = (pushed.board.instructions()?, 0);
    for _ in 0..TURNS {
        ensure!(pushed.board.run_to(&[pushed.turn], TIMEOUT)?.is_some(), "the application does not go on");
        let now = pushed.board.instructions()?;
        longest = longest.max(now - before);
        before = now;
    }
    pushed.finish()?;

    let figure = |what: String, value| Figure::new(what, MICROBIT.board.name, Unit::Instructions, value);
    let figures = vec![
        figure(format!("{MAX_STALL}, beside flash{verifier}"), longest).held_to(turn_limit),
        figure(format!("{CHECK}{verifier}"), signature).held_to(check_limit),
    ];
    Ok(Turns { figures, signature, longest })
}

/// How long an application stalls during a push: for a step of a signature's check, of so many instructions, or for
/// the longest turn otherwise, one that erases. Beside flash it is the same for all cores of a kind.
pub fn figure(board: &str, longest: u64, hertz: u64, otherwise: u64) -> Figure {
    Figure::new(MAX_STALL, board, Unit::Microseconds, (otherwise / 1000).max(longest * 1_000_000 / hertz))
}
