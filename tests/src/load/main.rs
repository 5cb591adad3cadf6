//! `cargo run --release --package lifeboot-tests --bin load`: a gateway with a thousand simulated devices and a fleet server that
//! only answers, at this machine's ports. It shows how many polls a second go through the gateway, beside what its HTTP client does
//! alone in the same run, and the memory that it takes: both depend on the machine.
//!
//! `--counts DEVICES` is for `cargo costs`: it brings one update to so many devices and prints, in JSON, what is the same on each
//! machine.

mod bench;
mod server;

use anyhow::{Context, Result, ensure};
use bench::Bench;
use cap::Cap;
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::Gateway;
use lifeboot_gateway::settings::Settings;
use lifeboot_gateway::stop::Stop;
use lifeboot_tests::costs::gateway::Counts;
use server::Server;
use std::alloc::System;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// Counts what is allocated.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Devices of the gateway.
const DEVICES: usize = 1000;
/// How long each load lasts.
const LOAD: Duration = Duration::from_secs(10);
/// For how long nothing must happen until all is done.
const IDLE_GAP: Duration = Duration::from_millis(500);
/// A time that no measurement lasts.
const NEVER: Duration = Duration::from_secs(86_400);

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--counts", devices] => println!("{}", serde_json::to_string(&counts(devices.parse()?)?)?),
        [] => load()?,
        _ => anyhow::bail!("usage: load [--counts DEVICES]"),
    }
    Ok(())
}

/// Brings an update to devices, and counts.
fn counts(devices: usize) -> Result<Counts> {
    let folder = tempfile::tempdir()?;
    let image = bench::image()?;
    let server = Server::start(Some((bench::names(devices), image.to_bytes())))?;
    let bench = Bench::new(devices);
    let settings = Settings { poll: (NEVER, NEVER), polls: 64, parallel: 64, ..settings(&server, folder.path())? };
    let before = HEAP.allocated();
    let gateway = Gateway::open(settings, Tokens::default(), &bench)?;
    with(&gateway, || {
        wait(|| server.closed() == devices)?;
        // What is in flight ends.
        let (mut requests, mut since) = (server.requests(), Instant::now());
        wait(|| {
            if server.requests() != requests {
                (requests, since) = (server.requests(), Instant::now());
            }
            since.elapsed() > IDLE_GAP
        })?;
        ensure!(bench.confirmed() == devices, "{} of {devices} have confirmed", bench.confirmed());
        let heap = HEAP.allocated().saturating_sub(before);
        Ok(Counts { heap, requests, polls: server.polls(), downloads: server.downloads() })
    })
}

/// Shows what depends on the machine.
fn load() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(None)?;
    let bench = Bench::new(DEVICES);
    let settings = Settings { poll: (Duration::ZERO, Duration::ZERO), ..settings(&server, folder.path())? };
    let clients = settings.polls;
    let gateway = Gateway::open(settings, Tokens::default(), &bench)?;
    let (polls, memory) = with(&gateway, || {
        wait(|| server.polls() >= DEVICES)?;
        let (polls, began) = (server.polls(), Instant::now());
        thread::sleep(LOAD);
        let polls = (server.polls() - polls) as f64 / began.elapsed().as_secs_f64();
        Ok((polls, memory()?))
    })?;
    let peer = peer(&server, clients)?;
    println!("{DEVICES} devices, {clients} polls at a time, server and client on this machine");
    println!(
        "polls a second: {polls:.0}, {:.2} of the same requests by the HTTP client alone ({peer:.0})",
        polls / peer
    );
    println!("resident memory, the server's and the simulated devices' included: {memory}");
    Ok(())
}

/// The requests a second of the HTTP client alone.
fn peer(server: &Server, clients: usize) -> Result<f64> {
    let (done, began, agent) = (AtomicUsize::new(0), Instant::now(), ureq::Agent::new_with_defaults());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|index| {
                let (url, agent, done) = (server.poll_of(&bench::names(DEVICES)[index]), &agent, &done);
                scope.spawn(move || {
                    while began.elapsed() < LOAD {
                        agent.get(&url).call()?.body_mut().read_to_string()?;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok::<_, ureq::Error>(())
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
    })?;
    Ok(done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}

/// The resident memory of this process, as the system reports it.
fn memory() -> Result<String> {
    let status = fs::read_to_string("/proc/self/status").context("only Linux reports it")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.context("VmRSS is missing")?.trim().to_owned())
}

fn settings(server: &Server, folder: &Path) -> Result<Settings> {
    let text = format!("[gateway]\nserver = \"{}\"\nlisten = \"off\"\nscan = 86400\n", server.url());
    let settings = Settings::parse(&folder.join("fleet.toml"), &text)?;
    Ok(Settings { state: folder.join("state"), cache: folder.join("cache"), ..settings })
}

/// Runs a gateway while `work` lasts.
fn with<T>(gateway: &Gateway, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let stop = Stop::default();
    thread::scope(|scope| {
        let running = scope.spawn(|| gateway.run(&stop));
        let result = work();
        stop.request();
        running.join().expect("no panic")?;
        result
    })
}

fn wait(mut holds: impl FnMut() -> bool) -> Result<()> {
    let began = Instant::now();
    while !holds() {
        ensure!(began.elapsed() < Duration::from_secs(300), "it takes too long");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
