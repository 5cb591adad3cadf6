//! The flash of an RP2040 board: a W25Q16JV or a compatible part behind the XIP interface, erased by sectors of 4 KiB,
//! programmed by pages of 256 bytes (W25Q16JV, 8.2). The boot ROM has the functions for it (RP2040 Datasheet, 2.8).
//!
//! Never erased by blocks of 64 KiB, though that is several times as fast: a reset of the chip does not reset its flash,
//! which answers nothing until it is done, after up to 2 s (W25Q16JV, 9.6). The boot ROM tries for 0.5 s to read the second
//! stage, and then waits for a USB host, until the next reset (2.8.1). A sector takes 0.4 s at most.
//!
//! While one of them runs, nothing can be read from flash, code included. So `in_ram` calls them from a copy of
//! itself on the stack, with interrupts disabled. If firmware has started core 1, that must not run from flash
//! meanwhile: it must wait in RAM, or in the boot ROM, where it is after a reset.

use core::arch::naked_asm;
use core::ptr::{with_exposed_provenance, with_exposed_provenance_mut};
use core::sync::atomic::{Ordering, compiler_fence};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// The address at which the core sees the flash (2.2).
const XIP: usize = 0x1000_0000;

/// Where the boot ROM holds the addresses of its table of functions and of the function that looks one up (2.8).
const ROM_TABLE: usize = 0x14;
const ROM_TABLE_LOOKUP: usize = 0x18;

const PAGE: usize = 256;
const SECTOR: u32 = 4 * 1024;
/// Length and command of the erase that the boot ROM uses for what is at least as long (W25Q16JV, 8.1.2): nothing here.
const BLOCK: [u32; 2] = [64 * 1024, 0xD8];

/// Words of the second stage, which is run last: it makes the flash readable at full speed again.
const SECOND_STAGE: usize = 64;
/// Words of the code of `in_ram`.
const ROUTINE: usize = 14;
/// Words of the code of `exchange`.
const EXCHANGE: usize = 11;

/// The command that reads the flash's unique id, and the bytes that pass before it: the command's own and four more (W25Q16JV,
/// 8.1.2).
const READ_UNIQUE_ID: u8 = 0x4B;
const BEFORE_ID: usize = 5;

/// GPIO_QSPI_SS_CTRL (2.19.6.2), and the SSI's registers (4.10.13).
const CHIP_SELECT: u32 = 0x4001_800C;
const SSI: u32 = 0x1800_0000;

/// The flash, of `LENGTH` bytes. Its first `BOOTLOADER` bytes, the bootloader's own part, can be read, but never erased or
/// written. The two are parameters, since constants save the bootloader 300 bytes:
///
/// ```text
/// type Flash = lifeboot_chips::rp2040::Flash<{ BOARD.flash_length }, { BOARD.bootloader.end() }>;
/// ```
pub struct Flash<const LENGTH: u32, const BOOTLOADER: u32>(());

impl<const LENGTH: u32, const BOOTLOADER: u32> Flash<LENGTH, BOOTLOADER> {
    /// Returns the flash.
    ///
    /// There should be one user at a time: while it is written, nothing else may read it.
    #[expect(clippy::new_without_default, reason = "there is nothing default about a chip's flash")]
    pub const fn new() -> Self {
        Flash(())
    }

    /// Reads the id that the flash's vendor has given to this one, from a command that W25Q and most other parts have; `None` if the
    /// part does not know it: then it leaves the line as it is, at one level. The RP2040 itself has no id.
    ///
    /// Takes a tenth of a millisecond in which nothing is read from flash, with interrupts disabled.
    pub fn unique_id(&mut self) -> Option<[u8; 8]> {
        let mut bytes = [0; BEFORE_ID + 8];
        bytes[0] = READ_UNIQUE_ID;
        converse(&mut bytes);
        let id: [u8; 8] = bytes.last_chunk().copied()?;
        (id != [0; 8] && id != [0xff; 8]).then_some(id)
    }
}

impl<const LENGTH: u32, const BOOTLOADER: u32> ErrorType for Flash<LENGTH, BOOTLOADER> {
    type Error = NorFlashErrorKind;
}

impl<const LENGTH: u32, const BOOTLOADER: u32> ReadNorFlash for Flash<LENGTH, BOOTLOADER> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        let content = content(offset, bytes.len());
        // SAFETY: the lengths are equal, and no mutable slice of flash exists.
        unsafe { core::ptr::copy_nonoverlapping(content.as_ptr(), bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    fn capacity(&self) -> usize {
        LENGTH as usize
    }
}

impl<const LENGTH: u32, const BOOTLOADER: u32> NorFlash for Flash<LENGTH, BOOTLOADER> {
    const WRITE_SIZE: usize = PAGE;
    const ERASE_SIZE: usize = SECTOR as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        if from < BOOTLOADER {
            return Err(NorFlashErrorKind::OutOfBounds);
        }
        for start in (from..to).step_by(SECTOR as usize) {
            lifeboot_flash_erase(start);
            if content(start, SECTOR as usize).iter().any(|byte| *byte != 0xff) {
                return Err(NorFlashErrorKind::Other);
            }
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        if offset < BOOTLOADER {
            return Err(NorFlashErrorKind::OutOfBounds);
        }
        for (start, page) in (offset..).step_by(PAGE).zip(bytes.as_chunks().0) {
            lifeboot_flash_write(start, page);
            if content(start, PAGE) != page {
                return Err(NorFlashErrorKind::Other);
            }
        }
        Ok(())
    }
}

/// Returns the content of flash.
fn content<'a>(offset: u32, length: usize) -> &'a [u8] {
    compiler_fence(Ordering::SeqCst);
    // SAFETY: the callers have checked that the range lies inside the flash, all of which is mapped here. Flash changes
    // only in the two functions below, which are never called while such a slice is held; the fence separates them.
    unsafe { core::slice::from_raw_parts(with_exposed_provenance(XIP + offset as usize), length) }
}

/// Erases the sector at an offset that the caller has checked.
#[unsafe(no_mangle)]
#[inline(never)]
fn lifeboot_flash_erase(offset: u32) {
    let [block, command] = BLOCK;
    operate(*b"RE", [offset, SECTOR, block, command]);
}

/// Writes the page at an offset that the caller has checked.
#[unsafe(no_mangle)]
#[inline(never)]
fn lifeboot_flash_write(offset: u32, page: &[u8; PAGE]) {
    // The caller's page may lie in flash, which cannot be read meanwhile.
    let page = *page;
    operate(*b"RP", [offset, (&raw const page).expose_provenance() as u32, PAGE as u32, 0]);
}

/// The input of `in_ram`: the addresses of functions, and the arguments of the third.
#[repr(C)]
struct Work {
    /// connect_internal_flash, flash_exit_xip, the operation, flash_flush_cache, the second stage.
    functions: [u32; 5],
    arguments: [u32; 4],
}

/// Runs the ROM's function of this name, with the calls that are required before and after it.
#[inline(never)]
fn operate(name: [u8; 2], arguments: [u32; 4]) {
    run(|| rom_function(name), arguments);
}

/// Sends these bytes to the flash as one command, and puts what it answers meanwhile into their places.
#[inline(never)]
fn converse(bytes: &mut [u8]) {
    // SAFETY: as for `in_ram` in `run`.
    let routine: [u32; EXCHANGE] =
        unsafe { *with_exposed_provenance((exchange as *const ()).expose_provenance() & !1) };
    let (start, length) = (bytes.as_mut_ptr().expose_provenance() as u32, bytes.len() as u32);
    run(|| thumb(&routine), [start, length, CHIP_SELECT, SSI]);
}

/// Runs a function that is not in flash, with the calls that are required before and after it.
#[inline(always)]
fn run(function: impl FnOnce() -> u32, arguments: [u32; 4]) {
    // SAFETY: the second stage is the first thing in flash, and can be read like any other flash.
    let second_stage: [u32; SECOND_STAGE] = unsafe { *with_exposed_provenance(XIP) };
    // SAFETY: the instructions of a function are in flash or RAM, and more code follows them, so all these words can be
    // read.
    let routine: [u32; ROUTINE] = unsafe { *with_exposed_provenance((in_ram as *const ()).expose_provenance() & !1) };
    let work = Work {
        functions: [rom_function(*b"IF"), rom_function(*b"EX"), function(), rom_function(*b"FC"), thumb(&second_stage)],
        arguments,
    };
    compiler_fence(Ordering::SeqCst);
    // SAFETY: `routine` is a copy of `in_ram`, which is position-independent; the stack is in RAM, which is executable.
    // It calls functions of the ROM or a copy of `exchange`, and the second stage, which returns to its caller if it is called
    // from code (2.8). `arguments` are those of the function: a part of flash that the callers have checked, or of RAM that is
    // theirs.
    unsafe {
        let copy: unsafe extern "C" fn(&Work) =
            core::mem::transmute(with_exposed_provenance_mut::<()>(thumb(&routine) as usize));
        copy(&work);
    }
    compiler_fence(Ordering::SeqCst);
}

/// Returns the address by which code in RAM is called.
fn thumb<const N: usize>(code: &[u32; N]) -> u32 {
    code.as_ptr().expose_provenance() as u32 | 1
}

/// Returns the address of a function of the boot ROM (2.8).
fn rom_function(name: [u8; 2]) -> u32 {
    // SAFETY: the ROM has 16-bit pointers at these places, and the second points to a function of this type.
    unsafe {
        let table = *with_exposed_provenance::<u16>(ROM_TABLE);
        let lookup = *with_exposed_provenance::<u16>(ROM_TABLE_LOOKUP);
        let lookup: extern "C" fn(u32, u32) -> u32 =
            core::mem::transmute(with_exposed_provenance_mut::<()>(usize::from(lookup)));
        lookup(u32::from(table), u32::from(u16::from_le_bytes(name)))
    }
}

/// Calls the functions of `Work` in order, with interrupts disabled. Position-independent.
#[unsafe(naked)]
unsafe extern "C" fn in_ram(work: &Work) {
    naked_asm!(
        // It is copied by words.
        ".p2align 2",
        "0:",
        "push {{r4, r5, r6, lr}}",
        "mrs  r6, primask",
        "cpsid i",
        "movs r4, r0",
        "ldr  r5, [r4, #0]",
        "blx  r5",
        "ldr  r5, [r4, #4]",
        "blx  r5",
        "ldr  r0, [r4, #20]",
        "ldr  r1, [r4, #24]",
        "ldr  r2, [r4, #28]",
        "ldr  r3, [r4, #32]",
        "ldr  r5, [r4, #8]",
        "blx  r5",
        "ldr  r5, [r4, #12]",
        "blx  r5",
        "ldr  r5, [r4, #16]",
        "blx  r5",
        "msr  primask, r6",
        "pop  {{r4, r5, r6, pc}}",
        // Fails if it is longer than its copy.
        ".org 0b + {length}",
        length = const ROUTINE * 4,
    )
}

/// Exchanges bytes with the flash: how many, and where they are in RAM, then the addresses of `CHIP_SELECT` and `SSI`, which sends
/// and receives a byte at a time after `flash_exit_xip` (2.8.1.3). The chip select is driven by hand, since the SSI would end the
/// command with each pause; flash_flush_cache gives it back. Position-independent.
#[unsafe(naked)]
unsafe extern "C" fn exchange(bytes: *mut u8, length: u32, chip_select: u32, ssi: u32) {
    naked_asm!(
        // It is copied by words.
        ".p2align 2",
        "0:",
        "push {{r4, r5, r6, lr}}",
        // OUTOVER, bits 8 and 9: 2 drives the pin low, 3 high.
        "movs r5, #3",
        "lsls r5, r5, #8",
        "movs r6, #2",
        "lsls r6, r6, #8",
        "ldr  r4, [r2]",
        "bics r4, r5",
        "orrs r4, r6",
        "str  r4, [r2]",
        "1:",
        "ldrb r6, [r0]",
        // DR0
        "str  r6, [r3, #0x60]",
        "2:",
        // SR: RFNE, bit 3, says that a byte has been received.
        "ldr  r6, [r3, #0x28]",
        "lsrs r6, r6, #4",
        "bcc  2b",
        "ldr  r6, [r3, #0x60]",
        "strb r6, [r0]",
        "adds r0, #1",
        "subs r1, #1",
        "bne  1b",
        "orrs r4, r5",
        "str  r4, [r2]",
        "pop  {{r4, r5, r6, pc}}",
        // Fails if it is longer than its copy.
        ".org 0b + {length}",
        length = const EXCHANGE * 4,
    )
}
