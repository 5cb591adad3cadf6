//! The list of errors that need no device, as `tests/errors/host.txt` has it.

/// Whether the list is whole.
mod complete;

/// Bootloaders, provisioning, files for flashing.
mod flashing;

/// Images: damaged ones, and two that are compared.
mod images;

/// Key files and passphrases.
mod keys;

/// Arbitrary arguments and files: an exit status and words, never a panic.
mod arbitrary;

/// ELF files that do not become images.
mod programs;

/// The command line, files, versions, lifeboot.toml, recordings.
mod uses;

use crate::command_line::Folder;
use crate::error_list::List;
use lifeboot_artifact::hex;
use lifeboot_project::key_files;

/// A chapter's list, and the folder that its commands run in.
struct Chapter<'a> {
    list: &'a mut List,
    folder: Folder,
}

impl<'a> Chapter<'a> {
    fn new(list: &'a mut List, name: &str, folder: Folder) -> Self {
        list.chapter(name);
        let mut chapter = Chapter { list, folder };
        chapter.name_key("key.pub.pem", "KEY-ID");
        chapter.list.name(chapter.folder.0.path().display().to_string(), "FOLDER");
        chapter
    }

    /// Has a key's id, which is another one in each run, stand under a name.
    fn name_key(&mut self, file: &str, name: &'static str) {
        let key = key_files::public(&self.folder.0.path().join(file)).unwrap();
        self.list.name(hex(&key.id()), name);
    }

    /// Lists what a command says.
    fn fails(&mut self, circumstances: &str, line: &str) {
        let output = self.folder.run(line);
        self.list.add(circumstances, line, &output);
    }
}

#[test]
fn the_list_is_as_written() {
    let mut list = List::default();
    uses::list(&mut list);
    keys::list(&mut list);
    programs::list(&mut list);
    images::list(&mut list);
    flashing::list(&mut list);
    list.compare("host.txt");
}
