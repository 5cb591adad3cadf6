//! A board with Lifeboot on it: the real boot policy, and firmware that is the real session and updater.

use crate::flash::Flash;
use crate::images::{Recipe, info, version};
use crate::recovering::{FIFO, Recovering};
use crate::serial_port::Serial;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::boot::{Decision, Recovery, boot};
use lifeboot_core::record::{Cause, Reset};
use lifeboot_core::verify::Verified;
use lifeboot_core::{Board, Slot, Version, handover};
use lifeboot_updater::{Event, Session, Updater};
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Bytes that the serial driver holds until they are read.
pub const RECEIVE_BUFFER: usize = 1024;
/// Milliseconds from a reset to the firmware's first line.
const BOOT: u32 = 300;
/// Milliseconds between two polls of the clock by an idle bootloader, which polls it all the time.
const TICK: u32 = 20;
/// The verification time that it reports.
const VERIFICATION: u32 = 187;
/// Milliseconds that the watchdog waits.
const WATCHDOG: u32 = 2000;

/// The behaviour of firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// Confirms after a moment.
    Healthy,
    /// Answers, and never confirms.
    Unsure,
    /// Neither answers nor feeds the watchdog.
    Hangs,
}

/// The firmware that was found to run.
struct Running {
    slot: Slot,
    firmware: Firmware,
    session: Session<560>,
    updater: Updater<Flash>,
}

pub struct Device {
    pub flash: Flash,
    pub board: &'static Board,
    running: Option<Running>,
    /// The bootloader in recovery mode; between a reset and its first line it does not respond.
    recovering: Option<Recovering>,
    /// The device id that its firmware sets; empty for none.
    pub id: Vec<u8>,
    /// Whether the firmware can request recovery mode.
    pub knows_recovery: bool,
    /// The bootloader must enter recovery mode after the next reset.
    pub asks_for_recovery: bool,
    /// The time of the firmware's first line.
    started: u32,
    /// Flash operations stall the core until then.
    busy_until: u32,
    is_busy: bool,
    firmware: BTreeMap<Version, Firmware>,
    /// Whether the firmware lets its last answer go out before a reset.
    pub flushes: bool,
    resetting: bool,
    /// Whether the firmware logs all the time.
    pub chatty: bool,
    /// Whether the firmware is async, and each of its waits for the line is cancelled.
    pub is_async: bool,
    /// Whether its flash is async as well.
    pub has_async_flash: bool,
    /// The flash operation of which each future is dropped while it is under way: one in so many; 0 is never.
    pub drops: u32,
    awaited: u32,
    pub received: VecDeque<u8>,
    pub transmitted: VecDeque<u8>,
    /// What the bootloader answers once its flash is done.
    answer: VecDeque<u8>,
    /// Bytes that the serial driver holds until they are read; set by the next firmware that starts.
    pub buffer: usize,
    /// Bytes that the receive buffer had no room for.
    pub overflowed: u32,
    pub starts: u32,
}

/// The image of a new board.
pub fn factory_image(board: &'static Board) -> ImageFile {
    Recipe { board, minor: 0, epoch: 0, length: 3000, seed: 0, relocations: 9 }.image()
}

impl Device {
    /// A board as it leaves the factory: a bootloader, and this image in slot A.
    pub fn with_image(image: &ImageFile) -> Self {
        let board = image.board();
        let flash = Flash::erased(board);
        flash.put(board.bootloader.end() - 256, &info().for_board(board).to_bytes());
        flash.put(board.slot(Slot::A).start, &image.for_slot(board, Slot::A).unwrap());
        let mut device = Device {
            flash,
            board,
            running: None,
            recovering: None,
            id: Vec::new(),
            knows_recovery: true,
            asks_for_recovery: false,
            started: 0,
            busy_until: 0,
            is_busy: false,
            firmware: BTreeMap::new(),
            flushes: true,
            resetting: false,
            chatty: false,
            is_async: false,
            has_async_flash: false,
            drops: 0,
            awaited: 0,
            received: VecDeque::new(),
            transmitted: VecDeque::new(),
            answer: VecDeque::new(),
            buffer: RECEIVE_BUFFER,
            overflowed: 0,
            starts: 0,
        };
        device.reset(0, Cause::PowerOn);
        device
    }

    /// A board that runs version 1.0.0.
    pub fn new(board: &'static Board) -> Self {
        Self::with_image(&factory_image(board))
    }

    /// Sets the behaviour of the firmware of version 1.`minor`.0; by default it is healthy.
    pub fn firmware_does(&mut self, minor: u16, what: Firmware) {
        self.firmware.insert(version(minor), what);
    }

    /// The running firmware; `None` if nothing can be started.
    pub fn running(&self) -> Option<Slot> {
        self.running.as_ref().map(|running| running.slot)
    }

    pub fn is_trial(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.updater.is_trial())
    }

    pub fn reset(&mut self, now: u32, cause: Cause) {
        self.flash.power_on();
        self.received.clear();
        self.transmitted.clear();
        self.answer.clear();
        self.starts += 1;
        self.resetting = false;
        self.started = now.wrapping_add(BOOT);
        let asked = std::mem::take(&mut self.asks_for_recovery);
        // What the bootloader leaves when its recovery mode ends.
        let listened = self.recovering.take().is_some() && cause == Cause::Request;
        let reset = Reset { listened, ..cause.into() };
        let decision = if asked {
            Decision::Recovery(Recovery::Requested)
        } else {
            boot(&mut self.flash, self.board, &info().for_board(self.board), reset)
        };
        let (verified, start) = match decision {
            Decision::Trial(verified) => (Some(verified), handover::Start::Trial),
            Decision::Confirmed(verified) => (Some(verified), handover::Start::Confirmed),
            Decision::FellBack(verified) => (Some(verified), handover::Start::FellBack),
            Decision::Recovery(why) => {
                self.recovering = Some(Recovering::start(self.flash.clone(), self.board, why, now));
                (None, handover::Start::Confirmed)
            }
        };
        let boot_words = handover::boot_words(handover::Boot { cause, start, verification: VERIFICATION });
        let run = |verified: Verified| {
            let open = if self.has_async_flash { Updater::running_in_async } else { Updater::running_in };
            let mut updater = open(verified.slot(), self.flash.clone(), self.board).unwrap();
            updater.set_boot_words(boot_words);
            updater.set_device_id(&self.id);
            Running {
                slot: verified.slot(),
                firmware: self.firmware.get(&verified.version()).copied().unwrap_or(Firmware::Healthy),
                session: Session::new(self.buffer).with_trial_deadline(20_000),
                updater,
            }
        };
        self.running = verified.map(run);
        self.flash.take_busy();
    }

    /// Whether the bootloader is in recovery mode.
    pub fn is_in_recovery(&self) -> bool {
        self.recovering.is_some()
    }

    pub fn receive(&mut self, byte: u8) {
        // A bootloader reads bytes as they come, unless it stalls for flash.
        let room = if self.is_in_recovery() && self.is_busy { FIFO } else { self.buffer };
        if self.received.len() < room {
            self.received.push_back(byte);
        } else {
            self.overflowed += 1;
        }
    }

    /// Simulates one millisecond.
    pub fn run(&mut self, now: u32) {
        let age = now.wrapping_sub(self.started) as i32;
        if age < 0 {
            // The bootloader reads nothing.
            self.received.clear();
        } else if self.flash.is_dead() {
            self.reset(now, Cause::PowerOn);
        } else if let Some(event) = self.poll(now, age as u32) {
            self.reset(now, event);
        }
    }

    /// The bootloader reads whatever has arrived; more comes before the next millisecond than its chip can hold.
    fn recover(&mut self, now: u32) -> Option<Cause> {
        let recovering = self.recovering.as_ref()?;
        self.transmitted.append(&mut self.answer);
        let mut bytes = self.received.drain(..).map(Some).collect::<Vec<_>>();
        if now.is_multiple_of(TICK) {
            bytes.push(None);
        }
        for byte in bytes {
            let made = recovering.turn(byte, now);
            self.answer.extend(made.sent);
            let busy = self.flash.take_busy();
            if busy > 0 {
                self.busy_until = now.wrapping_add(busy);
                self.is_busy = true;
            }
            if made.ended {
                self.resetting = true;
                self.recovering = None;
                break;
            }
        }
        None
    }

    fn poll(&mut self, now: u32, age: u32) -> Option<Cause> {
        if self.resetting && self.running.is_none() {
            self.transmitted.append(&mut self.answer);
            return self.transmitted.is_empty().then_some(Cause::Request);
        }
        if self.recovering.is_some() {
            self.is_busy = (self.busy_until.wrapping_sub(now) as i32) > 0;
            return if self.is_busy { None } else { self.recover(now) };
        }
        let Some(Running { firmware, session, updater, .. }) = &mut self.running else { return None };
        if (self.busy_until.wrapping_sub(now) as i32) > 0 {
            return None;
        }
        match firmware {
            Firmware::Hangs => return (age > WATCHDOG).then_some(Cause::Watchdog),
            Firmware::Healthy if age > 1000 && updater.is_trial() => {
                let confirmed =
                    if self.has_async_flash { block_on(updater.confirm_async()) } else { updater.confirm() };
                assert!(confirmed.is_ok() || self.flash.is_dead(), "{confirmed:?}");
            }
            Firmware::Healthy | Firmware::Unsure => {}
        }
        if self.resetting {
            return self.transmitted.is_empty().then_some(Cause::Request);
        }
        let mut serial = Serial { received: &mut self.received, transmitted: &mut self.transmitted };
        // A few turns of the application's loop.
        for _ in 0..8 {
            if self.chatty {
                session.offer_log(b"a tick, and another tick");
            }
            let event = if self.is_async {
                serial.exchange_once(session);
                if self.has_async_flash {
                    let mut advance = pin!(session.advance_async(now, updater));
                    let mut context = Context::from_waker(Waker::noop());
                    loop {
                        if let Poll::Ready(event) = advance.as_mut().poll(&mut context) {
                            break event;
                        }
                        self.awaited += 1;
                        if self.drops > 0 && self.awaited.is_multiple_of(self.drops) {
                            break Event::Busy;
                        }
                    }
                } else {
                    session.advance(now, updater)
                }
            } else {
                let Ok(event) = session.poll(now, &mut serial, updater);
                event
            };
            let busy = self.flash.take_busy();
            self.busy_until = now.wrapping_add(busy);
            match event {
                Event::Recover if !self.knows_recovery => return None,
                // What is in the transmitter goes out first.
                Event::Reset | Event::Recover => {
                    self.asks_for_recovery = event == Event::Recover;
                    self.resetting = self.flushes;
                    return if self.flushes { None } else { Some(Cause::Request) };
                }
                Event::Idle => return None,
                Event::Busy if busy > 0 || self.flash.is_dead() => return None,
                Event::Busy => {}
            }
        }
        None
    }
}

/// Runs a future to its end.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}
