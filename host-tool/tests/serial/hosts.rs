//! Two hosts, and hostile ones.

use crate::device::{Device, Firmware};
use crate::images::version;
use crate::line::Wire;
use crate::pushes::{assert_holds, assert_untouched, push_to, recipe};
use crate::stranger::ranges;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::device::{self, DeviceError};
use lifeboot_client::link::{Link, Reply, Retry};
use lifeboot_client::pipe::Pipe;
use lifeboot_client::push::{Options, PushError, Until, push};
use lifeboot_core::Slot;
use lifeboot_core::layout::BLOCK;
use lifeboot_core::record::Cause;
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_wire::{self as wire, Command, DIGEST_RANGE, Refusal, SESSION_TIMEOUT_MS};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub fn begin(link: &mut Link<Wire>, image: &ImageFile) -> Reply {
    let running = version(0).into();
    let begin = Command::Begin { header: image.header_bytes(), running, target: wire::Slot::B, force: false };
    link.ask(&begin, Retry::LONG).unwrap()
}

fn write_all(link: &mut Link<Wire>, image: &ImageFile, payload: &[u8]) {
    let table_offset = image.header().table_offset().unwrap();
    for (start, bytes) in [(table_offset, image.table()), (MICROBIT.header_length, payload)] {
        for (index, bytes) in bytes.chunks(256).enumerate() {
            let offset = start + 256 * index as u32;
            let reply = link.ask(&Command::Write { offset, bytes }, Retry::SHORT).unwrap();
            assert!(matches!(reply, Reply::Written(_)), "{reply:?}");
        }
    }
}

#[test]
fn a_second_host_is_refused_until_the_first_has_been_silent() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let (one, other) = (recipe(&MICROBIT, 1, 6000).image(), recipe(&MICROBIT, 2, 6000).image());
    let mut first = wire.link();
    assert!(matches!(begin(&mut first, &one), Reply::Begun(_)));

    let mut second = wire.link().with_busy_wait(Duration::ZERO);
    let error = push(&mut second, &other, &Options::default(), &mut ()).unwrap_err();
    let PushError::Refused(refused) = &error else { panic!("{error:?}") };
    assert_eq!(refused.refusal, Refusal::Busy);
    assert_eq!(refused.to_string(), "the device refused: another host is talking to the device");

    // The first goes on undisturbed.
    write_all(&mut first, &one, one.payload());
    wire.bench_mut().now += SESSION_TIMEOUT_MS - 100;
    let error = push(&mut second, &other, &Options::default(), &mut ()).unwrap_err();
    assert!(matches!(&error, PushError::Refused(refused) if refused.refusal == Refusal::Busy), "{error:?}");

    wire.bench_mut().now += SESSION_TIMEOUT_MS;
    push(&mut second, &other, &Options::default(), &mut ()).unwrap();
    assert_holds(&wire, Slot::B, &other);
    // The first gets the answer that its transfer is over.
    assert_eq!(begin(&mut first, &one), Reply::Refused(Refusal::OtherTarget));
}

#[test]
fn by_default_a_second_host_waits_for_the_first_to_fall_silent() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let image = recipe(&MICROBIT, 1, 6000).image();
    assert!(matches!(begin(&mut wire.link(), &recipe(&MICROBIT, 2, 6000).image()), Reply::Begun(_)));
    push_to(&wire, &image).unwrap();
    assert_holds(&wire, Slot::B, &image);
}

/// The device counts the silence by its own clock, here one that loses two seconds of five.
#[test]
fn a_host_waits_long_enough_for_a_device_whose_clock_is_slow() {
    let wire = Wire::to(Device::new(&MICROBIT));
    wire.bench_mut().clock = 60;
    let image = recipe(&MICROBIT, 1, 6000).image();
    assert!(matches!(begin(&mut wire.link(), &recipe(&MICROBIT, 2, 6000).image()), Reply::Begun(_)));
    push_to(&wire, &image).unwrap();
    assert_holds(&wire, Slot::B, &image);
}

/// The firmware that a rollback leads to is on trial; another host ends that trial and leaves an image of its own.
#[test]
fn a_rollback_that_another_host_has_ended_does_not_start_what_that_host_left() {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(0, Firmware::Unsure);
    let wire = Wire::to(device);
    push_to(&wire, &recipe(&MICROBIT, 1, 5000).image()).unwrap();
    let (clock, start, is_done) = (wire.clone(), wire.now(), AtomicBool::new(false));
    let mut link = wire.link().with_stop(move || {
        if clock.now() >= start + Duration::from_secs(4) && !is_done.swap(true, Ordering::Relaxed) {
            let status = device::rollback(&mut clock.link(), Duration::from_secs(30)).unwrap();
            assert_eq!(status.running, wire::Slot::B);
            let options = Options { until: Until::Pending, ..Options::default() };
            push(&mut clock.link(), &recipe(&MICROBIT, 2, 5000).image(), &options, &mut ()).unwrap();
        }
        false
    });
    let error = device::rollback(&mut link, Duration::from_secs(60)).unwrap_err();
    let DeviceError::Overtaken { change } = &error else { panic!("{error:?}") };
    assert_eq!(change, "1.2.0 in slot A is pending");
    assert_eq!(wire.bench().device.running(), Some(Slot::B));
    let status = wire.link().status(Retry::SHORT).unwrap();
    assert_eq!(status.trial.map(|trial| (trial.slot, trial.attempts)), Some((wire::Slot::A, 3)));
}

/// A host that is refused leaves the device to the next one.
#[test]
fn a_refused_request_keeps_no_other_host_waiting() {
    let wire = Wire::to(Device::new(&MICROBIT));
    assert!(matches!(device::cancel(&mut wire.link()), Err(DeviceError::Refused(_))));
    assert!(matches!(device::rollback(&mut wire.link(), Duration::from_secs(9)), Err(DeviceError::Refused(_))));
    assert!(device::confirm(&mut wire.link().with_busy_wait(Duration::ZERO)).is_ok());
}

/// A host that has begun an update, and finishes it two seconds later, while the returned link of another host waits.
fn while_another_pushes(wire: &Wire, image: &ImageFile) -> Link<Wire> {
    let mut first = wire.link();
    assert!(matches!(begin(&mut first, image), Reply::Begun(_)));
    let (clock, start, image) = (wire.clone(), wire.now(), image.clone());
    let first = Mutex::new(Some(first));
    wire.link().with_stop(move || {
        if clock.now() >= start + Duration::from_secs(2)
            && let Some(mut first) = first.lock().unwrap().take()
        {
            write_all(&mut first, &image, image.payload());
            assert_eq!(first.ask(&Command::Finish, Retry::VERIFY).unwrap(), Reply::Done);
            first.ask(&Command::Abort, Retry::SHORT).unwrap();
        }
        false
    })
}

/// What one host has just done, the next one undoes only if it is asked again.
#[test]
fn a_host_that_has_waited_looks_again_before_it_acts() {
    type Act = fn(&mut Link<Wire>) -> String;
    let changed = |error: DeviceError| match error {
        DeviceError::Changed { change } => change,
        error => panic!("{error:?}"),
    };
    static SOON: Duration = Duration::from_secs(30);
    let acts: [Act; 6] = [
        |link| device::rollback(link, SOON).unwrap_err().to_string(),
        |link| device::confirm(link).unwrap_err().to_string(),
        |link| device::cancel(link).unwrap_err().to_string(),
        |link| device::reset(link, SOON).unwrap_err().to_string(),
        |link| device::recover(link, SOON).unwrap_err().to_string(),
        |link| {
            let image = recipe(&MICROBIT, 2, 6000).image();
            push(link, &image, &Options::default(), &mut ()).unwrap_err().to_string()
        },
    ];
    for (number, act) in acts.into_iter().enumerate() {
        let wire = Wire::to(Device::new(&MICROBIT));
        let image = recipe(&MICROBIT, 1, 6000).image();
        let said = act(&mut while_another_pushes(&wire, &image));
        let words = "while this waited for the device, it changed: 1.1.0 in slot B is pending; nothing was ";
        assert!(said.starts_with(words), "{number}: {said}");
        assert_eq!(wire.bench().device.starts, 1, "{number}");
        // The other host's image is as it was, and the session is free: asked again, a host acts at once.
        let status = wire.link().status(Retry::SHORT).unwrap();
        assert_eq!((status.trial.map(|trial| trial.slot), status.outcome), (Some(wire::Slot::B), None), "{number}");
        let before = wire.now();
        device::cancel(&mut wire.link()).unwrap();
        assert!(wire.now() - before < Duration::from_secs(1), "{number}");
    }
    // A bootloader in recovery mode, too.
    for act in [acts[3], acts[5]] {
        let mut device = Device::new(&MICROBIT);
        device.asks_for_recovery = true;
        device.reset(0, Cause::Request);
        let (wire, starts) = (Wire::to(device), 2);
        wire.clone().pause(Duration::from_secs(1));
        let said = act(&mut while_another_pushes(&wire, &recipe(&MICROBIT, 1, 6000).image()));
        assert!(
            said.starts_with("while this waited for the device, it changed: 1.1.0 in slot B is pending; "),
            "{said}"
        );
        assert_eq!(wire.bench().device.starts, starts);
    }
    let wire = Wire::to(Device::new(&MICROBIT));
    let error = device::rollback(&mut while_another_pushes(&wire, &recipe(&MICROBIT, 1, 6000).image()), SOON);
    assert_eq!(changed(error.unwrap_err()), "1.1.0 in slot B is pending");
}

#[test]
fn a_damaged_payload_under_a_right_header_is_refused_at_the_end() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let image = recipe(&MICROBIT, 1, 6000).image();
    let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
    for at in [100, 3000, 5999] {
        let mut payload = image.payload().to_vec();
        payload[at] ^= 0x10;
        let mut link = wire.link();
        assert!(matches!(begin(&mut link, &image), Reply::Begun(_)));
        write_all(&mut link, &image, &payload);
        assert_eq!(link.ask(&Command::Finish, Retry::VERIFY).unwrap(), Reply::Refused(Refusal::Digest));
        let status = link.status(Retry::SHORT).unwrap();
        assert_eq!((status.trial, status.slots[1]), (None, wire::SlotContent::Unfinished));
        assert!(matches!(link.ask(&Command::Reset, Retry::SHORT).unwrap(), Reply::Done));
        wire.bench_mut().now += SESSION_TIMEOUT_MS;
        assert_eq!(wire.bench().device.running(), Some(Slot::A));
    }
    assert_untouched(&before, &wire, Slot::B);

    // What is right of it stays useful.
    let pushed = push_to(&wire, &image).unwrap();
    assert!(pushed.skipped > 3000, "{pushed:?}");
    assert_holds(&wire, Slot::B, &image);
}

#[test]
fn a_wrong_signature_is_refused_before_anything_is_erased() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let mut file = recipe(&MICROBIT, 1, 6000).image().to_bytes();
    file[0xC0] ^= 1;
    let image = ImageFile::from_bytes(&file).unwrap();
    let error = push_to(&wire, &image).unwrap_err();
    assert!(matches!(&error, PushError::Refused(refused) if refused.refusal == Refusal::Signature), "{error:?}");
    let flash = wire.bench().device.flash.clone();
    assert!(flash.take_erases().is_empty());
}

#[test]
fn an_unfinished_transfer_is_not_finished() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let image = recipe(&MICROBIT, 1, 6000).image();
    let mut link = wire.link();
    assert_eq!(link.ask(&Command::Finish, Retry::SHORT).unwrap(), Reply::Refused(Refusal::NoTransfer));
    begin(&mut link, &image);
    assert_eq!(link.ask(&Command::Finish, Retry::SHORT).unwrap(), Reply::Refused(Refusal::Incomplete));
    let skip = Command::Skip { to: image.header().image_length().unwrap() };
    assert!(matches!(link.ask(&skip, Retry::SHORT).unwrap(), Reply::Written(_)));
    assert_eq!(link.ask(&Command::Finish, Retry::SHORT).unwrap(), Reply::Refused(Refusal::Incomplete));
}

/// A requested digest stalls the application, so it covers at most a unit, or 4 KiB if that is larger.
#[test]
fn a_question_is_as_long_as_an_erase_unit_at_most() {
    for (board, most) in [(&MICROBIT, MICROBIT.unit_at(MICROBIT.slots[0].start).length), (&STM32F405, DIGEST_RANGE)] {
        let wire = Wire::to(Device::new(board));
        let mut link = wire.link();
        assert!(matches!(begin(&mut link, &recipe(board, 1, 6000).image()), Reply::Begun(_)));
        let mut ask = |length| link.ask(&Command::Digests { offset: 0, length, count: 2 }, Retry::SHORT).unwrap();
        assert!(matches!(ask(most), Reply::Digests(_)), "{}", board.name);
        for length in [most + 1, most + BLOCK, 2 * most] {
            assert_eq!(ask(length), Reply::Refused(Refusal::Command), "{length}, {}", board.name);
        }
    }
}

/// A skip within the table or the payload reaches up to its end at most.
#[test]
fn nobody_skips_past_the_end() {
    let wire = Wire::to(Device::new(&MICROBIT));
    // So that slot B holds an image of the same length, with the same table.
    for minor in [1, 2] {
        push_to(&wire, &recipe(&MICROBIT, minor, 6000).image()).unwrap();
    }
    let image = recipe(&MICROBIT, 3, 6000).image();
    let (content, (table, payload)) = (image.to_bytes(), ranges(&image));
    let mut link = wire.link();
    let running = version(2).into();
    let begin = Command::Begin { header: image.header_bytes(), running, target: wire::Slot::B, force: false };
    assert_eq!(link.ask(&begin, Retry::LONG).unwrap(), Reply::Begun(table.0));
    let mut ask = |command| link.ask(&command, Retry::SHORT).unwrap();
    for ((start, end), then) in [(table, payload.0), (payload, payload.1)] {
        // The slot's first unit, with the old header, has to be written.
        let next = if start == table.0 { start } else { MICROBIT.unit_at(MICROBIT.slots[0].start).length };
        for offset in (start..next).step_by(256) {
            let bytes = &content[offset as usize..][..256];
            assert_eq!(ask(Command::Write { offset, bytes }), Reply::Written(offset + 256));
        }
        let behind = end.next_multiple_of(BLOCK) + BLOCK;
        let length = MICROBIT.slot(Slot::B).length;
        for to in [end - 1, end + 1, behind, length, length + BLOCK, u32::MAX - 255, u32::MAX] {
            assert_eq!(ask(Command::Skip { to }), Reply::Written(next), "{to:#x}");
        }
        assert_eq!(ask(Command::Skip { to: end }), Reply::Written(then));
    }
}

#[test]
fn the_log_goes_to_its_sink() {
    use lifeboot_wire::frame;
    use std::sync::{Arc, Mutex};
    let wire = Wire::to(Device::new(&MICROBIT));
    let log = Arc::new(Mutex::new(Vec::new()));
    let sink = log.clone();
    let mut link = wire.link().with_log(move |piece| sink.lock().unwrap().extend_from_slice(piece));
    let (mut scratch, mut out) = ([0; 64], [0; 64]);
    let piece = wire::Answer { number: 0, body: wire::Body::Log(&[1, 0, 2]) };
    let length = frame::encode(&piece, &mut scratch, &mut out).unwrap();
    wire.bench_mut().device.transmitted.extend(&out[..length]);
    link.status(Retry::SHORT).unwrap();
    assert_eq!(*log.lock().unwrap(), [1, 0, 2]);
}
