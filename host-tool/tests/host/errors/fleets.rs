//! The list of errors: fleets and rollouts, as far as no device is needed.

use super::chapter::Chapter;
use crate::command_line::{Folder, SIGN};
use crate::error_list::List;
use lifeboot_host_tool::Error;
use std::fs::{self, File};
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

    chapter.list.add_words("Ctrl-C while devices are asked", &Error::Stopped);

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

    locked(&mut chapter, &closed.to_string());
    by_state(&mut chapter);
    damaged(&mut chapter);
    #[cfg(unix)]
    gateway(&mut chapter);

    chapter.fails("A container beside an image on stdout", &format!("{SIGN} -o - --swu 1"));
    chapter.fails("A container for a revision that cannot be written", &format!("{SIGN} -o b.img --swu a\"b"));
}

/// What another process has, or does not answer.
fn locked(chapter: &mut Chapter, port: &str) {
    let locked = |chapter: &Chapter, path: &str| {
        let file =
            File::options().create(true).truncate(false).write(true).open(chapter.folder.0.path().join(path)).unwrap();
        file.lock().unwrap();
        file
    };
    let lock = locked(chapter, "state/rollouts/spring/lock");
    // As its driver has left it.
    assert!(chapter.folder.exists("state/rollouts/spring/orders"));
    chapter.fails("Another process drives it", "rollout start a.img --name spring --state state");
    chapter.fails("Its driver does not answer", "rollout pause spring --state state");
    let orders = "state/rollouts/spring/orders";
    fs::remove_dir(chapter.folder.0.path().join(orders)).unwrap();
    chapter.folder.put(orders, b"");
    chapter.fails("Its folder takes no order", "rollout pause spring --state state");
    drop(lock);
    let name: String = format!("port:tcp:{port}")
        .chars()
        .map(
            |letter| {
                if letter.is_ascii_alphanumeric() { letter.to_string() } else { format!("%{:02x}", letter as u32) }
            },
        )
        .collect();
    let _lock = locked(chapter, &format!("state/devices/{name}.lock"));
    chapter.fails("Another rollout has the device", "rollout start a.img --name winter --state state");
    assert!(!chapter.folder.exists("state/rollouts/winter"), "what was not started has left something");
}

/// What a rollout's state does not allow.
fn by_state(chapter: &mut Chapter) {
    let two = |rules: &str, wave: &str| {
        format!("{rules}{FLEET}\n[[wave]]\nrest = true\n{wave}").replace("PORT", "tcp:127.0.0.1:1")
    };
    chapter.fails("It is over", "rollout pause spring --state state");

    chapter.folder.put("fleet.toml", two("", "approve = true\n").as_bytes());
    chapter.folder.run("rollout start a.img --name summer --state state");
    chapter.fails("Its devices are in a rollout that waits", "rollout start a.img --name winter --state state");
    assert!(!chapter.folder.exists("state/rollouts/winter"), "what was not started has left something");
    chapter.fails("None has failed", "rollout retry --failed summer --state state");
    chapter.folder.run("rollout pause summer --state state");
    chapter.fails("It is paused", "rollout pause summer --state state");
    chapter.folder.run("rollout abort summer --state state");
    chapter.fails("It was aborted", "rollout retry --failed summer --state state");

    chapter.folder.put("fleet.toml", two("absent = \"fail\"\n\n", "max-failures = 0\n").as_bytes());
    chapter.folder.run("rollout start a.img --name autumn --state state");
    chapter.fails("It has stopped", "rollout resume autumn --state state");
    chapter.folder.run("rollout abort autumn --state state");

    let canary = "[[device]]\nid = \"0011\"\nport = \"tcp:127.0.0.1:1\"\n\n";
    let waves = "[[wave]]\nname = \"canary\"\ndevices = [\"0011\"]\n\n[[wave]]\nrest = true\n";
    let text = format!("{canary}{FLEET}\n{waves}").replace("PORT", "tcp:127.0.0.1:2");
    chapter.folder.put("fleet.toml", text.as_bytes());
    chapter.folder.run("rollout start a.img --name dawn --state state");
    chapter.fails("Its canary was absent", "rollout resume dawn --state state");
    chapter.folder.run("rollout abort dawn --state state");
}

/// Logs that cannot be used.
fn damaged(chapter: &mut Chapter) {
    let log = String::from_utf8(chapter.folder.bytes("state/rollouts/spring/log")).unwrap();
    let [format, started, begun, _] = log.lines().take(4).collect::<Vec<_>>()[..] else { panic!("{log}") };
    fs::create_dir(chapter.folder.0.path().join("state/rollouts/damaged")).unwrap();
    for (circumstances, lines) in [
        ("A log without a line", &[format][..]),
        ("A log of another format", &["{\"format\":\"rollout\"}"]),
        ("A log whose second line is gone", &[format, begun]),
        ("A log with a damaged line", &[format, started, &begun.replace("update", "check")]),
    ] {
        chapter.folder.put("state/rollouts/damaged/log", format!("{}\n", lines.join("\n")).as_bytes());
        chapter.fails(circumstances, "rollout status damaged --state state");
    }
}

/// What a gateway cannot begin with.
#[cfg(unix)]
fn gateway(chapter: &mut Chapter) {
    chapter.fails("A gateway without its table", "gateway");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    chapter.list.name(address.clone(), "ADDRESS:NUMBER");
    for name in ["damaged", "used"] {
        fs::create_dir(chapter.folder.0.path().join(name)).unwrap();
    }
    chapter.folder.put("file", b"");
    chapter.folder.put("damaged/ab12.log", b"nothing\n");
    chapter.folder.put("used/lock", b"");
    let used = File::open(chapter.folder.0.path().join("used/lock")).unwrap();
    used.lock().unwrap();
    for (circumstances, lines) in [
        ("A server that is none", "server = \"updates.example.com\""),
        ("A misspelled setting of the gateway", "servr = \"https://updates.example.com\""),
        ("Tokens over an open line", "server = \"http://updates.example.com\""),
        ("No file of tokens", "gateway-token = { file = \"nothing\" }"),
        ("A file of tokens that holds none", "target-tokens = { file = \"fleet.toml\" }"),
        ("A credential outside systemd", "gateway-token = { credential = \"token\" }"),
        ("No certificates", "ca = \"nothing\""),
        ("A certificate that is none", "ca = \"fleet.toml\""),
        ("A folder for state that is a file", "state = \"file\""),
        ("A folder for state that another gateway uses", "state = \"used\""),
        ("A folder for state with a damaged file", "state = \"damaged\""),
        ("A cache that is a file", "cache = \"file\""),
        ("An inbox that is a file", "inbox = \"file\""),
        ("An inbox that is the folder for state", "inbox = \"gateway\""),
        ("A port for the status page that is taken", &format!("listen = \"{address}\"")),
    ] {
        let others = [
            ("server", "\"https://updates.example.com\""),
            ("listen", "\"off\""),
            ("state", "\"gateway\""),
            ("cache", "\"cache\""),
        ];
        let key = lines.split(" =").next().unwrap();
        let others = others.iter().filter(|(name, _)| *name != key).map(|(name, value)| format!("{name} = {value}\n"));
        let text = format!("[gateway]\n{lines}\n{}\n{FLEET}", others.collect::<String>());
        chapter.folder.put("fleet.toml", text.as_bytes());
        chapter.fails(circumstances, "gateway");
    }
}
