//! `cargo demo --fleet`: one rollout to three boards of different kinds.

use anyhow::{Result, ensure};
use lifeboot_tests::emulator::{Emulated, Microbit, Pico, Stm32f4};
use lifeboot_tests::fleet::{Fleet, Said};
use lifeboot_tests::{product, setup};
use lifeboot_wire::Slot;
use std::fs;
use std::path::Path;

/// Shows a canary that stops a rollout, and one that lets it through.
pub fn play() -> Result<()> {
    println!("Setting up: three emulators, host tool, bootloaders, firmware (some minutes at first)");
    for triple in [Microbit::TARGET.triple, Stm32f4::TARGET.triple] {
        setup::rust_target(triple)?;
    }
    Microbit::set_up()?;
    Stm32f4::set_up()?;
    Pico::set_up()?;
    let folder = product::output()?.join("demo-fleet");
    // Rollouts of an earlier demo.
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let fleet = Fleet::start(&folder, true)?;
    println!("  a micro:bit, an STM32F405 and a Pico run firmware 1.0.0; the micro:bit is the canary\n");
    println!("{}", indented(&fs::read_to_string(folder.join("fleet.toml"))?));

    println!("1. a plan: every device is asked, and nothing is touched");
    let bad = fleet.images(2, &["fail-self-test"])?;
    succeeds(&lifeboot(&fleet, "plan", &bad)?, "nothing was touched")?;

    println!("\n2. 2.0.0 fails its self-test on the canary: the rollout stops, and nobody else is touched");
    let stopped = lifeboot(&fleet, "start", &bad)?;
    ensure!(stopped.status == Some(1) && stopped.text.contains("stopped: too many devices failed"), "it did not stop");
    fleet.run(Slot::A, 1)?;
    succeeds(&lifeboot(&fleet, "abort", &[])?, "aborted")?;

    println!("\n3. 3.0.0 confirms on the canary, and then on the others");
    succeeds(&lifeboot(&fleet, "start", &fleet.images(3, &[])?)?, "done: each device runs the image")?;
    fleet.run(Slot::B, 3)?;

    println!("\n4. what became of them");
    succeeds(&lifeboot(&fleet, "list", &[])?, "3 confirmed")?;
    println!("\nEvery step went as described.");
    Ok(())
}

/// Runs `lifeboot rollout`, and shows it.
fn lifeboot(fleet: &Fleet, command: &str, images: &[String]) -> Result<Said> {
    let short =
        |image: &String| Path::new(image).file_name().map(|name| format!(" {}", name.display())).unwrap_or_default();
    println!("  $ lifeboot rollout {command}{}", images.iter().map(short).collect::<String>());
    let arguments: Vec<&str> = std::iter::once(command).chain(images.iter().map(String::as_str)).collect();
    let said = fleet.rollout(&arguments)?;
    println!("{}", indented(&said.text));
    Ok(said)
}

fn succeeds(said: &Said, text: &str) -> Result<()> {
    ensure!(said.status == Some(0) && said.text.contains(text), "it ended with {:?}, without \"{text}\"", said.status);
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
