//! The list of errors: fleets and rollouts, as far as no device is needed.

use super::chapter::Chapter;
use crate::command_line::{Folder, SIGN};
use crate::error_list::List;
use std::net::TcpListener;

/// A fleet of one device at a port at which nobody listens.
const FLEET: &str = "[[device]]\nport = \"PORT\"\n";

pub fn list(list: &mut List) {
    let folder = Folder::new();
    folder.done(SIGN);
    let mut chapter = Chapter::new(list, "Fleets", folder);
    let kept = "--state state";
    chapter.fails("No fleet", &format!("rollout start a.img {kept}"));
    chapter.fails("No rollout", &format!("rollout status {kept}"));
    chapter.fails("A rollout that there is not", &format!("rollout status autumn {kept}"));
    chapter.fails("A name that is none", &format!("rollout status ../autumn {kept}"));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    chapter.list.name(closed.to_string(), "HOST:NUMBER");
    chapter.fails("Nobody at a port", &format!("rollout plan a.img --port tcp:{closed} {kept}"));

    for (circumstances, text) in [
        ("A wave of devices with a label that none has", "[[wave]]\nlabels = { line = \"3\" }\n"),
        ("A device in no wave", "[[device]]\nid = \"0011\"\n\n[[wave]]\ndevices = [\"0011\"]\n"),
        ("A misspelled key", "[[wave]]\nrest = true\nparalel = 3\n"),
    ] {
        chapter.folder.put("fleet.toml", format!("{FLEET}\n{text}").as_bytes());
        chapter.fails(circumstances, &format!("rollout plan a.img {kept}"));
    }
    chapter.folder.put("fleet.toml", FLEET.replace("PORT", &format!("tcp:{closed}")).as_bytes());
    chapter.fails("Two images for the same board", &format!("rollout plan a.img a.img {kept}"));
    // The device is absent, and skipped: it ends, and each device does not run the image.
    let ended = chapter.folder.run(&format!("rollout start a.img --name spring {kept}"));
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    chapter.fails("Nothing to approve", &format!("rollout approve {kept}"));
    chapter.fails("The same name again", &format!("rollout start a.img --name spring {kept}"));
    chapter.folder.put("state/rollouts/spring/ports.json", b"{");
    chapter.fails("What is kept of its ports is damaged", &format!("rollout retry --failed {kept}"));

    chapter.fails("A container beside an image on stdout", &format!("{SIGN} -o - --swu 1"));
    chapter.fails("A container for a revision that cannot be written", &format!("{SIGN} -o b.img --swu a\"b"));
}
