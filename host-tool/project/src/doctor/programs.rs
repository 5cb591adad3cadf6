//! Programs: where they are, whether they start, and how to install those that the emulated boards need. The tests and
//! the demo use the same commands.

use super::environment::Environment;
use super::finding::Finding;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a program may take to print its version.
const TIMEOUT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);

/// A package of the operating system.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Its name in Debian, and so in Ubuntu.
    pub name: &'static str,
    /// What to do on other systems.
    pub otherwise: &'static str,
}

/// The emulator of the micro:bit.
pub const QEMU: Package = Package {
    name: "qemu-system-arm",
    otherwise: "install QEMU for ARM system emulation (Debian's qemu-system-arm, Fedora's qemu-system-arm-core, Arch's \
                qemu-system-arm) so that `qemu-system-arm --version` works",
};

/// Python, which installs the emulator of the Pico.
pub const PYTHON: Package = Package {
    name: "python3-venv",
    otherwise: "install Python 3.10 or later with venv and ensurepip, so that `python3 -m venv` works",
};

/// Python code that succeeds if this Python can create virtual environments.
pub const PYTHON_ABLE: &str = "import venv, ensurepip";

impl Package {
    /// Returns the command that installs the package with apt-get; as root it omits sudo, which containers often lack.
    pub fn apt_get(&self, root: bool) -> String {
        let sudo = if root { "" } else { "sudo " };
        let name = self.name;
        format!("{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {name}")
    }

    fn command(&self, environment: &Environment) -> String {
        match on_path(&environment.path, "apt-get") {
            Some(_) => self.apt_get(super::devices::is_root(&environment.root)),
            None => self.otherwise.to_owned(),
        }
    }
}

/// Returns the path of a program, searched in the folders of a `PATH`.
pub fn on_path(path: &OsStr, program: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    let Ok(file) = path.metadata() else { return false };
    #[cfg(unix)]
    let is_executable = std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let is_executable = true;
    file.is_file() && is_executable
}

/// Returns the output of a program that succeeds, or why it failed.
pub(super) fn output(program: &Path, arguments: &[&str], folder: &Path) -> Result<String, String> {
    let command = || format!("`{} {}`", program.display(), arguments.join(" "));
    let mut command_line = Command::new(program);
    command_line.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command_line.spawn().map_err(|error| format!("{} does not start: {error}", command()))?;
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < TIMEOUT => sleep(POLL),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{} does not end within {} seconds", command(), TIMEOUT.as_secs()));
            }
            Err(error) => return Err(format!("{} is lost: {error}", command())),
        }
    };
    let mut text = String::new();
    let _ = child.stdout.take().map(|mut stdout| stdout.read_to_string(&mut text));
    if status.success() { Ok(text) } else { Err(format!("{} fails: {status}", command())) }
}

pub(super) fn examine(environment: &Environment) -> Vec<Finding> {
    vec![qemu(environment), python(environment)]
}

fn qemu(environment: &Environment) -> Finding {
    let subject = "QEMU (for cargo demo and cargo test)";
    let fix = QEMU.command(environment);
    let Some(program) = on_path(&environment.path, "qemu-system-arm") else {
        return Finding::missing(subject, "there is no qemu-system-arm", fix);
    };
    match output(&program, &["--version"], &environment.folder) {
        Ok(text) => Finding::ok(subject, text.lines().next().unwrap_or_default()),
        Err(why) => Finding::broken(subject, why, fix),
    }
}

fn python(environment: &Environment) -> Finding {
    let subject = "Python (for the emulated Pico)";
    let fix = PYTHON.command(environment);
    let Some(program) = on_path(&environment.path, "python3") else {
        return Finding::missing(subject, "there is no python3", fix);
    };
    match output(&program, &["-c", PYTHON_ABLE], &environment.folder) {
        Ok(_) => Finding::ok(subject, "makes virtual environments"),
        Err(_) => Finding::broken(subject, "cannot make virtual environments: venv or ensurepip is missing", fix),
    }
}
