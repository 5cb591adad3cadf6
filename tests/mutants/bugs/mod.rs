//! The seeded bugs, and the tests that are to catch each.

mod boot;
mod doors;
mod hostile;
mod journal;
mod lasting;
mod recovery;
mod transfer;
mod verifier;
mod waits;

use crate::bug::Bug;

/// All of them.
pub fn bugs() -> impl Iterator<Item = &'static Bug> {
    [
        journal::BUGS,
        verifier::BUGS,
        boot::BUGS,
        transfer::BUGS,
        recovery::BUGS,
        hostile::BUGS,
        waits::BUGS,
        doors::BUGS,
        lasting::BUGS,
    ]
    .into_iter()
    .flatten()
}
