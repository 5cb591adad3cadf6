//! What a gateway costs with a thousand devices: requests to its fleet server, downloads, memory. Measured in a process of its own
//! (`src/load/`), as memory is a whole process's.

use super::{Figure, Unit};
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;

/// What is counted while an image comes to devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Bytes on the gateway's heap once each device has confirmed.
    pub heap: usize,
    /// Requests to the server.
    pub requests: usize,
    /// Those that only asked whether there is something to do.
    pub polls: usize,
    /// Those that downloaded the image.
    pub downloads: usize,
}

/// What runs instead of a board.
const WHERE: &str = "gateway";

/// The names of the figures.
pub const DOWNLOADS: &str = "downloads of an image for 1,000 devices";
/// As above.
pub const UPDATE: &str = "an update: a device's further requests to the fleet server";
/// As above.
pub const HEAP: &str = "heap for each of 1,000 devices";

/// Measures with the program of `src/load/`.
///
/// # Errors
/// If that fails.
pub fn figures(load: &Path) -> Result<Vec<Figure>> {
    let (half, whole) = (counts(load, 500)?, counts(load, 1000)?);
    let update = whole.requests - whole.polls - whole.downloads;
    ensure!(update.is_multiple_of(1000), "{update} requests for 1,000 devices");
    let heap = (whole.heap - half.heap) / 500;
    Ok(vec![
        Figure::new(DOWNLOADS, WHERE, Unit::Requests, whole.downloads as u64).held_to(1),
        Figure::new(UPDATE, WHERE, Unit::Requests, update as u64 / 1000).held_to(3),
        Figure::new(HEAP, WHERE, Unit::Bytes, heap as u64).held_to(4 << 10),
    ])
}

fn counts(load: &Path, devices: usize) -> Result<Counts> {
    let output = Command::new(load).args(["--counts", &devices.to_string()]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}
