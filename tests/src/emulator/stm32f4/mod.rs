//! A board with an STM32F4 in rsemu, a library: nothing has to be installed. It models the flash controller (keys, errors, busy
//! times, programming that only clears bits), its independent watchdog resets it, and RCC says why it was reset. Sectors, banks,
//! memory, ports and pins are those of the board's file.
//!
//! | module | does |
//! | --- | --- |
//! | `machine` | the board, in rsemu's language: `chip.machine` with what differs between boards |
//! | `pins` | the recovery pin, and the pins of the serial line |
//! | `banks` | two banks of flash, where rsemu knows one |
//! | `bridge` | lets the USART and the watchdog take half-words and bytes, as on the chip |
//! | `chip` | the machine, its resets, its memory, in virtual time |
//! | `core` | runs the core, and corrects where rsemu differs from the chip |
//! | `flash` | sees every flash operation, and can cut the power before it |
//! | `polls` | lets a core sleep that polls the USART without result |
//! | `request` | the USART's request to DMA, which rsemu lacks |
//! | `silence` | the USART's IDLE, which rsemu lacks |
//! | `usart` | the USART's registers, for those three |
//! | `stepping` | one instruction at a time, and what the chip was before it |
//! | `line` | a host at the serial line, in virtual time |
//! | `paced` | the same, with the line's own speed, and bytes that are lost |
//!
//! What a test has to know of it:
//! - The baud rate is ignored: the host's bytes come at up to one in 20 µs, the guest's leave as it sends them.
//! - SysTick does not count while the core waits for flash.
//! - A wait for flash begins up to an instruction late, and ends at a multiple of 20 µs.
//! - The chip's lines differ in sectors, memory, ports and the register of the voltage scale; all else is the F405's.
//! - At the TCP port, a line is connected while its pin has the port's function. In virtual time it always is.

mod banks;
mod bridge;
pub mod chip;
mod core;
mod flash;
pub mod line;
mod machine;
pub mod paced;
mod pins;
mod polls;
mod request;
mod silence;
pub mod stepping;
mod usart;

use self::chip::{Chip, Settings};
use super::Emulated;
use crate::product::{STM32F405, Target};
use anyhow::{Context, Result};
use lifeboot_board::BoardDescription;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// GPIOD's output register (RM0090, 8.4.6), and the example firmware's LED in it.
const GPIOD_ODR: u64 = 0x4002_0C14;
const LED: u32 = 1 << 12;

/// Virtual time between two looks at the socket.
const TURN: Duration = Duration::from_millis(1);

/// Virtual time does not pass faster than so many times the time of this machine: a host's waits must not
/// become long silences.
const HASTE: u32 = 3;

/// A chip that runs in a thread of its own, its USART at a TCP port.
pub struct Stm32f4 {
    board: BoardDescription,
    chip: Arc<Mutex<Chip>>,
    /// Threads that wait for the chip: without this count its own thread would take the lock again and again.
    wanted: Arc<AtomicUsize>,
    port: String,
    off: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Stm32f4 {
    fn chip(&self) -> MutexGuard<'_, Chip> {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        let chip = self.chip.lock().unwrap_or_else(PoisonError::into_inner);
        self.wanted.fetch_sub(1, Ordering::Relaxed);
        chip
    }

    /// Powers a board on with these settings of its chip.
    pub fn power_on_with(board: &BoardDescription, flash: &[u8], settings: &Settings) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port for the emulated USART")?;
        listener.set_nonblocking(true)?;
        let port = format!("tcp:{}", listener.local_addr()?);
        let chip = Arc::new(Mutex::new(Chip::power_on_as(board, flash, settings)?));
        let (off, wanted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let thread = thread::spawn({
            let (chip, wanted, off) = (chip.clone(), wanted.clone(), off.clone());
            move || run(&chip, &wanted, &off, &listener)
        });
        Ok(Stm32f4 { board: board.clone(), chip, wanted, port, off, thread: Some(thread) })
    }

    fn switch_off(&mut self) -> Result<()> {
        self.off.store(true, Ordering::Relaxed);
        self.thread.take().map_or(Ok(()), |thread| thread.join().ok().context("the chip's thread panicked")?)
    }
}

impl Emulated for Stm32f4 {
    const TARGET: Target = STM32F405;
    const NAME: &str = "STM32F405 in rsemu";
    const NOT_SHOWN: &str = "that erasing a slot's sector takes 1 to 4 s, here 20 ms, and the line's own speed";

    fn set_up() -> Result<()> {
        Ok(())
    }

    fn power_on_as(board: &BoardDescription, flash: &[u8]) -> Result<Self> {
        Self::power_on_with(board, flash, &Settings::default())
    }

    fn board(&self) -> &BoardDescription {
        &self.board
    }

    fn port(&self) -> String {
        self.port.clone()
    }

    fn read_memory(&mut self, address: u32, length: usize) -> Result<Vec<u8>> {
        self.chip().read_memory(address, length)
    }

    fn led(&mut self) -> Result<bool> {
        Ok(self.chip().read_word(GPIOD_ODR)? & LED != 0)
    }

    fn reset_by_pin(&mut self, asks_for_recovery: bool) -> Result<()> {
        let mut chip = self.chip();
        chip.hold_recovery_pin(asks_for_recovery);
        chip.reset(chip::Reset::Pin);
        Ok(())
    }

    fn release_recovery_pin(&mut self) -> Result<()> {
        self.chip().hold_recovery_pin(false);
        Ok(())
    }

    fn power_cut(mut self) -> Result<Vec<u8>> {
        self.switch_off()?;
        Ok(self.chip().flash())
    }
}

impl Drop for Stm32f4 {
    fn drop(&mut self) {
        // The error is returned when the power is cut.
        let _ = self.switch_off();
    }
}

/// What the chip's thread does.
fn run(chip: &Mutex<Chip>, wanted: &AtomicUsize, off: &AtomicBool, listener: &TcpListener) -> Result<()> {
    let (begin, mut turns) = (Instant::now(), 0);
    let mut host = None;
    while !off.load(Ordering::Relaxed) {
        if host.is_none() {
            host = listener.accept().ok().map(|(stream, _)| stream);
            if let Some(stream) = &host {
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
            }
        }
        while wanted.load(Ordering::Relaxed) > 0 {
            thread::yield_now();
        }
        {
            let mut chip = chip.lock().unwrap_or_else(PoisonError::into_inner);
            chip.run_for(TURN)?;
            // What the guest sends while no client is connected is lost, or by another pin.
            let mut sent = chip.line().drain();
            if !chip.connected()?.0 {
                sent.clear();
            }
            if host.as_mut().is_some_and(|stream| exchange(stream, &chip, &sent).is_err()) {
                host = None;
            }
        }
        turns += 1;
        thread::sleep((TURN * turns / HASTE).saturating_sub(begin.elapsed()));
    }
    Ok(())
}

/// Moves bytes between the socket and the USART. Returns an error if the host has gone.
fn exchange(host: &mut TcpStream, chip: &Chip, sent: &[u8]) -> std::io::Result<()> {
    host.write_all(sent)?;
    let mut bytes = [0; 4096];
    match host.read(&mut bytes) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(length) => {
            if chip.connected().is_ok_and(|(_, receives)| receives) {
                chip.line().feed(&bytes[..length]);
            }
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
    }
}
