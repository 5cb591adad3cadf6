//! Bytes that the firmware receives over the UART while its core stalls, as for flash, with interrupts off.

use super::update::status;
use lifeboot_client::pipe::Pipe;
use lifeboot_serial::Port;
use lifeboot_tests::bench::{Bench, image, version};
use lifeboot_tests::chance::Chance;
use lifeboot_tests::emulator::{Emulated, Pico};
use lifeboot_tests::product::PICO;
use lifeboot_wire::{Answer, Body, Command, Refusal, Request, frame};
use std::time::{Duration, Instant};

/// Bytes of a frame at most; 512 of them can be image.
const FRAME: usize = 560;

/// How often the core stalls: for several rounds of the ring of 8,192 bytes, each by another DMA channel.
const TIMES: u64 = 6;

/// How long a board may take for its answers: some twenty times what it takes on a machine with nothing else to do.
const ANSWERS_IN: Duration = Duration::from_secs(20);

/// A frame that is refused and changes nothing: a write without a transfer.
fn write(number: u8, bytes: &[u8]) -> Vec<u8> {
    let request = Request { session: 9, number, command: Command::Write { offset: 0, bytes } };
    let (mut scratch, mut out) = ([0; FRAME], [0; FRAME]);
    let length = frame::encode(&request, &mut scratch, &mut out).unwrap();
    out[..length].to_vec()
}

/// The numbers of the requests that are answered with that refusal, up to the last one, or as far as they come in time.
fn answered(port: &mut Port, last: u8) -> Vec<u8> {
    let (mut decoder, mut numbers) = (frame::Decoder::<FRAME>::new(), Vec::new());
    let mut buffer = [0; 64];
    let end = Instant::now() + ANSWERS_IN;
    while numbers.last() != Some(&last) && Instant::now() < end {
        let length = port.read(&mut buffer, Duration::from_secs(1)).unwrap();
        for byte in &buffer[..length] {
            // Log output has no number.
            if decoder.push(*byte)
                && let Some(Answer { number: number @ 1.., body }) = decoder.message()
            {
                assert_eq!(body, Body::Refused(Refusal::NoTransfer));
                numbers.push(number);
            }
        }
    }
    numbers
}

#[test]
fn a_window_that_arrives_while_the_core_stands_still_is_received_whole() {
    let mut bench = Bench::<Pico>::start(&image(&PICO, &[], version(1), 0).unwrap()).unwrap();
    let window = status(&bench.board.port()).window as usize;
    assert!(window > 4_700, "{window} bytes do not outlast the longest erase of a sector, 0.4 s");
    let mut port = Port::open(&bench.board.port(), 115_200).unwrap();
    // From now on this host has the session.
    port.write(&write(1, &[])).unwrap();
    assert_eq!(answered(&mut port, 1), [1]);

    for time in 0..TIMES {
        let mut chance = Chance::new(time);
        let (mut sent, mut number) = (Vec::new(), 0);
        while let length = 460 + chance.below(50)
            && let next = write(number + 1, &chance.bytes(length))
            && sent.len() + next.len() <= window
        {
            sent.extend(next);
            number += 1;
        }
        bench.board.stand_still_while_arrive(&sent).unwrap();
        let expected: Vec<_> = (1..=number).collect();
        assert_eq!(answered(&mut port, number), expected, "stall {time}, of {} bytes", sent.len());
    }
}
