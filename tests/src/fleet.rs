//! Emulated boards of different kinds, as a fleet: what a test and the demo roll out to.

use crate::bench::{Bench, image, runs, save, version};
use crate::emulator::{Emulated, Microbit, Pico, Stm32f4};
use crate::product;
use anyhow::{Context, Result};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::Retry;
use lifeboot_wire::Slot;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The boards.
pub struct Fleet {
    microbit: Bench<Microbit>,
    stm32f405: Bench<Stm32f4>,
    pico: Option<Bench<Pico>>,
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
    /// Powers on boards that run 1.0.0, and describes them in a `fleet.toml`: a micro:bit, which is the canary, an STM32F405, and a
    /// Pico if there is to be one. Its emulator is the slow one.
    ///
    /// # Errors
    /// If a board cannot be built or started.
    pub fn start(folder: &Path, has_pico: bool) -> Result<Fleet> {
        let pico = || Bench::start(&image(&Pico::TARGET, &[], version(1), 0)?);
        let fleet = Fleet {
            microbit: Bench::start(&image(&Microbit::TARGET, &[], version(1), 0)?)?,
            stm32f405: Bench::start(&image(&Stm32f4::TARGET, &[], version(1), 0)?)?,
            pico: has_pico.then(pico).transpose()?,
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
    pub fn ports(&self) -> Vec<String> {
        let pico = self.pico.as_ref().map(|pico| pico.board.port());
        [self.microbit.board.port(), self.stm32f405.board.port()].into_iter().chain(pico).collect()
    }

    /// Signs the example firmware of each board, the canary's with a feature that makes it misbehave, if there is one.
    /// Returns the images' files.
    ///
    /// # Errors
    /// If it cannot be built.
    pub fn images(&self, major: u16, canary: &[&str]) -> Result<Vec<String>> {
        let mut images = vec![
            ("microbit", image(&Microbit::TARGET, canary, version(major), 0)?),
            ("stm32f405", image(&Stm32f4::TARGET, &[], version(major), 0)?),
        ];
        if self.pico.is_some() {
            images.push(("pico", image(&Pico::TARGET, &[], version(major), 0)?));
        }
        let path = |(board, image): &(&str, ImageFile)| {
            Ok(save(image, &format!("fleet-{board}-{major}.img"))?.display().to_string())
        };
        images.iter().map(path).collect()
    }

    /// Checks that each board reports this version as running and confirmed, in this slot.
    ///
    /// # Errors
    /// The first board that differs.
    pub fn run(&self, slot: Slot, major: u16) -> Result<()> {
        let mut states =
            vec![self.microbit.link()?.status(Retry::VERIFY)?, self.stm32f405.link()?.status(Retry::VERIFY)?];
        if let Some(pico) = &self.pico {
            states.push(pico.link()?.status(Retry::VERIFY)?);
        }
        states.iter().try_for_each(|status| runs(status, slot, version(major)))
    }

    /// Runs `lifeboot rollout` in the fleet's folder. The emulators share the processors with all else that runs, while the
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
