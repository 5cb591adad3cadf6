//! What the tests and the demo need beside cargo: the core library of a target, the emulators, cargo-mutants. Each is found, or
//! installed, or the error holds the exact command to type. Nothing is ever skipped because it is missing.
//!
//! Invariant: one installation at a time. A mutex serves the threads of a process and a lock file its processes, since
//! `cargo test` and the demo may both start on a new machine. Each installation is reported on stderr as it starts:
//! it takes minutes, and a silent one looks like a hang.

mod cargo_mutants;
mod python;

pub use cargo_mutants::cargo_mutants;
pub use python::python;

use std::env;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use lifeboot_project::doctor::programs::{self, Package, QEMU};

const EMULATOR: &str = "qemu-system-arm";

/// What this process has already found; holding it is also what makes an installation alone in the process.
struct Found {
    targets: Vec<String>,
    qemu: Option<PathBuf>,
    arm_gcc: Option<PathBuf>,
}

static FOUND: Mutex<Found> = Mutex::new(Found { targets: Vec::new(), qemu: None, arm_gcc: None });

/// Makes sure that code for `triple` can be built by the toolchain that builds this workspace.
///
/// The toolchain is `RUSTUP_TOOLCHAIN` if that is set, as cargo does for its children, otherwise the one that rustup
/// chooses in this folder.
pub fn rust_target(triple: &str) -> Result<()> {
    let mut found = found();
    if found.targets.iter().any(|target| target == triple) {
        return Ok(());
    }
    let _alone = lock_between_processes()?;
    if !has_core_library(triple)? {
        add_target(triple)?;
    }
    found.targets.push(triple.to_owned());
    Ok(())
}

/// The path of `qemu-system-arm`, installed with apt-get if it is missing and no password is needed.
pub fn qemu() -> Result<PathBuf> {
    let mut found = found();
    if let Some(path) = &found.qemu {
        return Ok(path.clone());
    }
    // Even the search waits for the lock: a package half unpacked by another process is on PATH but does not start.
    let _alone = lock_between_processes()?;
    let path = match on_path(EMULATOR) {
        Some(path) => path,
        None => install_qemu()?,
    };
    found.qemu = Some(path.clone());
    Ok(path)
}

/// The path of `arm-none-eabi-gcc`, with GNU ld beside it, installed in the same way.
pub fn arm_gcc() -> Result<PathBuf> {
    const COMPILER: &str = "arm-none-eabi-gcc";
    let mut found = found();
    if let Some(path) = &found.arm_gcc {
        return Ok(path.clone());
    }
    let _alone = lock_between_processes()?;
    let path = match on_path(COMPILER) {
        Some(path) => path,
        None => install(COMPILER, &ARM_GCC, || on_path(COMPILER))?,
    };
    found.arm_gcc = Some(path.clone());
    Ok(path)
}

/// The compiler and linker for C firmware.
const ARM_GCC: Package = Package {
    name: "gcc-arm-none-eabi",
    otherwise: "install the GNU toolchain for bare-metal Arm (Debian's gcc-arm-none-eabi, Fedora's arm-none-eabi-gcc-cs, Arch's \
                arm-none-eabi-gcc) so that `arm-none-eabi-gcc --version` works",
};

/// A test that panicked while it held the lock has left nothing half-written in it.
fn found() -> MutexGuard<'static, Found> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lock is released with the file, also if the process is killed.
fn lock_between_processes() -> Result<File> {
    // One lock a user: another user's file in a shared folder cannot be opened, and apt-get and rustup keep users
    // apart.
    let path = env::temp_dir().join(format!("lifeboot-setup-{}.lock", user_id()?));
    let file =
        OpenOptions::new().create(true).append(true).open(&path).with_context(|| {
            format!("cannot open the lock file {}: set TMPDIR to a folder of yours", path.display())
        })?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(locking(error, &path)),
    }
    file.lock().map_err(|error| locking(error, &path))?;
    Ok(file)
}

fn locking(error: io::Error, path: &Path) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("cannot lock {}: set TMPDIR to a folder on a local disk", path.display()))
}

fn has_core_library(triple: &str) -> Result<bool> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", triple])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run rustc: install Rust from https://rustup.rs and try again")?;
    if !output.status.success() {
        bail!("rustc does not know the target {triple}: its message is above");
    }
    let folder = PathBuf::from(String::from_utf8(output.stdout)?.trim_end());
    let Ok(files) = fs::read_dir(folder) else {
        return Ok(false);
    };
    for file in files {
        let name = file?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("libcore-") && name.ends_with(".rlib") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn add_target(triple: &str) -> Result<()> {
    let mut arguments = vec!["target".to_owned(), "add".to_owned()];
    if let Ok(toolchain) = env::var("RUSTUP_TOOLCHAIN") {
        arguments.extend(["--toolchain".to_owned(), toolchain]);
    }
    arguments.push(triple.to_owned());
    let by_hand = format!("(cd {} && rustup {})", env!("CARGO_MANIFEST_DIR"), arguments.join(" "));
    say(&format!("adding the Rust target {triple}: {by_hand}"));
    let Ok(status) = Command::new("rustup")
        .args(&arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
    else {
        bail!("rustup is missing: install it from https://rustup.rs, then run\n    {by_hand}");
    };
    if !status.success() || !has_core_library(triple)? {
        bail!("the Rust target {triple} could not be added; run\n    {by_hand}");
    }
    Ok(())
}

fn install_qemu() -> Result<PathBuf> {
    install(EMULATOR, &QEMU, || on_path(EMULATOR))
}

/// Installs a system package with apt-get if that needs no password, and finds the `missing` program. Otherwise the
/// error holds the command to type, as `lifeboot doctor` prints it.
fn install<T>(missing: &str, package: &Package, find: impl Fn() -> Option<T>) -> Result<T> {
    if on_path("apt-get").is_none() {
        bail!("{missing} is missing; {}", package.otherwise);
    }
    let root = user_id()? == 0;
    let (by_hand, package) = (package.apt_get(root), package.name);
    if !root && !sudo_needs_no_password() {
        bail!("{missing} is missing; run\n    {by_hand}");
    }
    say(&format!("{missing} is missing; installing it, which takes a minute or two: {by_hand}"));
    // An update that fails on one foreign source still leaves usable lists: only the installation decides.
    apt_get(root, &["update"])?;
    let installed = apt_get(root, &["install", "-y", "--no-install-recommends", package])?;
    find().filter(|_| installed).with_context(|| {
        format!("{package} could not be installed, apt-get's message is above; once that is solved, run\n    {by_hand}")
    })
}

fn sudo_needs_no_password() -> bool {
    Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn apt_get(root: bool, arguments: &[&str]) -> Result<bool> {
    let mut words = vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    if !root {
        words.splice(0..0, ["sudo", "-n"]);
    }
    // A new machine may be busy with its own unattended upgrade: wait for it instead of failing.
    words.extend(["-o", "DPkg::Lock::Timeout=300"]);
    words.extend(arguments);
    let status = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .with_context(|| format!("cannot run `{}`", words.join(" ")))?;
    Ok(status.success())
}

fn on_path(program: &str) -> Option<PathBuf> {
    programs::on_path(&env::var_os("PATH")?, program)
}

/// The kernel shows a process's own folder as owned by its effective user.
fn user_id() -> Result<u32> {
    let process = fs::metadata("/proc/self").context("/proc is not there: this needs Linux")?;
    Ok(process.uid())
}

/// Straight to stderr: what `eprintln!` prints is held back by the test harness until the test has failed.
fn say(message: &str) {
    // If stderr is closed, the message has no reader.
    let _ = writeln!(io::stderr(), "lifeboot: {message}");
}
