//! A host and the application on one updater: whatever they start, and in whatever order, the host is answered, and a
//! rollback of the running firmware is never undone by a confirm.

use crate::device::{Device, factory_image};
use crate::flash::Flash;
use crate::images::{Chance, Recipe, version};
use crate::messages::scenes::image;
use crate::pushes::recipe;
use crate::serial_port::Serial;
use crate::stranger::{framed, ranges};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::journal::Journal;
use lifeboot_core::record::{Cause, Ending, Record, Trial};
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::MICROBIT;
use lifeboot_updater::{Expected, Refusal, Session, Step, Ticket, Updater};
use lifeboot_wire::frame::Decoder;
use lifeboot_wire::{Answer, Body, Command, IMAGE_NAME, Request};
use std::collections::VecDeque;

/// Turns of the session in which a host must be answered. A signature takes the longest: some 140 steps, and as many of
/// a confirm may come in between.
const TURNS: u32 = 600;

/// The state that a device is in at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    /// Slot A is confirmed, and slot B holds an older image, which may be rolled back to.
    Confirmed,
    /// Slot A is confirmed, slot B is pending.
    Pending,
    /// Slot B is on trial.
    Trial,
    /// Slot B was started instead of slot A, and the journal could not say so.
    FellBack,
}

const BEGINNINGS: [Begins; 4] = [Begins::Confirmed, Begins::Pending, Begins::Trial, Begins::FellBack];

/// One that raises the epoch, so that its confirm takes two records.
fn other_image() -> ImageFile {
    Recipe { epoch: 2, ..recipe(&MICROBIT, 1, 900) }.image()
}

struct Bench {
    flash: Flash,
    updater: Updater<Flash>,
    session: Session<560>,
    received: VecDeque<u8>,
    transmitted: VecDeque<u8>,
    decoder: Decoder<1200>,
    now: u32,
    /// The number of the host's request that was not answered yet, and the turns since.
    asked: Option<(u8, Command<'static>, u32)>,
    number: u8,
    /// Whether the exchange with the line is the one of async firmware.
    is_async: bool,
    /// The longest wait for an answer.
    longest: u32,
}

impl Bench {
    fn new(begins: Begins, is_async: bool) -> Self {
        let mut flash = Device::new(&MICROBIT).flash.clone();
        flash.put(MICROBIT.slot(Slot::B).start, &other_image().for_slot(&MICROBIT, Slot::B).unwrap());
        let trial = match begins {
            Begins::Confirmed | Begins::FellBack => None,
            Begins::Pending => Some(Trial::new(Slot::B)),
            Begins::Trial => Trial::new(Slot::B).started(Cause::Request),
        };
        Journal::open(&mut flash, &MICROBIT).append(&mut flash, &Record { trial, ..Record::FACTORY }).unwrap();
        let running = if matches!(begins, Begins::Trial | Begins::FellBack) { Slot::B } else { Slot::A };
        Bench {
            updater: Updater::running_in(running, flash.clone(), &MICROBIT).unwrap(),
            flash,
            session: Session::new(1024).with_trial_deadline(u32::MAX),
            received: VecDeque::new(),
            transmitted: VecDeque::new(),
            decoder: Decoder::new(),
            now: 0,
            asked: None,
            number: 0,
            is_async,
            longest: 0,
        }
    }

    fn record(&self) -> Record {
        *Journal::open(&mut self.flash.clone(), &MICROBIT).record()
    }

    fn running_version(&self) -> Version {
        if self.updater.running() == Slot::A { version(0) } else { version(1) }
    }

    fn expected(&self) -> Expected {
        Expected { running: self.running_version(), target: self.updater.target() }
    }

    fn ask(&mut self, command: Command<'static>) {
        self.number = self.number.checked_add(1).unwrap_or(1);
        self.received.extend(framed(&Request { session: 9, number: self.number, command: command.clone() }));
        self.asked = Some((self.number, command, 0));
    }

    /// A turn of the session; returns the host's request with its answer, if one came.
    fn turn(&mut self) -> Option<(Command<'static>, String)> {
        self.now += 1;
        let mut serial = Serial { received: &mut self.received, transmitted: &mut self.transmitted };
        if self.is_async {
            serial.exchange_once(&mut self.session);
            self.session.advance(self.now, &mut self.updater);
        } else {
            let Ok(_) = self.session.poll(self.now, &mut serial, &mut self.updater);
        }
        self.flash.take_busy();
        for byte in std::mem::take(&mut self.transmitted) {
            if !self.decoder.push(byte) {
                continue;
            }
            let Some(Answer { number, body }) = self.decoder.message() else { continue };
            if let Some((_, command, turns)) = self.asked.take_if(|(asked, ..)| *asked == number) {
                self.longest = self.longest.max(turns);
                let fits = match (&command, &body) {
                    (_, Body::Refused(_)) => true,
                    (Command::Begin { .. }, body) => matches!(body, Body::Begun { .. }),
                    (Command::Write { .. }, body) => matches!(body, Body::Written { .. }),
                    (Command::Status, body) => matches!(body, Body::Status(_)),
                    (_, body) => *body == Body::Done,
                };
                assert!(fits, "{command:?} is answered by {body:?}");
                return Some((command, crate::stranger::words(&body)));
            }
        }
        if let Some((_, command, turns)) = &mut self.asked {
            *turns += 1;
            assert!(*turns < TURNS, "the host waits for an answer to {command:?}");
        }
        None
    }

    fn answer_to(&mut self, command: Command<'static>) -> String {
        self.ask(command);
        loop {
            if let Some((_, answer)) = self.turn() {
                return answer;
            }
        }
    }

    /// Whether the running firmware was taken back: the next boot starts the other slot.
    fn is_taken_back(&self) -> bool {
        let record = self.record();
        record.confirmed != self.updater.running()
            && record.trial.is_none()
            && record
                .outcomes
                .last()
                .is_some_and(|outcome| outcome.ending == Ending::Requested && outcome.slot == self.updater.running())
    }
}

fn begin(bench: &Bench, force: bool) -> Command<'static> {
    let Expected { running, target } = bench.expected();
    Command::Begin { header: image().header_bytes(), running: running.into(), target: target.into(), force }
}

/// Something that a host requests.
fn request(bench: &Bench, chance: &mut Chance) -> Command<'static> {
    let content = content();
    match chance.below(12) {
        0 | 1 => begin(bench, true),
        2 => Command::Finish,
        10 => Command::FinishStaged,
        11 => Command::Activate { image: &image().header().digest[..IMAGE_NAME], force: true },
        3 | 4 => Command::Rollback,
        5 => Command::Confirm,
        6 => Command::Cancel,
        7 => Command::Abort,
        8 => Command::Status,
        _ => {
            let (table, payload) = ranges(image());
            let next = bench.updater.next().unwrap_or(table.0);
            let end = if next >= table.0 { table.1 } else { payload.1 };
            Command::Write { offset: next, bytes: &content[next as usize..end.min(next + 250) as usize] }
        }
    }
}

/// The file of the image under way.
fn content() -> &'static [u8] {
    use std::sync::LazyLock;
    static CONTENT: LazyLock<Vec<u8>> = LazyLock::new(|| image().to_bytes());
    &CONTENT
}

/// Something that the application does; its own transfer, if it has one, is this ticket's.
fn act(bench: &mut Bench, own: &mut Option<Ticket>, chance: &mut Chance) {
    let expected = bench.expected();
    let updater = &mut bench.updater;
    match chance.below(14) {
        0 => drop(updater.confirm()),
        1..=3 => drop(updater.request_confirm()),
        4 => updater.abort(),
        5 => *own = updater.begin(image().header_bytes(), expected, true).ok(),
        6 => *own = updater.request_rollback().ok(),
        7 => drop(updater.request_cancel()),
        8 => drop(own.map(|own| updater.feed(own, updater.next().unwrap_or_default(), &[7; 40]))),
        9 => drop(own.map(|own| updater.finish(own))),
        10 => drop(own.map(|own| updater.stage(own))),
        11 => {
            let name = image().header().digest.first_chunk().expect("a digest");
            let _ = updater.request_activate(name, true);
        }
        _ => drop(updater.step()),
    }
}

/// Any order of requests, calls and turns, with flash that fails at times.
#[test]
fn a_host_is_always_answered_and_a_rollback_stays() {
    let (mut longest, mut taken_back, mut confirmed, mut superseded) = (0, 0, 0, 0);
    for seed in 0..400 {
        let mut chance = Chance(seed);
        let begins = BEGINNINGS[seed as usize % BEGINNINGS.len()];
        let mut bench = Bench::new(begins, seed % 8 >= 4);
        let (mut own, mut is_taken_back) = (None, false);
        for _ in 0..400 {
            if bench.asked.is_none() && chance.once_in(3) {
                let command = request(&bench, &mut chance);
                bench.ask(command);
            }
            // The application is busy at times, and lets the session work at others.
            for _ in 0..chance.below(3) * u64::from(chance.once_in(4)) {
                act(&mut bench, &mut own, &mut chance);
            }
            if chance.once_in(50) {
                bench.flash.refuse(chance.once_in(3));
            }
            let before = bench.record();
            let answered = bench.turn();
            let after = bench.record();
            if is_taken_back {
                assert!(bench.is_taken_back(), "seed {seed}, {begins:?}: a rollback was undone: {before:?}, {after:?}");
            }
            is_taken_back |= bench.is_taken_back();
            if let Some((command, answer)) = answered {
                superseded += u32::from(answer == "refused: Superseded");
                match (&command, answer.as_str()) {
                    (Command::Confirm, "done") => {
                        assert_eq!(after.confirmed, bench.updater.running(), "seed {seed}");
                        assert!(!bench.updater.is_trial(), "seed {seed}");
                    }
                    (Command::Rollback, "done") => {
                        let marked = after.trial == Some(Trial::new(bench.updater.target()));
                        assert!(bench.is_taken_back() || after.trial.is_none() || marked, "seed {seed}: {after:?}");
                    }
                    (Command::Confirm, "refused: RollbackRequested") => {}
                    (Command::Activate { .. }, "done") => {
                        let pending = after.trial.map(|trial| trial.slot);
                        assert_eq!(pending, Some(bench.updater.target()), "seed {seed}");
                    }
                    (Command::Cancel | Command::FinishStaged, "done") => assert_eq!(after.trial, None, "seed {seed}"),
                    _ => {}
                }
            }
        }
        taken_back += u32::from(is_taken_back);
        confirmed += u32::from(matches!(begins, Begins::Trial | Begins::FellBack) && !bench.updater.is_trial());
        longest = longest.max(bench.longest);
        // The application does no more, flash works: the host gets everything that the state allows.
        bench.flash.refuse(false);
        while bench.asked.is_some() {
            bench.turn();
        }
        assert_eq!(bench.answer_to(Command::Status), "status");
        assert_eq!(bench.answer_to(Command::Abort), "done");
        let begun = bench.answer_to(begin(&bench, true));
        let expected = match (bench.updater.is_trial(), bench.record().epoch_floor) {
            (true, _) => "refused: TrialRunning",
            (false, 0) => "begun",
            (false, _) => "refused: Epoch",
        };
        assert!(begun.starts_with(expected), "seed {seed}: {begun}");
    }
    assert!(taken_back > 30 && confirmed > 30 && superseded > 30, "{taken_back}, {confirmed}, {superseded}");
    assert!(longest > 20, "{longest}");
}

/// The application confirms in each turn of its loop, as many do: a host's rollback is carried out all the same.
#[test]
fn a_hosts_rollback_wins_over_the_applications_confirm() {
    for is_async in [false, true] {
        // Whichever comes first.
        for confirm_after in 0..6 {
            let mut bench = Bench::new(Begins::Trial, is_async);
            bench.turn();
            bench.ask(Command::Rollback);
            let answer = (0..TURNS).find_map(|turn| {
                if turn >= confirm_after {
                    let _ = bench.updater.request_confirm();
                }
                bench.turn()
            });
            let answer = answer.map(|(_, answer)| answer);
            if confirm_after == 0 {
                // It was durable before the host's request was read, and leads above the previous firmware's epoch.
                assert_eq!(answer.as_deref(), Some("refused: Epoch"));
                assert_eq!(bench.record().confirmed, Slot::B);
            } else {
                assert_eq!(answer.as_deref(), Some("done"), "after {confirm_after}");
                assert!(bench.is_taken_back(), "after {confirm_after}");
                assert_eq!(bench.updater.confirm(), Err(Refusal::RollbackRequested), "and not later either");
                assert_eq!(bench.answer_to(Command::Confirm), "refused: RollbackRequested");
                // Once more, as a host does whose answer was lost.
                assert_eq!(bench.answer_to(Command::Rollback), "done");
                assert!(bench.is_taken_back());
            }
        }
    }
}

/// Firmware that was started instead of the confirmed slot's goes back to that: its confirm does not cancel it.
#[test]
fn a_rollback_that_waits_for_the_reset_is_not_confirmed_away() {
    let mut bench = Bench::new(Begins::FellBack, false);
    assert_eq!(bench.answer_to(Command::Rollback), "done");
    assert_eq!(bench.record().trial, Some(Trial::new(Slot::A)));
    assert_eq!(bench.updater.confirm(), Err(Refusal::RollbackRequested));
    assert_eq!(bench.record().trial, Some(Trial::new(Slot::A)));
    // Cancelled, it may confirm.
    assert_eq!(bench.answer_to(Command::Cancel), "done");
    assert_eq!(bench.answer_to(Command::Confirm), "done");
    assert_eq!((bench.record().confirmed, bench.record().trial), (Slot::B, None));
}

/// The application confirms while a host's own confirm is under way: both get their answer.
#[test]
fn a_confirm_by_both_is_one_confirm() {
    for turns in 0..6 {
        for is_async in [false, true] {
            let mut bench = Bench::new(Begins::Trial, is_async);
            bench.ask(Command::Confirm);
            let mut answer = None;
            for _ in 0..turns {
                answer = answer.or(bench.turn());
            }
            assert_eq!(bench.updater.confirm(), Ok(()));
            let answer = answer.or_else(|| (0..TURNS).find_map(|_| bench.turn()));
            assert_eq!(answer, Some((Command::Confirm, "done".to_owned())), "after {turns}");
            let record = bench.record();
            assert_eq!((record.confirmed, record.trial, record.epoch_floor), (Slot::B, None, 2), "with its effects");
        }
    }
}

/// A confirm whose record flash refuses, requested again in each turn: a host waits for nothing.
#[test]
fn a_confirm_that_fails_again_and_again_starves_nobody() {
    for is_async in [false, true] {
        let mut bench = Bench::new(Begins::Trial, is_async);
        bench.flash.refuse(true);
        for command in [Command::Status, Command::Confirm, Command::Rollback, Command::Cancel, Command::Finish] {
            bench.ask(command.clone());
            let answer = (0..20).find_map(|_| {
                let _ = bench.updater.request_confirm();
                bench.turn()
            });
            let (_, answer) = answer.unwrap_or_else(|| panic!("no answer to {command:?}"));
            let expected = match command {
                Command::Status => "status",
                Command::Cancel => "refused: AlreadyStarted",
                Command::Finish => "refused: NoTransfer",
                _ => "refused: Flash",
            };
            assert_eq!(answer, expected, "{command:?}");
        }
        bench.flash.refuse(false);
        assert_eq!(bench.answer_to(Command::Confirm), "done");
    }
}

/// What the one has begun, the other can neither feed nor finish nor abort.
#[test]
fn nobody_feeds_the_transfer_of_another() {
    let mut bench = Bench::new(Begins::Confirmed, false);
    let (table, _) = ranges(image());
    assert!(bench.answer_to(begin(&bench, false)).starts_with("begun"));
    // The application begins a transfer of its own.
    let expected = bench.expected();
    let own = bench.updater.begin(image().header_bytes(), expected, false).unwrap();
    while bench.updater.step().unwrap() == Step::Busy {}
    let bytes = &content()[table.0 as usize..table.1 as usize];
    let write = Command::Write { offset: table.0, bytes };
    assert_eq!(bench.answer_to(write.clone()), "refused: Superseded");
    assert_eq!(bench.answer_to(Command::Skip { to: table.1 }), "refused: Superseded");
    assert_eq!(bench.answer_to(Command::Finish), "refused: Superseded");
    assert_eq!(bench.answer_to(Command::Abort), "done");
    assert_eq!(bench.updater.next_in(own), Ok(table.0), "and the application's goes on");
    // An offset that is not the next one: nothing is taken.
    assert_eq!(bench.updater.feed(own, table.0 + 1, bytes), Ok(0));
    assert_eq!(bench.updater.feed(own, table.0 - 1, bytes), Ok(0));
    assert_eq!(bench.updater.feed(own, u32::MAX, bytes), Ok(0));
    assert_eq!(bench.updater.next_in(own), Ok(table.0));
    assert_eq!(bench.updater.feed(own, table.0, bytes), Ok(bytes.len()));

    // And the other way around.
    assert!(bench.answer_to(begin(&bench, false)).starts_with("begun"));
    assert_eq!(bench.updater.feed(own, table.0, bytes), Err(Refusal::Superseded));
    assert_eq!(bench.updater.finish(own), Err(Refusal::Superseded));
    assert_eq!(bench.updater.result(own), Some(Err(Refusal::Superseded)));
    assert!(bench.answer_to(write).starts_with("written"));
}

/// A request to begin is repeated after the application has aborted the transfer: the host starts over, and is not told
/// that all is done.
#[test]
fn a_repeated_begin_without_a_transfer_is_refused() {
    let mut bench = Bench::new(Begins::Confirmed, false);
    assert!(bench.answer_to(begin(&bench, false)).starts_with("begun"));
    bench.updater.abort();
    bench.number -= 1;
    assert_eq!(bench.answer_to(begin(&bench, false)), "refused: NoTransfer");
    assert!(bench.answer_to(begin(&bench, false)).starts_with("begun"));
}

/// A ticket tells what became of its operation, no matter who drove it.
#[test]
fn a_ticket_tells_how_it_ended() {
    let mut bench = Bench::new(Begins::Pending, false);
    let updater = &mut bench.updater;
    let cancel = updater.request_cancel().unwrap();
    assert_eq!(updater.result(cancel), None);
    while updater.result(cancel).is_none() {
        updater.step().unwrap();
    }
    assert_eq!(updater.result(cancel), Some(Ok(Step::Cancelled)));
    assert_eq!(updater.request_cancel(), Err(Refusal::NothingPending));
    let running = factory_image(&MICROBIT).header().version;
    let expected = Expected { running, target: Slot::B };
    let begun = updater.begin(image().header_bytes(), expected, false).unwrap();
    assert_eq!((updater.result(begun), updater.result(cancel)), (None, Some(Err(Refusal::Superseded))));
    while updater.step().unwrap() == Step::Busy {}
    assert_eq!(updater.result(begun), Some(Ok(Step::Receiving)));
    updater.abort();
    assert_eq!(updater.result(begun), Some(Err(Refusal::Superseded)));
    assert_eq!(updater.next_in(begun), Err(Refusal::NoTransfer));
}
