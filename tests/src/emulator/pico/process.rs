//! The Python process of one board: started so that it ends with its board or its parent, and able to say why it ended.
//!
//! Dropping kills it; if the owner dies first, the kernel's parent-death signal does, which follows the thread that
//! started the process.

use super::options::{ClockFault, Options};
use crate::product;
use anyhow::{Context, Result, bail};
use lifeboot_board::BoardDescription;
use lifeboot_board::pin::Level;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Where the emulator's programs are.
pub fn folder() -> PathBuf {
    product::root().join("tests/src/emulator/pico")
}

pub struct Process {
    child: Child,
    requests: UnixStream,
    answers: BufReader<UnixStream>,
    /// Private, for flash, memory, and what the emulator says.
    folder: TempDir,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Error(String),
}

impl Process {
    pub fn start(python: &Path, board: &BoardDescription, flash: &[u8], options: Options) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("lifeboot-pico-")
            .tempdir()
            .context("cannot make a folder for the emulator: set TMPDIR to a folder of yours")?;
        let content = folder.path().join("flash");
        fs::write(&content, flash)?;
        let (requests, emulators) = UnixStream::pair()?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(python).arg("-B").arg(self::folder().join("board.py")).arg(content);
        command.arg(described(board)?.to_string());
        if let Some(operation) = options.stop_before {
            command.args(["--stop-before", &operation.to_string()]);
        }
        if options.held {
            command.arg("--held");
        }
        if let Some(fault) = options.clock_fault {
            let fault = match fault {
                ClockFault::Crystal => "crystal",
                ClockFault::Pll => "pll",
            };
            command.args(["--clock-fault", fault]);
        }
        let child = command
            .current_dir(folder.path())
            .stdin(OwnedFd::from(emulators))
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("stderr"))?)
            .spawn()
            .context("cannot run setpriv: install the package util-linux")?;
        // It holds a copy of the emulator's end, with which the connection would not break when that ends.
        drop(command);
        let answers = BufReader::new(requests.try_clone()?);
        Ok(Process { child, requests, answers, folder })
    }

    /// Where the emulator may write `name` for its owner.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sends a request, and waits for its answer.
    pub fn ask<T: DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        // If that fails, there is no answer either, and its error says why.
        let _ = self.requests.write_all(format!("{request}\n").as_bytes());
        self.answer()
    }

    /// Waits for an answer.
    pub fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        if self.answers.read_line(&mut line).unwrap_or(0) == 0 {
            let status = self.child.wait()?;
            let said = fs::read(self.file("stderr")).unwrap_or_default();
            bail!("the emulator ended ({status}) with these words:\n{}", String::from_utf8_lossy(&said).trim_end());
        }
        match serde_json::from_str(&line).with_context(|| format!("the emulator answers {line}"))? {
            Answer::Ok(value) => Ok(serde_json::from_value(value)?),
            Answer::Error(text) => bail!("the emulator says {text}"),
        }
    }
}

/// What the emulator has to know of a board.
fn described(board: &BoardDescription) -> Result<Value> {
    let serial = board.serial.as_ref().context("a board without a serial port is not emulated")?;
    let uart = serial.peripheral.name.trim_start_matches("UART").parse::<u8>()?;
    let recovery =
        board.recovery.as_ref().map(|recovery| json!([recovery.pin.number, recovery.pressed == Level::High]));
    let (tx, rx, function) = (serial.tx.number, serial.rx.number, serial.peripheral.function);
    Ok(json!({ "uart": uart, "tx": tx, "rx": rx, "function": function, "recovery": recovery }))
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
