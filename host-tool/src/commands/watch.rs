//! `lifeboot watch`

use super::firmware::{board_for, read_firmware, version_for};
use super::monitor::{Screen, read_bootloader};
use super::port;
use super::progress::Console;
use super::proving::{self, program};
use super::push::push_with_progress;
use super::seconds::{TIMEOUT, seconds};
use super::{interrupt, passphrase, release};
use crate::error::Error;
use crate::output::{self, Output};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::keys::PrivateKey;
use lifeboot_artifact::{hex, version};
use lifeboot_client::describe::{earlier_reason, reason, running};
use lifeboot_client::link::{Link, LinkError, Retry};
use lifeboot_client::push::{self, PushError};
use lifeboot_client::state::{is_rejection, next_version, running_content};
use lifeboot_core::Version;
use lifeboot_logs::{Program, Shared};
use lifeboot_project::relink::Relink;
use lifeboot_project::watch::{Build, Built, Changes, Project};
use lifeboot_report::{Failure, Pushed, WatchEvent, Watched};
use lifeboot_serial::Port;
use lifeboot_wire::{Rejection, SlotContent, Status};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Build, sign and push whenever a source changes, and show what the device logs
///
/// Each build gets a version of its own, with a growing build number. The trial and its outcome are shown; after a
/// failed build or a rejected image, the command waits for the next change. Continues until Ctrl-C.
///
/// If the linker's inputs have changed since the last time, such as a linker script or the compiler, the firmware is linked for
/// slot B as well, which proves that the image runs there.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot watch --key demo.pem                         # cargo build, in the firmware's folder
  lifeboot watch --key demo.pem -- --release -p app     # more arguments for cargo build
  lifeboot watch --key demo.pem --build 'make firmware.elf' --elf firmware.elf --source src
  lifeboot watch --key demo.pem --no-build firmware.elf # only what others build")]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
    /// The private key to sign with
    #[arg(long, value_name = "KEY.pem", env = "LIFEBOOT_KEY")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: passphrase::Arguments,
    #[command(flatten)]
    proving: proving::Arguments,
    /// The version that the build numbers are added to [default: that in Cargo.toml]
    #[arg(long, env = "LIFEBOOT_VERSION", value_parser = version::parse)]
    version: Option<Version>,
    #[command(flatten)]
    release: release::Arguments,
    /// How long to wait for the new firmware's confirm, in seconds
    #[arg(long, value_name = "SECONDS", env = "LIFEBOOT_TIMEOUT", value_parser = seconds(),
        default_value = TIMEOUT)]
    timeout: Duration,
    /// A shell command that builds, instead of cargo build; with --elf
    #[arg(long, value_name = "COMMAND", env = "LIFEBOOT_BUILD", conflicts_with = "cargo")]
    build: Option<String>,
    /// The firmware's ELF file [default: the one that cargo build makes]
    #[arg(long, value_name = "FIRMWARE.elf", env = "LIFEBOOT_FIRMWARE")]
    elf: Option<PathBuf>,
    /// Build nothing: push this ELF file whenever it changes
    #[arg(long, value_name = "FIRMWARE.elf", conflicts_with_all = ["source", "cargo"])]
    no_build: Option<PathBuf>,
    /// The bootloader's ELF file; it logs if it was built with the feature defmt
    #[arg(long, value_name = "BOOTLOADER.elf", env = "LIFEBOOT_BOOTLOADER")]
    bootloader: Option<PathBuf>,
    /// A folder with sources; may be repeated [default: those of the cargo project, or the current folder]
    #[arg(long, value_name = "FOLDER")]
    source: Vec<PathBuf>,
    /// Additional arguments for cargo build
    #[arg(last = true, value_name = "CARGO BUILD ARGUMENTS")]
    cargo: Vec<String>,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Watched, Error> {
    let key = arguments.passphrase.private_key(arguments.key.as_ref().ok_or(Error::KeyNeeded)?)?;
    let build = arguments.build()?;
    let (mut changes, paths) = arguments.changes()?;
    let console = Console::new(output);
    let bootloader = read_bootloader(arguments.bootloader.as_deref())?;
    let screen = Screen::new(output, None, bootloader.is_some());
    let monitor = Shared::new(Vec::new(), bootloader, screen.sink_above(&console));
    let opened = arguments.port.open(output)?;
    let link = arguments.port.line.link(opened, output).with_recovery(Duration::MAX);
    let mut link = monitor.on(link);
    let mut watch = Watch {
        arguments,
        key,
        build,
        output,
        console,
        monitor,
        last: None,
        confirmed: None,
        done: Watched::default(),
    };
    let watching = WatchEvent::Watching { paths };
    loop {
        watch.build_and_report(&mut link)?;
        if interrupt::came() {
            break;
        }
        output.event(&watching);
        // A change during the push is pending already.
        let mut has_changed = false;
        let monitor = watch.monitor.clone();
        monitor.listen(&mut link, |_| {
            has_changed = changes.have_settled();
            !has_changed && !interrupt::came()
        })?;
        if !has_changed {
            break;
        }
    }
    watch.monitor.finish();
    Ok(watch.done)
}

impl Arguments {
    /// Returns how to build; `None` if the command only watches an ELF file.
    fn build(&self) -> Result<Option<Build>, Error> {
        if self.no_build.is_some() {
            return Ok(None);
        }
        Ok(Some(match &self.build {
            Some(line) => {
                let elf = self.elf.clone().ok_or(lifeboot_project::watch::WatchError::ElfNeeded)?;
                Build::Command { line: line.clone(), elf }
            }
            None => Build::Cargo { arguments: self.cargo.clone(), elf: self.elf.clone() },
        }))
    }

    /// Returns the watcher, and the names of what it watches.
    fn changes(&self) -> Result<(Changes, Vec<String>), Error> {
        let names = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
        if let Some(elf) = &self.no_build {
            return Ok((Changes::of_file(elf)?, names(std::slice::from_ref(elf))));
        }
        let project = Project::here();
        let (folders, built) = match (&*self.source, project, &self.build) {
            ([], Ok(project), _) => (project.folders, vec![project.built]),
            ([], Err(error), None) => return Err(error.into()),
            ([], Err(_), Some(_)) => (vec![PathBuf::from(".")], Vec::new()),
            (source, Ok(project), _) => (source.to_vec(), vec![project.built]),
            (source, Err(_), _) => (source.to_vec(), Vec::new()),
        };
        // Files that a build command writes among the sources are not changes.
        let passed = [built, self.elf.clone().into_iter().collect()].concat();
        Ok((Changes::in_folders(&folders, &passed)?, names(&folders)))
    }
}

/// A watch in progress.
struct Watch<'a> {
    arguments: &'a Arguments,
    key: PrivateKey,
    build: Option<Build>,
    output: Output,
    console: Console,
    monitor: Shared,
    /// Content of the last ELF file that was pushed or tried.
    last: Option<Vec<u8>>,
    /// The last confirmed image: less is sent if a patch can be made from it.
    confirmed: Option<ImageFile>,
    done: Watched,
}

impl Watch<'_> {
    /// Builds and pushes once. Errors in that are reported, and do not end the watch.
    fn build_and_report(&mut self, link: &mut Link<Port>) -> Result<(), Error> {
        match self.build_and_push(link) {
            Ok(()) => {}
            Err(Error::Link(LinkError::Stopped) | Error::Push(PushError::Link(LinkError::Stopped))) => {}
            // For people only: a program gets the result of the watch.
            Err(Error::Push(stopped @ PushError::Stopped { .. })) => output::note(Failure::new(&stopped)),
            Err(error) => {
                // If the device was not reached, the same program is tried again.
                if matches!(error, Error::Link(_) | Error::Push(PushError::Link(_))) {
                    self.last = None;
                }
                self.done.failed_pushes += 1;
                self.output.event(&WatchEvent::Failed { error: Failure::new(&error).error });
            }
        }
        Ok(())
    }

    fn build_and_push(&mut self, link: &mut Link<Port>) -> Result<(), Error> {
        let Some(path) = self.built(link)? else { return Ok(()) };
        let elf = read_firmware(&path)?;
        if self.last.as_ref() == Some(&elf) {
            self.output.event(&WatchEvent::Unchanged { elf: path.display().to_string() });
            return Ok(());
        }
        self.last = Some(elf.clone());
        let status = link.status(Retry::SHORT)?;
        let Some(mut image) = self.sign(link, &path, &elf, &status)? else { return Ok(()) };
        if let Some(confirmed) = &self.confirmed {
            image = image.with_patch_from(confirmed)?;
        }
        if let Some(program) = Program::read(&path, &elf)? {
            self.monitor.add(program);
        }
        let quarantine = link.quarantine(Retry::SHORT)?.unwrap_or_default();
        if let Some(event) = needless(&status, &quarantine, &image) {
            self.output.event(&event);
            return Ok(());
        }
        let header = image.header();
        self.output.event(&WatchEvent::Pushing { version: header.version.to_string(), digest: hex(&header.digest) });
        let timeout = self.arguments.timeout;
        let options = push::Options { timeout, ..push::Options::default() };
        let pushed: Pushed = push_with_progress(link, &image, &options, &self.console)?;
        self.done.confirmed += 1;
        self.confirmed = Some(image);
        self.output.event(&WatchEvent::Pushed(pushed));
        Ok(())
    }

    /// Builds, and returns the program; `None` if the build failed or was stopped.
    fn built(&mut self, link: &mut Link<Port>) -> Result<Option<PathBuf>, Error> {
        let Some(build) = &self.build else {
            return Ok(self.arguments.no_build.clone());
        };
        self.output.event(&WatchEvent::Building);
        let mut building = build.start()?;
        let mut built = Ok(None);
        self.monitor.listen(link, |_| {
            built = building.poll();
            matches!(built, Ok(None)) && !interrupt::came()
        })?;
        match built? {
            Some(Built::Program(elf)) => {
                self.done.builds += 1;
                Ok(Some(elf))
            }
            Some(Built::Failed) => {
                self.done.failed_builds += 1;
                self.output.event(&WatchEvent::BuildFailed);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Signs what was built, and proves it if that is due; `None` if the watch was stopped.
    fn sign(
        &self,
        link: &mut Link<Port>,
        path: &Path,
        elf: &[u8],
        status: &Status,
    ) -> Result<Option<ImageFile>, Error> {
        let arguments = self.arguments;
        let base = version_for(path, arguments.version)?.map_or(Version::default(), |(version, _)| version);
        let release = arguments.release.of(next_version(base, status))?;
        let board = board_for(elf, arguments.release.board.as_deref())?;
        let built = match &self.build {
            Some(Build::Cargo { arguments, .. }) => Some(Relink::Same(arguments.clone())),
            Some(Build::Command { .. }) | None => None,
        };
        let mut relinked = None;
        if let Some(due) = arguments.proving.due(path, elf, board, built)? {
            self.output.event(&WatchEvent::Proving);
            let linked = thread::scope(|scope| {
                let linking = scope.spawn(|| due.relink(path, elf));
                self.monitor.listen(link, |_| !linking.is_finished())?;
                Ok::<_, Error>(linking.join().unwrap_or_else(|panic| resume_unwind(panic)))
            })?;
            // The linker has been ended, too.
            if interrupt::came() {
                return Ok(None);
            }
            relinked = Some((due, linked));
        }
        Ok(Some(program(path, elf, board, relinked)?.sign(release, &self.key)?))
    }
}

/// Returns what to report if a push would be pointless; `None` if it is needed.
fn needless(status: &Status, quarantine: &[Rejection], image: &ImageFile) -> Option<WatchEvent> {
    let is_image = |digest: &[u8; 16]| image.header().digest.starts_with(digest);
    let runs = matches!(running_content(status), SlotContent::Image { digest, .. } if is_image(&digest));
    if runs && status.confirmed == Some(status.running) && status.trial.is_none() {
        return Some(WatchEvent::RunsAlready { firmware: running(status) });
    }
    let last = status.outcome.filter(|outcome| is_rejection(outcome.ending) && is_image(&outcome.digest));
    let earlier = quarantine.iter().find(|earlier| image.header().digest.starts_with(&earlier.digest));
    let reason = last.map(|last| reason(&last)).or_else(|| earlier.map(earlier_reason));
    reason.map(|reason| WatchEvent::RejectedBefore { reason })
}
