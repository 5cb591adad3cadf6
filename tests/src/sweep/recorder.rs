//! A whole update of a real device, as the stream of its flash operations.
//!
//! The board stops before each one, at the entry of the driver's two functions, in whichever of the three programs
//! runs: bootloader, firmware in slot A, the same firmware rebased to slot B. What is in the registers there is the
//! operation. The stream is not assumed to be exact: the board's flash is compared with the first flash after the
//! stream's operations, at every erase, now and then, and at the end.

use super::operation::Operation;
use crate::bench::connect;
use crate::emulator::{Emulated, Microbit};
use crate::product::{self, MICROBIT};
use anyhow::{Context, Result, bail, ensure};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::push::{self, Options, PushOutcome, Pushed};
use lifeboot_core::Slot;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Bytes that an erase clears (nRF51 Series Reference Manual 3.0, 6.1).
const PAGE: u32 = 1024;

/// Operations between two comparisons.
const COMPARED_EVERY: usize = 512;

/// How long the board runs between two checks whether the push has ended.
const TURN: Duration = Duration::from_millis(200);

/// Pushes `image` to a board with this flash; returns what was done to its flash from the first instruction on, until
/// the image was confirmed, and the host's result of the push.
pub fn record(start: &[u8], image: &ImageFile, driver: &Driver) -> Result<(Vec<Operation>, Pushed)> {
    let mut board = Microbit::power_on(start)?;
    // From the first instruction on. Had the bootloader written something already, the first comparison would fail.
    board.pause()?;
    board.reset()?;
    let mut flash = start.to_vec();
    let mut operations = Vec::new();
    let port = board.port();
    let pushed = thread::scope(|scope| {
        let push = scope.spawn(move || -> Result<Pushed> {
            let mut link = connect(&port)?;
            Ok(push::push(&mut link, image, &Options::default(), &mut ())?)
        });
        while !push.is_finished() {
            if board.run_to(&driver.entries(), TURN)?.is_none() {
                continue;
            }
            let operation = driver.operation(&board.registers()?)?;
            if matches!(operation, Operation::Erase { .. }) || operations.len() % COMPARED_EVERY == 0 {
                ensure!(board.flash()? == flash, "flash is not what {} operations make", operations.len());
            }
            operation.apply(&mut flash);
            operations.push(operation);
        }
        push.join().ok().context("the push panicked")?
    })?;
    ensure!(pushed.outcome == PushOutcome::Confirmed, "the push ended with {:?}", pushed.outcome);
    ensure!(board.flash()? == flash, "flash is not what all {} operations make", operations.len());
    Ok((operations, pushed))
}

/// Where the driver's functions are, in each program.
#[derive(Clone, Copy, Debug)]
pub struct Driver {
    erase: [u32; 3],
    write: [u32; 3],
}

impl Driver {
    /// Looks into the programs: this bootloader, and the example firmware.
    pub fn find(bootloader: &Path) -> Result<Self> {
        let firmware = product::firmware(&MICROBIT, Slot::A, &[])?;
        let distance = MICROBIT.board.distance(Slot::A, Slot::B);
        let everywhere = |name| -> Result<[u32; 3]> {
            let in_slot = product::address_of(&firmware, name)?;
            let all = [product::address_of(bootloader, name)?, in_slot, in_slot + distance];
            Ok(all.map(|address| address & !1))
        };
        Ok(Driver { erase: everywhere("lifeboot_flash_erase")?, write: everywhere("lifeboot_flash_write")? })
    }

    /// The first instructions of all of them.
    pub fn entries(&self) -> Vec<u32> {
        [self.erase, self.write].concat()
    }

    /// The operation that a board with these registers is about to make; arguments are in the first ones (Procedure
    /// Call Standard for the Arm Architecture, IHI 0042, 6.4).
    pub fn operation(&self, registers: &[u32; 16]) -> Result<Operation> {
        let [first, second, .., here] = *registers;
        if self.erase.contains(&here) {
            Ok(Operation::Erase { start: first, length: PAGE })
        } else if self.write.contains(&here) {
            Ok(Operation::Write { start: first, length: 4, value: second })
        } else {
            bail!("the board stopped at {here:#010x}, not at its flash driver")
        }
    }
}
