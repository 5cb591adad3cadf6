//! A chapter of the list of errors.

use crate::command_line::Folder;
use crate::error_list::List;
use lifeboot_artifact::hex;
use lifeboot_project::key_files;

/// A chapter's list, and the folder that its commands run in.
pub struct Chapter<'a> {
    pub list: &'a mut List,
    pub folder: Folder,
}

impl<'a> Chapter<'a> {
    /// Begins a chapter.
    pub fn new(list: &'a mut List, name: &str, folder: Folder) -> Self {
        list.chapter(name);
        let mut chapter = Chapter { list, folder };
        chapter.name_key("key.pub.pem", "KEY-ID");
        chapter.list.name(chapter.folder.0.path().display().to_string(), "FOLDER");
        chapter
    }

    /// Has a key's id, which is another one in each run, stand under a name.
    pub fn name_key(&mut self, file: &str, name: &'static str) {
        let key = key_files::public(&self.folder.0.path().join(file)).unwrap();
        self.list.name(hex(&key.id()), name);
    }

    /// Lists what a command says.
    pub fn fails(&mut self, circumstances: &str, line: &str) {
        let output = self.folder.run(line);
        self.list.add(circumstances, line, &output);
    }
}
