//! The README's pictures of a terminal: the output of the real `lifeboot` at an emulated micro:bit.
//!
//! `LIFEBOOT_PICTURES=draw cargo test -p lifeboot-tests pictures` draws them again. Otherwise they are compared with
//! the commands' output now; numbers may differ, as times do, and digests with each build.

use crate::terminal::{elf, lifeboot, spawn};
use anstyle_svg::Term;
use lifeboot_tests::bench::{Bench, image, version};
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{self, MICROBIT};
use std::collections::BTreeSet;
use std::num::NonZero;
use std::{env, fs};

/// The folder of the commands' files.
const FOLDER: &str = "target/demo";

/// The firmware's log line after a rollback. It is not drawn, as it comes before or after the end of the push.
const BACK: &str = "started from slot B, trial: false";

/// Size of the terminal; what is below the last line is not drawn.
const LINES: NonZero<u16> = NonZero::new(60).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(132).unwrap();

#[test]
fn show_what_the_commands_show() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let terminal = Terminal { port: bench.board.port() };
    let folder = product::root().join(FOLDER);
    fs::create_dir_all(&folder).unwrap();
    for (name, features, major) in [("2.0.0", &[][..], 2), ("3.0.0", &["panic-later"], 3)] {
        let image = image(&MICROBIT, features, version(major), 0).unwrap();
        fs::write(folder.join(format!("{name}.img")), image.to_bytes()).unwrap();
        fs::copy(elf(features), folder.join(format!("{name}.elf"))).unwrap();
    }
    terminal.draws("push", &["lifeboot push target/demo/2.0.0.img", "lifeboot status"]);
    let elfs = "--elf target/demo/2.0.0.elf --elf target/demo/3.0.0.elf";
    terminal.draws("rollback", &[&format!("lifeboot push target/demo/3.0.0.img --monitor {elfs}")]);
}

/// A terminal in the project's folder, and the device's port, which `LIFEBOOT_PORT` names.
struct Terminal {
    port: String,
}

impl Terminal {
    /// Types commands, and draws or compares the output.
    fn draws(&self, name: &str, commands: &[&str]) {
        let mut screen = vt100::Parser::new(LINES, COLUMNS, 0);
        for command in commands {
            screen.process(format!("\x1b[32m$\x1b[0m \x1b[1m{command}\x1b[0m\r\n").as_bytes());
            screen.process(self.types(command).as_bytes());
        }
        let rows: Vec<String> = screen.screen().rows_formatted(0, COLUMNS.get()).collect();
        let last = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        // Each row starts without colours.
        let seen = rows[..last].join("\x1b[0m\n");
        let picture = Term::new().render_svg(&seen);
        let path = product::root().join(format!("tests/pictures/{name}.svg"));
        if env::var_os("LIFEBOOT_PICTURES").is_some_and(|value| value == "draw") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &picture).unwrap();
        }
        let drawn = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // Each line of text is a line of the file. How often the firmware logs meanwhile varies.
        let now: BTreeSet<String> = picture.lines().map(without_numbers).collect();
        for line in drawn.lines() {
            let command = "LIFEBOOT_PICTURES=draw cargo test -p lifeboot-tests pictures";
            assert!(now.contains(&without_numbers(line)), "{name} shows {line}\n\nDraw it again: {command}\n\n{seen}");
        }
    }

    fn types(&self, command: &str) -> String {
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        let mut command = lifeboot(&arguments);
        command.env("LIFEBOOT_PORT", &self.port);
        let seen = spawn(command).exp_eof().unwrap();
        seen.split_inclusive('\n').filter(|line| !line.contains(BACK)).collect()
    }
}

/// A line with all numbers, including hexadecimal ones, replaced by the same text, and without differences in spaces.
fn without_numbers(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split(|letter: char| !letter.is_alphanumeric() && letter != '.') {
        words.push(if word.contains(|letter: char| letter.is_ascii_digit()) { "#" } else { word });
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}
