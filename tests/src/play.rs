//! The environment variables for trying `lifeboot` on an emulated board.

use crate::bench::Bench;
use crate::emulator::Emulated;
use crate::product;
use anyhow::Result;
use lifeboot_core::Slot;

/// The environment in which `lifeboot` finds a board and makes images that it accepts: of the demo's key, of no lower
/// epoch.
///
/// # Errors
/// The board does not answer, or its firmware does not build.
pub fn environment<B: Emulated>(bench: &Bench<B>) -> Result<[(&'static str, String); 4]> {
    let key = product::output()?.join("keys/demo.pem");
    let firmware = product::firmware(&B::TARGET, Slot::A, &[])?;
    Ok([
        ("LIFEBOOT_PORT", bench.board.port()),
        ("LIFEBOOT_KEY", key.display().to_string()),
        ("LIFEBOOT_EPOCH", bench.status()?.epoch_floor.to_string()),
        ("LIFEBOOT_FIRMWARE", firmware.display().to_string()),
    ])
}
