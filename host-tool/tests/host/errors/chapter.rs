//! A chapter of the list of errors.

use crate::command_line::Folder;
use crate::error_list::List;
use lifeboot_artifact::hex;
use lifeboot_project::key_files;

/// The list that a chapter is added to, and the folder that its commands run in.
pub struct Chapter<'a> {
    pub list: &'a mut List,
    pub folder: Folder,
}

impl<'a> Chapter<'a> {
    /// Begins a chapter. The id of the folder's key and the folder's path get names, as they differ in each run.
    pub fn new(list: &'a mut List, name: &str, folder: Folder) -> Self {
        list.chapter(name);
        let mut chapter = Chapter { list, folder };
        chapter.name_key("key.pub.pem", "KEY-ID");
        chapter.list.name(chapter.folder.0.path().display().to_string(), "FOLDER");
        chapter
    }

    /// Lists a key's id, which differs in each run, under this name.
    pub fn name_key(&mut self, file: &str, name: &'static str) {
        let key = key_files::public(&self.folder.0.path().join(file)).unwrap();
        self.list.name(hex(&key.id()), name);
    }

    /// Runs a command that fails, and lists what it prints.
    pub fn fails(&mut self, circumstances: &str, line: &str) {
        let output = self.folder.run(line);
        self.list.add(circumstances, line, &output);
    }
}
