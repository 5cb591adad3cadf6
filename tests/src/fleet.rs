//! Three emulated boards of different kinds, as a fleet: what a test and the demo roll out to.

use crate::bench::{Bench, image, runs, save, version};
use crate::emulator::{Emulated, Microbit, Pico, Stm32f4};
use crate::product;
use anyhow::{Context, Result};
use lifeboot_client::link::Retry;
use lifeboot_wire::Slot;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The boards.
pub struct Fleet {
    microbit: Bench<Microbit>,
    stm32f405: Bench<Stm32f4>,
    pico: Bench<Pico>,
    folder: PathBuf,
}

/// What a command printed, both streams, and its exit status.
pub struct Said {
    /// The text.
    pub text: String,
    /// The status.
    pub status: Option<i32>,
}

impl Fleet {
    /// Powers on three boards that run 1.0.0, and describes them in a `fleet.toml`: the micro:bit is the canary.
    ///
    /// # Errors
    /// If a board cannot be built or started.
    pub fn start(folder: &Path) -> Result<Fleet> {
        let fleet = Fleet {
            microbit: Bench::start(&image(&Microbit::TARGET, &[], version(1), 0)?)?,
            stm32f405: Bench::start(&image(&Stm32f4::TARGET, &[], version(1), 0)?)?,
            pico: Bench::start(&image(&Pico::TARGET, &[], version(1), 0)?)?,
            folder: folder.to_owned(),
        };
        fs::create_dir_all(folder)?;
        let mut text = String::new();
        for (port, role) in fleet.ports().iter().zip(["canary", "rest", "rest"]) {
            text += &format!("[[device]]\nport = \"{port}\"\nlabels = {{ role = \"{role}\" }}\n\n");
        }
        text +=
            "[[wave]]\nname = \"canary\"\nlabels = { role = \"canary\" }\n\n[[wave]]\nname = \"rest\"\nrest = true\n";
        fs::write(folder.join("fleet.toml"), text).context("cannot write fleet.toml")?;
        Ok(fleet)
    }

    /// Returns the ports of the boards, the canary's first.
    pub fn ports(&self) -> [String; 3] {
        [self.microbit.board.port(), self.stm32f405.board.port(), self.pico.board.port()]
    }

    /// Signs the example firmware of each board, the canary's with a feature that makes it misbehave, if there is one.
    /// Returns the images' files.
    ///
    /// # Errors
    /// If it cannot be built.
    pub fn images(&self, major: u16, canary: &[&str]) -> Result<[String; 3]> {
        let images = [
            image(&Microbit::TARGET, canary, version(major), 0)?,
            image(&Stm32f4::TARGET, &[], version(major), 0)?,
            image(&Pico::TARGET, &[], version(major), 0)?,
        ];
        let [a, b, c] = ["microbit", "stm32f405", "pico"].map(|board| format!("fleet-{board}-{major}.img"));
        let path = |index: usize, name: &str| Ok::<_, anyhow::Error>(save(&images[index], name)?.display().to_string());
        Ok([path(0, &a)?, path(1, &b)?, path(2, &c)?])
    }

    /// Checks which version each board reports as running and confirmed, and in which slot.
    ///
    /// # Errors
    /// The first board that differs.
    pub fn run(&self, expected: [(Slot, u16); 3]) -> Result<()> {
        let states = [
            self.microbit.link()?.status(Retry::VERIFY)?,
            self.stm32f405.link()?.status(Retry::VERIFY)?,
            self.pico.link()?.status(Retry::VERIFY)?,
        ];
        states.iter().zip(expected).try_for_each(|(status, (slot, major))| runs(status, slot, version(major)))
    }

    /// Runs `lifeboot rollout` in the fleet's folder. Three emulators share the processors with all else that runs, while the
    /// host measures real time: its timeouts are those for a slow line.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn rollout(&self, arguments: &[&str]) -> Result<Said> {
        let mut command = Command::new(product::host_tool()?);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LIFEBOOT_")) {
            command.env_remove(name);
        }
        command.arg("rollout").args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        if arguments.first() != Some(&"list") {
            command.args(["--answer-timeout", "120", "--timeout", "900"]);
        }
        let output = command.env("LIFEBOOT_STATE", self.folder.join("state")).output()?;
        let text = [output.stderr, output.stdout].concat();
        Ok(Said { text: String::from_utf8_lossy(&text).into_owned(), status: output.status.code() })
    }
}
