//! The README's "A first update by hand": its commands are typed in their order, and print what the page shows.
//!
//! `cargo install` and `cargo demo --keep` are not run: the command that was built for the tests is on the path, and a
//! board runs, with the environment that `cargo demo --keep` prints.

use crate::page::{Action, Command, Kind, steps};
use lifeboot_core::Version;
use lifeboot_tests::bench::{Bench, image, runs, version};
use lifeboot_tests::emulator::Microbit;
use lifeboot_tests::play;
use lifeboot_tests::product::{self, MICROBIT};
use lifeboot_wire as wire;
use std::process::{self, Output, Stdio};
use std::{env, fs};

const HEADING: &str = "\n## A first update by hand\n";

fn section() -> String {
    let readme = fs::read_to_string(product::root().join("README.md")).unwrap();
    let section = readme.split_once(HEADING).expect("the README has a first update").1;
    section.split("\n## ").next().unwrap_or_default().to_owned()
}

fn commands() -> Vec<Command> {
    let steps = steps(&section(), Kind::Blocking).unwrap();
    let typed = steps.into_iter().map(|step| match step.action {
        Action::Type(commands) => commands,
        _ => panic!("the first update changes a file, which nobody who types it does"),
    });
    typed.flatten().collect()
}

/// What a command printed, errors included.
fn run(text: &str, environment: &[(&str, String)]) -> String {
    let path = env::var_os("PATH").unwrap_or_default();
    let tool = product::host_tool().unwrap();
    let folder = product::output().unwrap().join("first-update");
    fs::create_dir_all(&folder).unwrap();
    let mut process = process::Command::new("sh");
    process.args(["-c", text]).current_dir(&folder).stdin(Stdio::null());
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LIFEBOOT_")) {
        process.env_remove(name);
    }
    process.envs(environment.iter().map(|(name, value)| (name, value)));
    let folders = tool.parent().map(ToOwned::to_owned).into_iter().chain(env::split_paths(&path));
    process.env("PATH", env::join_paths(folders).unwrap());
    let Output { status, stdout, stderr } = process.output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "`{text}` ended with {status}:\n{out}{error}");
    out.into_owned()
}

#[test]
fn the_first_update_is_made_as_the_readme_says() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(2), 1).unwrap()).unwrap();
    let environment = play::environment(&bench).unwrap();
    let (mut is_installed, mut is_exported, mut typed) = (false, false, 0);
    for command in commands() {
        let printed = match command.text.as_str() {
            "cargo install --path host-tool" => {
                is_installed = true;
                continue;
            }
            "cargo demo --keep" => {
                is_exported = true;
                let exports = environment.iter().map(|(name, value)| format!("  export {name}={value}\n"));
                "The board is running. In another terminal:\n".to_owned() + &exports.collect::<String>()
            }
            text => {
                assert!(is_installed && is_exported, "`{text}` comes before what it needs");
                typed += 1;
                run(text, &environment)
            }
        };
        let text = &command.text;
        assert_eq!(command.missing(&printed), None, "`{text}` does not print this, but:\n{printed}");
    }
    assert!(typed >= 4, "only {typed} commands were typed");
    let status = bench.status().unwrap();
    runs(&status, wire::Slot::B, Version { major: 3, minor: 1, patch: 0, build: 0 }).unwrap();
}

#[test]
fn every_export_of_the_demo_is_on_the_page() {
    let section = section();
    let exported = section.lines().filter_map(|line| line.trim().strip_prefix("export ")?.split('=').next());
    assert_eq!(exported.collect::<Vec<_>>(), ["LIFEBOOT_PORT", "LIFEBOOT_KEY", "LIFEBOOT_EPOCH", "LIFEBOOT_FIRMWARE"]);
}
