//! The emulated board, the `lifeboot` command beside it, and what is shown of both.

use anyhow::{Context, Result, ensure};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_tests::bench::{self, Bench};
use lifeboot_tests::emulator::Emulated;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

/// The emulated board that the demo shows.
pub struct DemoBoard<B> {
    tool: PathBuf,
    /// `None` only while the power is off.
    bench: Option<Bench<B>>,
}

/// A command's output and exit status.
pub struct Run {
    command: String,
    output: String,
    status: Option<i32>,
}

/// A command that is running.
pub struct Running {
    command: String,
    child: Child,
    output: JoinHandle<String>,
}

impl<B: Emulated> DemoBoard<B> {
    /// A board fresh from production, with this firmware.
    pub fn new(tool: PathBuf, image: &ImageFile) -> Result<Self> {
        Ok(DemoBoard { tool, bench: Some(Bench::start(image)?) })
    }

    /// The `lifeboot` command.
    pub fn tool(&self) -> &Path {
        &self.tool
    }

    /// The board's serial port.
    pub fn port(&self) -> String {
        self.bench.as_ref().map(|bench| bench.board.port()).unwrap_or_default()
    }

    /// The board.
    pub fn bench(&mut self) -> Result<&mut Bench<B>> {
        self.bench.as_mut().context("the power is off")
    }

    /// Pulls the plug and puts it back.
    pub fn cut_power(&mut self) -> Result<()> {
        self.change_flash(|_| ())
    }

    /// Pulls the plug, changes what flash holds, and puts it back.
    pub fn change_flash(&mut self, change: impl FnOnce(&mut [u8])) -> Result<()> {
        let bench = self.bench.take().context("the power is off")?;
        self.bench = Some(bench.with_flash(change)?);
        Ok(())
    }

    /// Writes an image to a file for `lifeboot push`.
    pub fn save(&self, image: &ImageFile, name: &str) -> Result<String> {
        Ok(bench::save(image, &format!("demo-{name}.img"))?.display().to_string())
    }

    /// Runs `lifeboot` against the board, to its end.
    pub fn lifeboot(&self, arguments: &[&str]) -> Result<Run> {
        self.start(arguments)?.end()
    }

    /// Runs `lifeboot`, and counts meanwhile how often the firmware's LED changes.
    pub fn lifeboot_and_blinks(&mut self, arguments: &[&str]) -> Result<(Run, u32)> {
        let running = self.start(arguments)?;
        let (blinks, run) = self.bench()?.blinks_while(|_| running.end())?;
        Ok((run?, blinks))
    }

    /// Starts `lifeboot`.
    pub fn start(&self, arguments: &[&str]) -> Result<Running> {
        let short = |argument: &&str| Path::new(argument).file_name().map(|name| name.display().to_string());
        let words: Vec<String> = arguments.iter().filter_map(short).collect();
        let command = format!("lifeboot {}", words.join(" "));
        println!("  $ {command}");
        let (reader, writer) = io::pipe()?;
        let child = Command::new(&self.tool)
            .args(arguments)
            .args(["--port", &self.port()])
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn()
            .with_context(|| format!("cannot run {}", self.tool.display()))?;
        let output = thread::spawn(move || {
            let mut output = String::new();
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                println!("    {line}");
                output += &line;
                output.push('\n');
            }
            output
        });
        Ok(Running { command, child, output })
    }
}

impl Running {
    /// Waits for the end.
    pub fn end(mut self) -> Result<Run> {
        let status = self.child.wait()?.code();
        let output = self.output.join().unwrap_or_default();
        Ok(Run { command: self.command, output, status })
    }

    /// Ends it, as Ctrl-C would.
    pub fn stop(mut self) -> Result<()> {
        self.child.kill()?;
        self.end().map(drop)
    }
}

impl Run {
    /// Checks that it succeeded.
    pub fn succeeds(self) -> Result<Self> {
        ensure!(self.status == Some(0), "`{}` failed", self.command);
        Ok(self)
    }

    /// Checks that it failed, and not because of wrong arguments.
    pub fn fails(self) -> Result<Self> {
        ensure!(self.status == Some(1), "`{}` ended with {:?}, not with 1", self.command, self.status);
        Ok(self)
    }

    /// Checks that its output holds this text.
    pub fn says(self, text: &str) -> Result<Self> {
        ensure!(self.output.contains(text), "`{}` did not say \"{text}\"", self.command);
        Ok(self)
    }
}
