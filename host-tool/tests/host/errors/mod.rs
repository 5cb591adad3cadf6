//! The list of errors that need no device, as `tests/errors/host.txt` has it.

/// A chapter of the list, and its commands.
mod chapter;

/// Whether the list is complete.
mod complete;

/// Fleets and rollouts.
mod fleets;

/// Bootloaders, provisioning, files for flashing.
mod flashing;

/// Images: damaged ones, and two that are compared.
mod images;

/// Key files and passphrases.
mod keys;

/// Arbitrary arguments and files: an exit status and a message, never a panic.
pub mod arbitrary;

/// ELF files that do not become images.
mod programs;

/// The command line, files, versions, lifeboot.toml, recordings.
mod uses;

use crate::error_list::List;

#[test]
fn the_list_is_as_written() {
    let mut list = List::default();
    uses::list(&mut list);
    keys::list(&mut list);
    programs::list(&mut list);
    images::list(&mut list);
    flashing::list(&mut list);
    fleets::list(&mut list);
    list.compare("host.txt");
}
