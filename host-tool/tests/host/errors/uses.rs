//! The list of errors: the command line, files, versions, lifeboot.toml, recordings.

use super::chapter::Chapter;
use crate::command_line::{Folder, SIGN};
use crate::encrypted_keys::chmod;
use crate::error_list::List;
use crate::images::rich;
use crate::program::{LARGE, LOG_STRING};
use crate::versions::{MAIN, project};
use lifeboot_core::Slot;
use lifeboot_logs::MonitorError;
use lifeboot_project::settings::Distrust;
use lifeboot_project::watch::WatchError;
use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

pub fn list(list: &mut List) {
    let mut chapter = Chapter::new(list, "The command line", Folder::new());
    for (circumstances, line) in [
        ("A command that there is not", "pusch a.img"),
        ("An argument that there is not", "inspect a.img --fast"),
        ("An argument that is missing", "inspect"),
        ("An argument without its value", "inspect a.elf --board"),
        ("A board file that is not there", "inspect a.elf --board nucleo.toml"),
        ("A board file that is none", "inspect a.elf --board key.pem"),
        ("A format that there is not", "provision boot.elf a.img --format s19"),
        ("A version that is none", "sign a.elf --version 1.2 --key key.pem"),
        ("A version with a pre-release", "sign a.elf --version 1.2.3-rc.1 --key key.pem"),
        ("A version with a build that is no number", "sign a.elf --version 1.2.3+dirty --key key.pem"),
        ("A version that is too large", "sign a.elf --version 70000.0.0 --key key.pem"),
        ("An epoch that is no number", "sign a.elf --version 1.2.3 --epoch one --key key.pem"),
        ("Schemas that are none", "sign a.elf --version 1.2.3 --schemas 3..=2 --key key.pem"),
        ("Arguments that exclude each other", "sign a.elf --version 1.2.3 --signature s --external-bytes b"),
        ("One of two arguments that belong together", "diff a.img b.img --elf-old a.elf"),
        ("A digest that is too short", "push a.img --force 0123"),
        ("No key", "sign a.elf --version 1.2.3"),
        ("No public key", "sign a.elf --version 1.2.3 --external-bytes bytes"),
        ("No version", "sign a.elf --key key.pem"),
    ] {
        chapter.fails(circumstances, line);
    }

    let line = "sign a.elf --version 1.2.3";
    let key = String::from_utf8(chapter.folder.bytes("key.pem")).unwrap();
    let output = chapter.folder.command(line).env("LIFEBOOT_KEY", &key).output().unwrap();
    chapter.list.add("A variable that holds the key itself", line, &output);
    let output = chapter.folder.command(line).args(["--key", &key]).output().unwrap();
    chapter.list.add("An argument that is the key itself", &format!("{line} --key \"$(cat key.pem)\""), &output);

    let mut chapter = Chapter::new(chapter.list, "Files", chapter.folder);
    chapter.fails("A file that is not there", "inspect none.img");
    fs::create_dir(chapter.folder.0.path().join("folder")).unwrap();
    chapter.fails("A folder where a file is wanted", "inspect folder");
    chapter.fails("A folder to write into that is not there", &format!("{SIGN} -o none/out.img"));
    chapter.fails("A file to write that is a folder", &format!("{SIGN} -o folder"));
    chapter.fails("A file where a folder is wanted", &format!("{SIGN} -o a.elf/out.img"));

    chapter.fails("An output that is an input", &format!("{SIGN} -o a.elf"));
    chapter.folder.done("keygen other.pem");
    chapter.fails("An output that is a private key", &format!("{SIGN} -o other.pem"));
    chapter.fails("An output that is a public key", &format!("{SIGN} -o other.pub.pem"));
    chapter.fails("Two outputs that are one file", &format!("{SIGN} -o out.swu --swu 1"));
    chapter.folder.put("large.bin", &vec![0; 17 << 20]);
    chapter.fails("A file that is too large to be what it should be", "flash large.bin");
    assert!(Command::new("mkfifo").arg("pipe").current_dir(chapter.folder.0.path()).status().unwrap().success());
    chapter.fails("A pipe that no program writes into", "inspect pipe");
    chapter.fails("A pipe that no program reads from", &format!("{SIGN} -o pipe"));
    chapter.fails("The name that means stdin elsewhere", "inspect -");
    let other = Distrust::OtherOwner { path: PathBuf::from("../lifeboot.toml"), owner: 1001 };
    chapter.list.add_words("A lifeboot.toml of another user, in a folder above", &other);

    chapter.folder.put("lifeboot.toml", b"");
    chmod(&chapter.folder, "lifeboot.toml", 0o666);
    chapter.fails("A lifeboot.toml that everybody can write", "inspect a.elf");
    chmod(&chapter.folder, "lifeboot.toml", 0o644);
    let place = PathBuf::from("lifeboot.toml");
    let open = Distrust::OthersReplace { path: place, folder: PathBuf::from("."), mode: 0o777 };
    chapter.list.add_words("A lifeboot.toml in a folder that everybody can write", &open);

    for (circumstances, settings) in [
        ("A setting that there is not", "\nbord = 1\n"),
        ("A setting under another name", "public_key = \"a\"\n"),
        ("A number in quotes", "# fast\nbaud = \"9600\"\n"),
        ("A board in lifeboot.toml that is neither a file nor a table", "board = 3\n"),
        (
            "A board in lifeboot.toml whose chip is not known",
            "[board]\nname = \"acme-press\"\nchip = \"STM32F411XX\"\n",
        ),
        ("A key itself where its file is to be named", "key = \"-----BEGIN PRIVATE KEY-----\"\n"),
        ("No TOML", "board = microbit\n"),
    ] {
        chapter.folder.put("lifeboot.toml", settings.as_bytes());
        chapter.fails(circumstances, "inspect a.elf");
    }

    let packages: [(&str, &str); 2] = [("Cargo.toml", "package = { name = \"app\", version = \"1.0.0-rc.1\" }"), MAIN];
    let mut chapter = Chapter::new(chapter.list, "Versions in Cargo.toml", project(&packages, &["app"]));
    chapter.fails("A version that is not one for firmware", "sign app --key key.pem");
    let line = "sign app --key key.pem";
    let output = chapter.folder.command(line).env("PATH", "").env_remove("CARGO").output().unwrap();
    chapter.list.add("No cargo on this machine", line, &output);
    chapter.folder.put("Cargo.toml", b"package = { version = \"1.0.0\" }");
    chapter.fails("A package without a name", "sign app --key key.pem");

    let mut chapter = Chapter::new(chapter.list, "Watching", Folder::new());
    let watch = "watch --key key.pem";
    chapter.fails("No cargo project", watch);
    chapter.fails("A command that builds, and nobody says what", &format!("{watch} --build make"));
    chapter.fails("A file in a folder that is not there", &format!("{watch} --no-build none/app.elf"));
    let output = chapter.folder.command(watch).env("PATH", "").env_remove("CARGO").output().unwrap();
    chapter.list.add("No cargo to build with", watch, &output);
    // While it watches, these are reported, and do not end it.
    chapter.list.add_words("A build without a program", &WatchError::NoProgram);
    let several = WatchError::SeveralPrograms { names: vec!["app".to_owned(), "second".to_owned()] };
    chapter.list.add_words("A build of two programs", &several);

    let mut chapter = Chapter::new(chapter.list, "Recordings", Folder::new());
    chapter.fails("No ELF file to read a log with", "monitor --elf key.pub.pem --replay none");
    let mut raw = rich(LARGE, Slot::A);
    raw.symbols[LOG_STRING as usize - 1].0 =
        r#"{"package":"p","tag":"defmt_info","data":"hello","disambiguator":"1","crate_name":"c"}"#.to_owned();
    raw.symbol("_defmt_version_ = 4", None, 0, 0);
    raw.symbol("_defmt_encoding_ = raw", None, 0, 0);
    chapter.folder.put("raw.elf", &raw.elf());
    chapter.fails("A log that lost bytes would spoil", "monitor --elf raw.elf --replay none");
    chapter.folder.put("session.jsonl", b"no recording\n");
    chapter.fails("No recording", "monitor --replay session.jsonl");
    chapter.folder.put("session.jsonl", b"{\"lifeboot_recording\":1}\n{\"at_us\":1000,\"lost\":\"unplugged\"}\n");
    chapter.fails("A text that was not shown", "monitor --replay session.jsonl --until passed");
    let full = MonitorError::Write { source: io::ErrorKind::StorageFull.into() };
    chapter.list.add_words("A recording, and the disk is full", &full);
}
