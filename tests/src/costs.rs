//! What Lifeboot costs, in figures that are the same in each run: `cargo costs` measures them and writes `costs.json`
//! and the tables in `README.md` and `docs/evidence.md`, a test measures them again, and a change is seen in review.
//!
//! | module | measures |
//! | --- | --- |
//! | `size` | the bootloader's flash and RAM, its largest symbols |
//! | `added` | what an updater adds to a firmware's flash |
//! | `stack` | stack use, by painting it before |
//! | `boot` | instructions and time from reset to the firmware |
//! | `wear` | what updates and rollbacks do to flash, and what embassy-boot's do |
//! | `push` | pushes over a line: time, bytes, frames, flash |
//! | `stall` | how long the application stalls meanwhile |
//! | `gateway` | what a gateway with a thousand devices asks of its server, and its memory |
//! | `peer` | embassy-boot's real code on the same flash |
//!
//! `kit` is what is measured; `device`, `line` and `flash_time` what it is measured on; `figure`, `table` and `pages`
//! the results. The limit of a figure is written where it is measured, and nowhere else.

pub mod added;
pub mod boot;
pub mod gateway;
pub mod line;
pub mod pages;
pub mod peer;
pub mod push;
pub mod size;
pub mod stack;
pub mod stall;
pub mod table;
pub mod wear;

mod device;
mod figure;
mod flash_time;
mod kit;

pub use device::Device;
pub use figure::{Costs, Figure, Peer, Symbol, Unit};
pub use flash_time::FlashTime;

use crate::product;
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::{self, ScopedJoinHandle};

/// Measures everything, the long measurements in parallel. Each emulated board needs a thread, as it goes off with it. `load` is
/// the program of `src/load/`.
pub fn measure(load: &Path) -> Result<Costs> {
    thread::scope(|scope| {
        let pico = scope.spawn(boot::pico);
        let microbit = scope.spawn(|| Ok((boot::microbit()?, stall::microbit()?, stack::figures()?)));
        let stm32f405 = scope.spawn(|| Ok((boot::stm32f405()?, push::stm32f405()?)));

        let gateway = gateway::figures(load)?;
        let sizes = [size::figures()?, added::figures()?].concat();
        let (symbols, wear) = (size::symbols()?, wear::figures()?);
        let (microbit, turns, stacks) = joined(microbit)?;
        let hash = microbit.hash.context("the micro:bit's hash is not seen")?;
        let computed = push::Computed { signature: turns.signature, longest: turns.longest, hash };
        let (pushes, push_details) = push::microbit(&computed)?;
        let pico_push = push::pico(&computed)?;
        let next_versions = [push::next_versions(&computed)?, push::patches(&computed)?].concat();
        let (stm32f405, emulated_push) = joined(stm32f405)?;
        let pico = joined(pico)?;
        let boots = [microbit.figures, pico.figures, stm32f405.figures].concat();
        let pushes = [turns.figures, pushes, pico_push, emulated_push].concat();
        Ok(Costs {
            figures: [sizes, stacks, boots, pushes, wear, gateway].concat(),
            details: [microbit.details, pico.details, stm32f405.details, push_details, next_versions].concat(),
            symbols,
        })
    })
}

fn joined<T>(measurement: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    measurement.join().map_err(|_| anyhow!("a measurement panicked"))?
}

/// The file of the figures.
pub fn file() -> PathBuf {
    product::root().join("tests/costs.json")
}

/// Reads the figures of that file.
pub fn written() -> Result<Costs> {
    let text = fs::read_to_string(file()).context("no figures are written down")?;
    Ok(serde_json::from_str(&text)?)
}
