//! A board with the micro:bit's chip (nRF51822: Cortex-M0, 256 KiB of flash at 0, 16 KiB of RAM at 0x2000_0000) in QEMU, with what
//! a bench has: power, reset pin, debug probe, recovery pin and serial cable. QEMU models the flash controller for real: erasing by pages,
//! programming that only clears bits, and code that runs from what was written.
//!
//! Invariant: flash changes only by the guest and by [`Microbit::write_memory`]. A reset keeps it; a
//! [`Emulated::power_cut`] hands it over, and nothing else of the board outlives that. Therefore nothing is loaded by
//! `-kernel` or a loader device, which QEMU writes again at every reset: all of it goes through the gdb stub.
//!
//! What a test has to know of the model (QEMU 7.2 to 10):
//! - The UART receives nothing after a reset until something wakes QEMU's main loop. The guest must run a TIMER, 1 ms
//!   is enough, without interrupt. Commands of this board wake it too, so a test that sends them can hide a guest
//!   without.
//! - Bytes on their way at a reset are lost if they were in the receiver, and reach the next boot if they were still in
//!   the socket: connect again at each reset.
//! - The UART is connected whatever its pins: PSELTXD and PSELRXD are dropped until it is enabled, so they cannot be read either.
//! - UICR is lost at a reset and RESETREAS always reads 1; RTC0 does not count; there is no watchdog.
//! - A fault in the fault handler locks a real CPU up. QEMU aborts instead: the next command fails and says so, be it
//!   [`Emulated::power_on`] itself, and the flash is lost.
//! - Watchpoints on flash or on its controller never return; so the board offers none.
//!
//! The board goes off when it is dropped, when this process dies, and when the **thread** that powered it on ends:
//! power on in a thread that lives as long as the board is needed.

mod gdb;
mod process;
mod qmp;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use lifeboot_board::BoardDescription;
use lifeboot_board::pin::Level;
use serde_json::{Value, json};

use super::Emulated;
use crate::product::{self, Target};
use crate::setup;
use gdb::Gdb;
use process::Process;
use qmp::Qmp;

/// The chip of QEMU's micro:bit; it emulates no other one.
const CHIP: &str = "nRF51822_xxAA";

/// How long a reset may take before QEMU counts as stuck; it takes a millisecond as a rule.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// GPIO's OUT register (nRF51 Series Reference Manual 3.0, 15.2), and the example firmware's LED in it.
const GPIO_OUT: u32 = 0x5000_0504;
const LED: u32 = 1 << 4;

/// How long to let the guest run before an address counts as unreachable: more than 10^10 instructions.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(300);

/// A board that is powered on.
pub struct Microbit {
    board: BoardDescription,
    process: Process,
    qmp: Qmp,
    gdb: Gdb,
    port: String,
    counting: bool,
    running: bool,
    /// Where `run_to` left the CPU: that arrival is reported and the next one is wanted.
    reported: Option<u32>,
}

impl Microbit {
    /// Powers a board on with counted instructions, in a virtual time that only they advance (64 ns each, about a cycle
    /// of the 16 MHz clock). Without serial input, any two runs of the same flash are the same. About a fifth as fast.
    pub fn power_on_counting(flash: &[u8]) -> Result<Self> {
        let mut board = Self::power_on_held(flash)?;
        board.resume()?;
        Ok(board)
    }

    /// As [`power_on_counting`](Self::power_on_counting), and the core is held until it is resumed.
    pub fn power_on_held(flash: &[u8]) -> Result<Self> {
        Self::start(&Self::TARGET.description()?, flash, true)
    }

    fn start(board: &BoardDescription, flash: &[u8], counting: bool) -> Result<Self> {
        ensure!(board.chip.name == CHIP, "QEMU emulates the {CHIP}, not the {}", board.chip.name);
        let length = board.chip.flash.sectors.length() as usize;
        ensure!(flash.len() <= length, "{} bytes do not fit into the board's {length} bytes of flash", flash.len());
        let (process, control, probe) = Process::start(counting)?;
        let mut board = Self {
            board: board.clone(),
            process,
            qmp: Qmp::new(control),
            gdb: Gdb::new(probe)?,
            port: String::new(),
            counting,
            running: false,
            reported: None,
        };
        board.qmp(|qmp| qmp.open())?;
        let devices = board.execute("query-chardev", json!({}))?;
        board.port =
            uart_address(&devices).ok_or_else(|| anyhow!("QEMU does not name the port of its UART: {devices}"))?;
        // Unwritten flash reads as zero in QEMU, not as erased.
        let mut whole = flash.to_vec();
        whole.resize(length, 0xFF);
        board.gdb(|gdb| gdb.write_memory(0, &whole))?;
        // The CPU took its vectors before there were any.
        board.reset()?;
        Ok(board)
    }

    /// Pulls the reset pin. Flash and RAM stay, peripherals start anew; a paused board stays paused.
    pub fn reset(&mut self) -> Result<()> {
        self.reported = None;
        self.qmp.forget_events();
        self.execute("system_reset", json!({}))?;
        // The command only asks for it. A reset by the guest itself may come between.
        let by_host = |data: &Value| data["guest"] == false;
        let done = self.qmp(|qmp| qmp.wait_for("RESET", by_host, Instant::now() + STUCK_AFTER))?;
        ensure!(done, "QEMU did not reset the board in {STUCK_AFTER:?}");
        Ok(())
    }

    /// Drives a pin from outside until the next reset, which QEMU makes forget it. By its protocol for tests, which is
    /// there beside an ordinary guest as well.
    fn drive(&mut self, pin: u32, high: bool) -> Result<()> {
        let mut stream =
            UnixStream::connect(self.process.file(process::PINS)).context("QEMU does not offer its pins")?;
        stream.set_read_timeout(Some(STUCK_AFTER))?;
        writeln!(stream, "set_irq_in /machine/nrf51 unnamed-gpio-in {pin} {}", u32::from(high))?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        ensure!(answer.trim_end() == "OK", "QEMU does not drive pin {pin}: {answer}");
        Ok(())
    }

    /// Drives the recovery pin, until the next reset: to the level at which it is held, or to the other one.
    fn drive_recovery_pin(&mut self, held: bool) -> Result<()> {
        let recovery = self.board.recovery.as_ref().context("the board has no recovery pin")?;
        let (pin, pressed) = (recovery.pin.number, recovery.pressed == Level::High);
        self.drive(pin, pressed == held)
    }

    /// Stops the CPU, and virtual time with it.
    pub fn pause(&mut self) -> Result<()> {
        if self.running {
            self.execute("stop", json!({}))?;
            self.running = false;
            self.gdb(Gdb::drain)?;
        }
        Ok(())
    }

    /// Continues from where the CPU was stopped.
    pub fn resume(&mut self) -> Result<()> {
        if !self.running {
            self.reported = None;
            self.qmp.forget_events();
            self.execute("cont", json!({}))?;
            self.running = true;
        }
        Ok(())
    }

    /// Reads an aligned word, also a register of a peripheral, with the side effects that reading it has.
    pub fn read_word(&mut self, address: u32) -> Result<u32> {
        let text = self.qmp(|qmp| qmp.monitor(&format!("xp /1wx {address:#x}")))?;
        let digits = text.rsplit_once(": 0x").map(|(_, digits)| digits.trim_end());
        digits
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| anyhow!("cannot read the word at {address:#010x}: {text}"))
    }

    /// Writes RAM, or flash without erasing, as a debug probe does. A running guest is paused meanwhile. Peripherals
    /// cannot be written.
    pub fn write_memory(&mut self, address: u32, bytes: &[u8]) -> Result<()> {
        let running = self.running;
        self.pause()?;
        self.gdb(|gdb| gdb.write_memory(address, bytes))?;
        if running {
            self.resume()?;
        }
        Ok(())
    }

    /// Runs until the CPU is about to execute one of these code addresses, and returns it; `None` if the time is
    /// over. The CPU is stopped then in either case. Each arrival is reported once: the next call goes on from it.
    ///
    /// What leads there, a byte on the serial line say, must be sent while the board is paused: a running guest may be
    /// past the address before the breakpoint is set. Addresses may carry the Thumb bit, as functions do in an ELF
    /// file.
    pub fn run_to(&mut self, addresses: &[u32], timeout: Duration) -> Result<Option<u32>> {
        let deadline = Instant::now() + timeout;
        self.pause()?;
        let mut here = self.program_counter()?;
        // A breakpoint here would be met again at once. QEMU now and then stops again without having made the step.
        while self.reported == Some(here) {
            if !self.run_until_stop(deadline, |board| board.gdb(Gdb::step))? {
                return Ok(None);
            }
            here = self.program_counter()?;
        }
        self.reported = None;
        let mut breakpoints: Vec<u32> = addresses.iter().map(|address| address & !1).collect();
        breakpoints.sort_unstable();
        breakpoints.dedup();
        for &breakpoint in &breakpoints {
            self.gdb(|gdb| gdb.set_breakpoint(breakpoint))?;
        }
        let stopped = self.run_until_stop(deadline, |board| board.execute("cont", json!({})).map(drop))?;
        // All breakpoints are removed, so that they do not stop a later run.
        for &breakpoint in &breakpoints {
            self.gdb(|gdb| gdb.clear_breakpoint(breakpoint))?;
        }
        if !stopped {
            // Not even if the CPU is at such an address by chance: it may sleep there, or the next call reports
            // it.
            return Ok(None);
        }
        let here = self.program_counter()?;
        self.reported = Some(here);
        let reached = addresses.iter().find(|&&address| address & !1 == here);
        reached.copied().map(Some).ok_or_else(|| anyhow!("the CPU stopped at {here:#010x} without a breakpoint there"))
    }

    /// The address of the next instruction. A running guest is paused.
    pub fn program_counter(&mut self) -> Result<u32> {
        Ok(self.registers()?[15])
    }

    /// R0 to R15, the last being the address of the next instruction. A running guest is paused.
    pub fn registers(&mut self) -> Result<[u32; 16]> {
        self.pause()?;
        self.gdb(Gdb::registers)
    }

    /// Resets the board, runs it to the first execution of `address`, and returns the number of instructions retired
    /// before that. Exact, those of interrupt handlers included. The CPU is stopped afterwards. Some 100 million a
    /// second where the code is in the KiB around `address`, else 400.
    ///
    /// Only after [`Microbit::power_on_counting`].
    pub fn instructions_to(&mut self, address: u32) -> Result<u64> {
        self.pause()?;
        self.reset()?;
        let before = self.instructions()?;
        let reached = self.run_to(&[address], UNREACHABLE_AFTER)?;
        ensure!(reached.is_some(), "the guest did not reach {address:#010x} in {UNREACHABLE_AFTER:?}");
        Ok(self.instructions()? - before)
    }

    /// Instructions retired since power-on, resets notwithstanding: the difference of two stops is exact.
    ///
    /// Only after [`Microbit::power_on_counting`].
    pub fn instructions(&mut self) -> Result<u64> {
        ensure!(self.counting, "this board does not count: start it with `Microbit::power_on_counting`");
        self.pause()?;
        // It is the replay's clock, but `-icount` alone drives it.
        let replay = self.execute("query-replay", json!({}))?;
        replay["icount"].as_u64().ok_or_else(|| anyhow!("QEMU does not tell its instruction count: {replay}"))
    }

    /// Records accesses of registers that QEMU does not model, from now on.
    pub fn note_what_is_not_modelled(&mut self) -> Result<()> {
        self.execute("human-monitor-command", json!({ "command-line": "log unimp" })).map(drop)
    }

    /// Returns the recorded accesses, in QEMU's words.
    pub fn notes(&self) -> Result<String> {
        Ok(fs::read_to_string(self.process.file("stderr"))?)
    }

    /// Starts the CPU by `start` and waits until it stops: true if it did so by itself, false at the deadline.
    fn run_until_stop(&mut self, deadline: Instant, start: impl FnOnce(&mut Self) -> Result<()>) -> Result<bool> {
        self.qmp.forget_events();
        start(self)?;
        self.running = true;
        let stopped = self.qmp(|qmp| qmp.wait_for("STOP", |_| true, deadline))?;
        if stopped {
            self.running = false;
            self.gdb(Gdb::drain)?;
        } else {
            self.pause()?;
        }
        Ok(stopped)
    }

    fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        self.qmp(|qmp| qmp.execute(command, arguments))
    }

    fn qmp<T>(&mut self, ask: impl FnOnce(&mut Qmp) -> Result<T>) -> Result<T> {
        let outcome = ask(&mut self.qmp);
        outcome.map_err(|error| self.process.explain(error))
    }

    fn gdb<T>(&mut self, ask: impl FnOnce(&mut Gdb) -> Result<T>) -> Result<T> {
        let outcome = ask(&mut self.gdb);
        outcome.map_err(|error| self.process.explain(error))
    }
}

impl Emulated for Microbit {
    const TARGET: Target = product::MICROBIT;
    const NAME: &str = "micro:bit (nRF51822) in QEMU";
    const NOT_SHOWN: &str = "the chip's watchdog, for which a timer stands in; how long erasing takes";

    fn set_up() -> Result<()> {
        setup::qemu().map(drop)
    }

    fn power_on_as(board: &BoardDescription, flash: &[u8]) -> Result<Self> {
        let mut board = Self::start(board, flash, false)?;
        board.resume()?;
        Ok(board)
    }

    fn board(&self) -> &BoardDescription {
        &self.board
    }

    fn port(&self) -> String {
        self.port.clone()
    }

    /// Also while the guest runs; flash is one consistent state even then.
    fn read_memory(&mut self, address: u32, length: usize) -> Result<Vec<u8>> {
        let file = self.process.file("memory");
        // Not `pmemsave`: the flash is in the CPU's address space, and the system's reads as zero there.
        let arguments = json!({ "val": address, "size": length, "filename": &file, "cpu-index": 0 });
        self.execute("memsave", arguments)?;
        let bytes = fs::read(&file).context("cannot read the memory that QEMU saved")?;
        ensure!(bytes.len() == length, "QEMU saved {} bytes of {length} from {address:#010x}", bytes.len());
        Ok(bytes)
    }

    fn led(&mut self) -> Result<bool> {
        Ok(self.read_word(GPIO_OUT)? & LED != 0)
    }

    fn reset_by_pin(&mut self, asks_for_recovery: bool) -> Result<()> {
        self.pause()?;
        self.reset()?;
        if asks_for_recovery {
            self.drive_recovery_pin(true)?;
        }
        self.resume()
    }

    fn release_recovery_pin(&mut self) -> Result<()> {
        self.drive_recovery_pin(false)
    }

    /// Between two instructions.
    fn power_cut(mut self) -> Result<Vec<u8>> {
        self.pause()?;
        self.flash()
    }
}

/// From QEMU's list of devices, where the name of one that waits for a client looks like
/// `disconnected:tcp:127.0.0.1:42917,server=on`.
fn uart_address(devices: &Value) -> Option<String> {
    let uart = devices.as_array()?.iter().find(|device| device["label"] == "uart")?;
    let (_, address) = uart["filename"].as_str()?.split_once("tcp:")?;
    let (address, _) = address.split_once(',')?;
    Some(format!("tcp:{address}"))
}
