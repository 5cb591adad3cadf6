//! `cargo demo`: Lifeboot's main job on an emulated board, from nothing. Each step shows the commands that a user would
//! type and what they print, and checks that the device did what the step says; the first that differs ends the demo
//! with exit status 1.

mod board;
mod fleet;
mod steps;

use anyhow::{Context, Result};
use board::DemoBoard;
use clap::{Parser, ValueEnum};
use lifeboot_tests::emulator::{Emulated, Microbit, Pico, Stm32f4};
use lifeboot_tests::{bench, play, product, setup};
use std::io::{self, BufRead, Write};

/// Shows an emulated board being updated, and refusing what it must refuse.
#[derive(Parser)]
struct Arguments {
    /// The board
    #[arg(long, value_enum, default_value_t = Board::Microbit)]
    board: Board,
    /// Three boards of different kinds, and one rollout to all of them
    #[arg(long, conflicts_with_all = ["board", "keep"])]
    fleet: bool,
    /// Leave the board running at the end, and print what to export for it, to play with `lifeboot`
    #[arg(long)]
    keep: bool,
}

/// The boards that there is an emulator for.
#[derive(Clone, Copy, ValueEnum)]
enum Board {
    /// BBC micro:bit v1 (nRF51822, Cortex-M0), in QEMU
    Microbit,
    /// Raspberry Pi Pico (RP2040, Cortex-M0+), in rp2040py
    #[value(alias("pico"))]
    Rp2040,
    /// STM32F405 (Cortex-M4), in rsemu
    Stm32f4,
}

/// Plays one step, and fails if the device does not do what the title says.
type Step<B> = fn(&mut DemoBoard<B>) -> Result<()>;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.fleet {
        return fleet::play();
    }
    match arguments.board {
        Board::Microbit => play::<Microbit>(arguments.keep),
        Board::Rp2040 => play::<Pico>(arguments.keep),
        Board::Stm32f4 => play::<Stm32f4>(arguments.keep),
    }
}

fn play<B: Emulated>(keep_running: bool) -> Result<()> {
    println!(
        "Setting up: Rust target {}, emulator, host tool, bootloader, firmware (a few minutes at first)",
        B::TARGET.triple
    );
    setup::rust_target(B::TARGET.triple)?;
    B::set_up()?;
    let tool = product::host_tool()?;
    let bootloader = bench::bootloader(&B::TARGET)?;
    let size = product::flash_size(&bootloader)?;
    println!("  the bootloader takes {size} bytes of flash, with a throw-away key made for this demo");

    let mut demo = DemoBoard::<B>::new(tool, &bench::image(&B::TARGET, &[], bench::version(1), 1)?)?;
    println!("  a {} runs firmware 1.0.0 at {}", B::NAME, demo.port());
    println!("  not shown by this emulator: {}", B::NOT_SHOWN);
    demo.lifeboot(&["status"])?.succeeds()?;

    let steps: [(&str, Step<B>); 7] = [
        ("2.0.0 is pushed while the firmware goes on blinking", steps::update),
        ("a firmware that hangs comes back by itself", steps::hang),
        ("a firmware that never confirms comes back by itself", steps::never_confirms),
        ("images that must not run are refused before anything is erased", steps::refusals),
        ("the power fails in the middle of a push, which is then resumed", steps::power_cut),
        ("a rollback on request", steps::rollback),
        ("both slots are destroyed; the bootloader, in recovery mode, takes a push", steps::recovery),
    ];
    for (number, (title, step)) in (1..).zip(steps) {
        println!("\n{number}. {title}");
        step(&mut demo).with_context(|| format!("step {number} ({title}) differs"))?;
    }
    println!("\nEvery step went as described.");
    if keep_running {
        keep(&mut demo)?;
    }
    Ok(())
}

/// Waits until the person at the keyboard has played enough. The board goes when this process does.
fn keep<B: Emulated>(demo: &mut DemoBoard<B>) -> Result<()> {
    let folder = product::output()?;
    println!("\nThe board is running. In another terminal:");
    for (name, value) in play::environment(demo.bench()?)? {
        println!("  export {name}={value}");
    }
    println!("  {} status", demo.tool().display());
    println!("  {} push {}", demo.tool().display(), folder.join("demo-2.1.0.img").display());
    print!("Enter, or end of input, switches it off. ");
    io::stdout().flush()?;
    io::stdin().lock().read_line(&mut String::new())?;
    Ok(())
}
