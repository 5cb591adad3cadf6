//! Pushes to a micro:bit, in the times of its chip's data sheet.

use super::bench::Bench;
use super::{BAUD, Computed, KIB, Limits, in_use, push, timed};
use crate::costs::line::Silicon;
use crate::costs::wear::{bytes, erases};
use crate::costs::{Figure, FlashTime, Unit, boot, kit, stall};
use crate::product::MICROBIT;
use anyhow::{Result, ensure};
use lifeboot_client::push::PushOutcome;
use lifeboot_core::Slot;
use lifeboot_core::record::Cause;

const LIMITS: Limits = Limits { time: 9_450_000, ratio: 1_630, share: 700 };

/// The limit of the application's longest stall, in microseconds.
const STILL: u64 = 54_500;

/// The micro:bit's example firmware (`firmware-example/src/board/microbit.rs`), and its chip.
///
/// The port holds 6 bytes (nRF51 Series Reference Manual 3.0, 29.4). In QEMU, a push of 43,230 bytes to it took 41.2
/// million instructions, beside the check of the signature and the digest some 300 a byte. One of 47,626 bytes that
/// were made of a patch of the image in slot B took 30.5 million, 230 a byte.
pub(super) fn silicon(computed: &Computed) -> Silicon {
    let Computed { signature, hash, .. } = *computed;
    Silicon {
        hertz: boot::MICROBIT_HERTZ,
        baud: BAUD,
        port: 6,
        buffer: 1024,
        window: 1024,
        flash: FlashTime::NRF51,
        byte: 300,
        turn: 200,
        signature,
        hash,
        made: 230,
    }
}

/// The figures of a micro:bit's pushes, and their details.
pub fn figures(computed: &Computed) -> Result<(Vec<Figure>, Vec<Figure>)> {
    let image = |major| kit::image(&MICROBIT, KIB, major);
    let (first, second, third, fourth) = (image(1)?, image(2)?, image(3)?, image(4)?);
    let figure = |what: &str, unit, ours| Figure::new(what, MICROBIT.board.name, unit, ours);
    let both = |counts: [u64; 2]| counts[0] + counts[1];
    let pages = third
        .for_slot(MICROBIT.board, Slot::A)?
        .len()
        .div_ceil(MICROBIT.board.unit_at(MICROBIT.board.slots[0].start).length as usize) as u64;
    let length = third.to_bytes().len() as u64;

    let mut bench = Bench::start(silicon(computed), in_use(&MICROBIT, &first, &second)?)?;
    let went = push(&mut bench.link, &third)?;
    let (traffic, toll) = bench.look();
    let flash = FlashTime::NRF51.both(toll);
    let mut figures = timed(MICROBIT.board.name, &third, &went, flash, &LIMITS).to_vec();
    let still = stall::figure(MICROBIT.board.name, computed.longest, boot::MICROBIT_HERTZ, bench.longest_turn());
    figures.push(still.held_to(STILL));
    figures.extend([
        figure("push of 64 KiB: over the line, both ways", Unit::LineBytes, both(traffic.bytes)).held_to(73_000),
        figure("push of 64 KiB: over the line, over bytes of image", Unit::Ratio, both(traffic.bytes) * 1000 / length),
        figure("push of 64 KiB: frames, both ways", Unit::Frames, both(traffic.frames)),
        figure("push of 64 KiB: erases", Unit::Erases, erases(toll)).held_to(pages).meant_to_be(pages),
    ]);
    let details = vec![
        figure("push of 64 KiB: from the host", Unit::LineBytes, traffic.bytes[0]),
        figure("push of 64 KiB: to the host", Unit::LineBytes, traffic.bytes[1]),
        figure("push of 64 KiB: of the image, sent again", Unit::LineBytes, went.pushed.retransmitted),
        figure("push of 64 KiB: lost while flash was erased", Unit::LineBytes, traffic.lost),
        figure("push of 64 KiB: up to the first byte of the image", Unit::Microseconds, went.before / 1000),
        figure("push of 64 KiB: the image is sent", Unit::Microseconds, went.sending / 1000),
        figure("push of 64 KiB: behind its last byte", Unit::Microseconds, went.behind / 1000),
        figure("push of 64 KiB: flash is busy", Unit::Microseconds, flash / 1000),
        figure("check of a signature by the example firmware", Unit::Instructions, computed.signature),
    ];

    ensure!(bench.restart(Cause::Request, true)? == Slot::A, "the third image is not started");
    bench.look();
    let again = push(&mut bench.link, &third)?;
    ensure!(again.pushed.outcome == PushOutcome::AlreadyConfirmed, "it is pushed again");
    let (traffic, toll) = bench.look();
    figures.extend([
        figure("push of what runs: erases", Unit::Erases, erases(toll)).held_to(0).meant_to_be(0),
        figure("push of what runs: boot records", Unit::Records, u64::from(toll[0].writes)).held_to(0),
        figure("push of what runs: over the line, both ways", Unit::LineBytes, both(traffic.bytes)).held_to(400),
    ]);

    push(&mut bench.link, &second)?;
    let (traffic, toll) = bench.look();
    figures.extend([
        figure("push of what the other slot holds: erases", Unit::Erases, erases(toll)).held_to(4),
        figure("push of what the other slot holds: programmed", Unit::Bytes, bytes(toll)).held_to(4096),
        figure("push of what the other slot holds: boot records", Unit::Records, u64::from(toll[0].writes)).held_to(1),
        figure("push of what the other slot holds: over the line, both ways", Unit::LineBytes, both(traffic.bytes))
            .held_to(5000),
    ]);

    // Firmware that crashes whenever it is started, and then another one.
    while bench.restart(Cause::Fault, false)? == Slot::B {}
    bench.look();
    push(&mut bench.link, &fourth)?;
    let (_, toll) = bench.look();
    figures.extend([
        figure("push after a rejected one: erases", Unit::Erases, erases(toll))
            .held_to(pages + 1)
            .meant_to_be(pages + 1),
        figure("push after a rejected one: programmed", Unit::Bytes, bytes(toll)).held_to(length + 512),
        figure("push after a rejected one: boot records", Unit::Records, u64::from(toll[0].writes)).held_to(2),
    ]);
    Ok((figures, details))
}

/// How much of the next version of the example firmware need not be sent, as the slot's old firmware has it already.
pub fn next_versions(computed: &Computed) -> Result<Vec<Figure>> {
    let (first, second) = (kit::firmware(&MICROBIT, &[], 1)?, kit::firmware(&MICROBIT, &[], 2)?);
    let next = [
        ("the same code", kit::firmware(&MICROBIT, &[], 3)?),
        ("a line of code more", kit::firmware(&MICROBIT, &["panic-later"], 3)?),
    ];
    let mut figures = Vec::new();
    for (what, image) in next {
        let mut bench = Bench::start(silicon(computed), in_use(&MICROBIT, &first, &second)?)?;
        let went = push(&mut bench.link, &image)?;
        let (traffic, toll) = bench.look();
        let figure = |measured: &str, unit, ours| {
            Figure::new(format!("next example firmware, {what}: {measured}"), MICROBIT.board.name, unit, ours)
        };
        figures.extend([
            figure("the image", Unit::Bytes, image.to_bytes().len() as u64),
            figure("of it not sent, since the slot holds it", Unit::Bytes, went.pushed.skipped),
            figure("over the line, both ways", Unit::LineBytes, traffic.bytes[0] + traffic.bytes[1]),
            figure("erased", Unit::Erases, erases(toll)),
        ]);
    }
    Ok(figures)
}
