//! Orders of a person to a driver that runs in another process: files in the rollout's folder.
//!
//! An order is an event that the person wants, such as [`Event::Paused`]. It lies in the folder in whole or not at all; the driver
//! takes it away, and puts its answer there.

use crate::rollout::Event;
use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thiserror::Error;

/// The folder of orders, in that of the rollout.
const FOLDER: &str = "orders";
/// How long a driver may take to answer: it looks several times a second.
const ANSWER: Duration = Duration::from_secs(10);
/// How often an answer is looked for.
const POLL: Duration = Duration::from_millis(20);

/// Why an order was not followed.
#[derive(Debug, Error, Diagnostic)]
pub enum OrderError {
    /// It cannot be given.
    #[error("cannot write to {}", .path.display())]
    #[diagnostic(help(
        "give yourself write access to the rollout's folder, or run the command as the user who started it, or as root"
    ))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The driver refuses.
    #[error("{what}")]
    #[diagnostic(help("{help}"))]
    Refused {
        /// Why.
        what: String,
        /// What to do.
        help: String,
    },
    /// Nobody answers.
    #[error("the rollout's driver has not answered within {} seconds", ANSWER.as_secs())]
    #[diagnostic(help("the order is withdrawn. See whether it still runs: lifeboot rollout status"))]
    NoAnswer,
}

/// The answer to an order.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Done,
    Refused { what: String, help: String },
}

/// Gives an order to the driver of the rollout in this folder, and waits for its answer. `name` must be no other order's.
///
/// # Errors
/// See [`OrderError`].
pub fn give(rollout: &Path, name: &str, order: &Event) -> Result<(), OrderError> {
    let folder = rollout.join(FOLDER);
    let failed = |source| OrderError::Folder { path: folder.clone(), source };
    let (given, answered) = (folder.join(format!("{name}.order")), folder.join(format!("{name}.answer")));
    put(&given, order, Some(&folder)).map_err(failed)?;
    let until = Instant::now() + ANSWER;
    loop {
        if let Ok(text) = fs::read_to_string(&answered) {
            let _ = fs::remove_file(&answered);
            return match serde_json::from_str(&text) {
                Ok(Answer::Done) => Ok(()),
                Ok(Answer::Refused { what, help }) => Err(OrderError::Refused { what, help }),
                Err(_) => Err(OrderError::NoAnswer),
            };
        }
        // Withdrawn, unless the driver has it already.
        if Instant::now() >= until && fs::remove_file(&given).is_ok() {
            return Err(OrderError::NoAnswer);
        }
        if Instant::now() >= until + ANSWER {
            return Err(OrderError::NoAnswer);
        }
        std::thread::sleep(POLL);
    }
}

/// An order that was taken, and is to be answered.
#[derive(Debug)]
pub struct Given {
    /// What the person wants.
    pub event: Event,
    path: PathBuf,
}

impl Given {
    /// Answers it: it was followed, or refused for this reason.
    pub fn answer(self, followed: Result<(), &dyn Diagnostic>) {
        put_answer(&self.path, followed);
    }
}

/// Takes the next order of a rollout. What cannot be read is answered, and no order.
pub fn next(rollout: &Path) -> Option<Given> {
    let entries = fs::read_dir(rollout.join(FOLDER)).ok()?;
    let mut orders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()).filter(|path| path.extension().is_some_and(|end| end == "order")))
        .collect();
    orders.sort();
    for path in orders {
        let order = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
        // First: an order that is taken twice would be followed twice.
        if fs::remove_file(&path).is_err() {
            continue;
        }
        match order {
            Some(event) => return Some(Given { event, path }),
            None => put_answer(&path, Err(&Unreadable)),
        }
    }
    None
}

/// What was given is none of this version's orders.
#[derive(Debug, Error, Diagnostic)]
#[error("the order cannot be read")]
#[diagnostic(help("use the lifeboot that started the rollout"))]
struct Unreadable;

fn put_answer(order: &Path, followed: Result<(), &dyn Diagnostic>) {
    let answer = followed.map_or_else(
        |error| {
            let help = error.help().map(|help| help.to_string()).unwrap_or_default();
            Answer::Refused { what: error.to_string(), help }
        },
        |()| Answer::Done,
    );
    // Who waits for it gives up by itself.
    let _ = put(&order.with_extension("answer"), &answer, None);
}

/// Makes the folder of orders, without those that nobody waits for any more. It is the driver's: an order may
/// come from another user, such as root, and a folder of theirs the driver could not clear.
///
/// # Errors
/// If it cannot be made.
pub fn open(rollout: &Path) -> io::Result<()> {
    let folder = rollout.join(FOLDER);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir(&folder),
    }
}

/// Gives a file to the owner of its folder, who must be able to read it. Only root gives anything away.
fn hand_over(file: &Path, folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        let (own, theirs) = (fs::metadata(file)?, fs::metadata(folder)?);
        if own.uid() != theirs.uid() {
            chown(file, Some(theirs.uid()), Some(theirs.gid()))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (file, folder);
    Ok(())
}

/// Puts a file there as a whole; for the owner of a folder, if one is named.
fn put<T: Serialize>(path: &Path, content: &T, owners: Option<&Path>) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    fs::write(&unfinished, serde_json::to_vec(content)?)?;
    if let Some(folder) = owners {
        hand_over(&unfinished, folder)?;
    }
    fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::EventError;

    #[test]
    fn an_order_is_answered_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        open(&path).unwrap();
        let pause = Event::Paused { reason: "lunch".to_owned() };
        let given = std::thread::spawn({
            let (path, pause) = (path.clone(), pause.clone());
            move || (give(&path, "1", &pause), give(&path, "2", &pause))
        });
        let mut taken = Vec::new();
        while taken.len() < 2 {
            let Some(given) = next(&path) else { continue };
            taken.push(given.event.clone());
            given.answer(if taken.len() == 1 { Ok(()) } else { Err(&EventError::PausedBefore) });
        }
        let (first, second) = given.join().unwrap();
        first.unwrap();
        let refused = second.unwrap_err();
        assert_eq!(refused.to_string(), "the rollout is paused already");
        assert_eq!(refused.help().unwrap().to_string(), "to go on: lifeboot rollout resume");
        assert_eq!(taken, [pause.clone(), pause]);
        assert_eq!(fs::read_dir(path.join(FOLDER)).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_order_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(FOLDER)).unwrap();
        fs::write(folder.path().join(FOLDER).join("1.order"), "{").unwrap();
        assert!(next(folder.path()).is_none());
        let answer = fs::read_to_string(folder.path().join(FOLDER).join("1.answer")).unwrap();
        assert!(answer.contains("cannot be read"), "{answer}");
    }
}
