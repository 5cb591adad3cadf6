//! The QEMU process of one board: started so that it ends with its board or its parent, and able to say why it ended.
//!
//! Invariant: no process outlives its owner, since one left behind holds pipes open, and readers of them hang.
//! Dropping kills it; if the owner dies first, the kernel's parent-death signal does. **That signal follows the
//! thread that started the process**, not the parent as a whole.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result};
use tempfile::TempDir;

use crate::setup;

/// The socket by which pins are driven, in the board's folder.
pub const PINS: &str = "pins";

pub struct Process {
    child: Child,
    /// Private, for memory dumps and for what QEMU says.
    folder: TempDir,
}

impl Process {
    /// Starts QEMU with its CPU stopped and nothing loaded; returns it and its connections for QMP and gdb.
    pub fn start(counting: bool) -> Result<(Self, UnixStream, UnixStream)> {
        let emulator = setup::qemu()?;
        let folder = tempfile::Builder::new()
            .prefix("lifeboot-microbit-")
            .tempdir()
            .context("cannot make a folder for the emulator: set TMPDIR to a folder of yours")?;
        // QEMU finds its ends open as files 0 and 1: there is no address to choose, to wait for or to clean up.
        let (qmp, qemu_qmp) = UnixStream::pair()?;
        let (gdb, qemu_gdb) = UnixStream::pair()?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(emulator)
            .args(["-machine", "microbit", "-S"])
            .args(["-nodefaults", "-no-user-config", "-display", "none"])
            .args(["-chardev", "socket,id=qmp,fd=0"])
            .args(["-mon", "chardev=qmp,mode=control"])
            .args(["-chardev", "socket,id=gdb,fd=1"])
            .args(["-gdb", "chardev:gdb"])
            .arg("-chardev")
            .arg(format!("socket,id=pins,path={},server=on,wait=off", folder.path().join(PINS).display()))
            .args(["-object", "qtest,id=pins,chardev=pins,log=/dev/null"])
            .arg("-chardev")
            .arg("socket,id=uart,host=127.0.0.1,port=0,server=on,wait=off,nodelay=on")
            .args(["-serial", "chardev:uart"]);
        if counting {
            // The seed is that of the random number generator, so that it repeats as well.
            command.args(["-icount", "shift=6,sleep=off", "-seed", "1"]);
        }
        let child = command
            .current_dir(folder.path())
            .stdin(OwnedFd::from(qemu_qmp))
            .stdout(OwnedFd::from(qemu_gdb))
            .stderr(File::create(folder.path().join("stderr"))?)
            .spawn()
            .context("cannot run setpriv: install the package util-linux")?;
        // It holds copies of QEMU's ends, with which no connection would break when QEMU ends.
        drop(command);
        Ok((Self { child, folder }, qmp, gdb))
    }

    /// Where QEMU may write `name` for its owner, or leave a core file.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds QEMU's own message to an error of its connections if it has ended: that says why.
    pub fn explain(&mut self, error: Error) -> Error {
        if !error.chain().any(|cause| cause.is::<std::io::Error>()) {
            return error;
        }
        // A connection breaks a little before the process has ended.
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                let said = fs::read(self.file("stderr")).unwrap_or_default();
                let said = String::from_utf8_lossy(&said);
                return error.context(format!("the emulator ended ({status}) with these words:\n{}", said.trim_end()));
            }
            thread::sleep(Duration::from_millis(10));
        }
        error
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
