//! A folder for images.

use crate::kit::{image, until};
use lifeboot_artifact::swu;
use lifeboot_gateway::inbox::{Inbox, NotTaken};
use lifeboot_gateway::stop::Stop;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Runs an inbox while a test moves files into it; returns what was handed on, and stops.
fn run(folder: &Path, test: impl FnOnce(&Mutex<Vec<String>>)) -> Vec<String> {
    let (stop, taken) = (Stop::default(), Mutex::new(Vec::new()));
    let mut inbox = Inbox::open(folder, 100_000).unwrap();
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            inbox.run(&stop, &mut |name, image| {
                if image.header().version.patch == 9 {
                    return Err(NotTaken::Rejected("it is too old".to_owned()));
                }
                taken.lock().unwrap().push(format!("{name} {}", image.header().version));
                Ok(())
            })
        });
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&taken)));
        stop.request();
        running.join().unwrap().unwrap();
        ended.unwrap();
    });
    taken.into_inner().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_there_and_what_is_moved_in_is_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, elsewhere) = (folder.path().join("inbox"), folder.path().join("new.swu"));
    fs::create_dir(&inbox).unwrap();
    fs::write(inbox.join("old.img"), image(1).to_bytes()).unwrap();
    let taken = run(&inbox, |taken| {
        until(|| taken.lock().unwrap().len() == 1, || format!("{taken:?}"));
        fs::write(&elsewhere, swu::write(&image(2), "1").unwrap()).unwrap();
        fs::rename(&elsewhere, inbox.join("new.swu")).unwrap();
        until(|| taken.lock().unwrap().len() == 2 && names(&inbox).len() == 2, || format!("{taken:?}"));
    });
    assert_eq!(taken, ["old.img 3.1.1", "new.swu 3.1.2"]);
    assert_eq!(names(&inbox), ["done", "rejected"]);
    assert_eq!(names(&inbox.join("done")), ["new.swu", "old.img"]);
}

#[test]
fn bad_ones_are_put_away_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path();
    let mut broken = image(1).to_bytes();
    broken[5000] ^= 1;
    fs::write(inbox.join("broken.img"), broken).unwrap();
    fs::write(inbox.join("large.img"), vec![0; 100_001]).unwrap();
    fs::write(inbox.join("unwanted.img"), image(9).to_bytes()).unwrap();
    let rejected = inbox.join("rejected");
    let taken = run(inbox, |_| {
        until(|| names(&rejected).len() == 6 && names(inbox).len() == 2, || format!("{:?}", names(&rejected)));
    });
    assert!(taken.is_empty());
    let reason = |name: &str| fs::read_to_string(rejected.join(format!("{name}.reason.txt"))).unwrap();
    assert!(reason("broken.img").contains("damaged"));
    assert_eq!(reason("large.img"), "it has more than 100000 bytes\n");
    assert_eq!(reason("unwanted.img"), "it is too old\n");
}

#[test]
fn what_is_still_being_copied_waits_and_links_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let outside = folder.path().join("outside.img");
    fs::write(&outside, image(3).to_bytes()).unwrap();
    std::os::unix::fs::symlink(&outside, inbox.join("link.img")).unwrap();
    fs::write(inbox.join("copy.img.part"), image(4).to_bytes()).unwrap();
    fs::write(inbox.join(".hidden.img"), image(5).to_bytes()).unwrap();
    let taken = run(&inbox, |taken| {
        let bytes = image(1).to_bytes();
        let mut file = fs::File::create(inbox.join("slow.img")).unwrap();
        // Longer than a file has to be unchanged, in pieces.
        for piece in bytes.chunks(bytes.len() / 5) {
            file.write_all(piece).unwrap();
            thread::sleep(Duration::from_millis(300));
            assert!(taken.lock().unwrap().is_empty() && names(&inbox.join("rejected")).is_empty());
        }
        drop(file);
        until(|| taken.lock().unwrap().len() == 1, || format!("{taken:?}"));
    });
    assert_eq!(taken, ["slow.img 3.1.1"]);
    assert_eq!(names(&inbox), [".hidden.img", "copy.img.part", "done", "link.img", "rejected"]);
}

#[test]
fn what_is_not_taken_yet_stays_and_is_taken_later() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path();
    fs::write(inbox.join("early.img"), image(1).to_bytes()).unwrap();
    let (stop, offered) = (Stop::default(), Mutex::new(0));
    let mut opened = Inbox::open(inbox, 100_000).unwrap();
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            opened.run(&stop, &mut |_, _| {
                *offered.lock().unwrap() += 1;
                match *offered.lock().unwrap() {
                    1 => Err(NotTaken::Later("its device is in another rollout".to_owned())),
                    _ => Ok(()),
                }
            })
        });
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(|| *offered.lock().unwrap() == 1, || "it is not offered".to_owned());
            assert_eq!(names(inbox), ["done", "early.img", "rejected"]);
            until(|| names(&inbox.join("done")) == ["early.img"], || format!("{:?}", names(inbox)));
        }));
        stop.request();
        running.join().unwrap().unwrap();
        ended.unwrap();
    });
    assert_eq!((*offered.lock().unwrap(), names(&inbox.join("rejected")).len()), (2, 0));
}
