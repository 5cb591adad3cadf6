//! A bootloader in recovery mode: the real server, on a thread of its own, since it waits for bytes by itself. Both
//! sides take turns, so that each run is the same.

use crate::flash::Flash;
use crate::images::info;
use lifeboot_core::Board;
use lifeboot_core::boot::Recovery;
use lifeboot_core::recovery::{Line, serve};
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes that the chip holds until they are read: nRF51, 6.
pub const FIFO: usize = 6;

/// The thread's input for a turn.
enum Turn {
    /// A byte has arrived.
    Byte(u8, u32),
    /// Nothing has.
    Nothing(u32),
}

/// The thread's output of a turn.
pub struct Made {
    /// Bytes that it sent.
    pub sent: VecDeque<u8>,
    /// It wants the chip reset.
    pub ended: bool,
}

/// The bootloader's end of the line.
struct End {
    turns: Receiver<Turn>,
    made: SyncSender<Made>,
    sent: VecDeque<u8>,
    now: u32,
}

impl End {
    /// Hands over the output, and waits for the next turn. Without a next turn, power was lost, and the thread ends.
    fn turn(&mut self) -> Option<u8> {
        let sent = std::mem::take(&mut self.sent);
        let handed = self.made.send(Made { sent, ended: false });
        let Ok(turn) = handed.map_err(|_| ()).and_then(|()| self.turns.recv().map_err(|_| ())) else {
            resume_unwind(Box::new(()))
        };
        let (byte, now) = match turn {
            Turn::Byte(byte, now) => (Some(byte), now),
            Turn::Nothing(now) => (None, now),
        };
        self.now = now;
        byte
    }
}

impl Line for End {
    fn receive(&mut self) -> Option<u8> {
        self.turn()
    }
    fn send(&mut self, byte: u8) {
        self.sent.push_back(byte);
    }
    fn flush(&mut self) {}
    fn now(&mut self) -> u32 {
        self.now
    }
    fn feed_watchdog(&mut self) {}
}

/// A bootloader in recovery mode.
pub struct Recovering {
    turns: SyncSender<Turn>,
    made: Mutex<Receiver<Made>>,
}

impl Recovering {
    /// Enters recovery mode for this reason.
    pub fn start(mut flash: Flash, board: &'static Board, why: Recovery, now: u32) -> Self {
        let (turns, for_thread) = sync_channel(0);
        let (from_thread, made) = sync_channel(0);
        thread::spawn(move || {
            let mut end = End { turns: for_thread, made: from_thread, sent: VecDeque::new(), now };
            serve(&mut flash, board, &info().for_board(board), &mut end, why);
            let _ = end.made.send(Made { sent: end.sent, ended: true });
        });
        let recovering = Recovering { turns, made: Mutex::new(made) };
        let _ = recovering.made.lock().unwrap().recv().unwrap();
        recovering
    }

    /// Gives it a byte or the time, and returns its output.
    pub fn turn(&self, byte: Option<u8>, now: u32) -> Made {
        let turn = byte.map_or(Turn::Nothing(now), |byte| Turn::Byte(byte, now));
        self.turns.send(turn).unwrap();
        self.made.lock().unwrap().recv().expect("the bootloader panicked")
    }
}
