//! rsemu's flash controller, with a record of every operation that the guest starts, taken before it is made, so that
//! the power can fail there. Adds what rsemu does not model: the bus stalls while flash is busy (RM0090, 3.6), so a
//! store waits for the operation before it, and the core for an erase.

use crate::sweep::Operation;
use rsemu::core::device::{Device, DeviceClass, RealizeCtx, ResetKind};
use rsemu::core::sched::LazyHandle;
use rsemu::core::space::{
    AccessConstraints, FlashLayout, Mapping, MemAttrs, MemOps, MemResult, Region, RegionKind, RegionRef,
};
use rsemu::core::state::{ChunkReader, ChunkWriter};
use rsemu::core::wire::WireSource;
use rsemu::dev::stm32::flash::Flash;
use rsemu::machine::Instance;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// FLASH_ACR: the data cache on, and emptied, which only works while it is off (RM0090, 3.9.1).
const ACR: u64 = 0x00;
const DATA_CACHE: u32 = 1 << 10;
const DATA_CACHE_RESET: u32 = 1 << 12;

/// FLASH_CR: its bits that start an erase, that make stores program, and the parallelism of both (3.9.5).
const CR: u64 = 0x10;
const START: u32 = 1 << 16;
const ERASE: u32 = 1 << 1;
const PROGRAM: u32 = 1;
const SECTOR: u32 = 3;
const PARALLELISM: u32 = 8;

/// The record of the guest's flash operations.
#[derive(Debug, Default)]
pub struct Seen {
    /// Whether operations are kept in `operations`.
    pub recording: bool,
    /// The operations that were started, in order.
    pub operations: Vec<Operation>,
    /// How many were started.
    pub count: u64,
    /// The number of the operation before which the power fails: it is not made, nor is any later one.
    pub cut: Option<u64>,
    /// Stores that had to wait for the operation before them.
    pub stalls: u64,
    /// The largest parallelism that an operation was made with: 8 bits, doubled so many times.
    pub parallelism: u32,
    /// How often the data cache was emptied.
    pub cache_resets: u64,
}

impl Seen {
    /// Whether the power has failed.
    pub fn is_cut(&self) -> bool {
        self.cut.is_some_and(|cut| self.count > cut)
    }

    /// Records an operation. Returns whether it is made.
    fn starts(&mut self, operation: Operation) -> bool {
        self.count += 1;
        if self.recording && !self.is_cut() {
            self.operations.push(operation);
        }
        !self.is_cut()
    }
}

/// The controller, as the machine sees it.
#[derive(Debug)]
pub struct WatchedFlash {
    flash: Arc<Flash>,
    registers: RegionRef,
    array: RegionRef,
    seen: Arc<Mutex<Seen>>,
}

impl WatchedFlash {
    /// Watches a controller.
    pub fn new(flash: Flash) -> Self {
        let flash = Arc::new(flash);
        let seen = Arc::default();
        let watched = |name| flash.region(name).map(|region| watch(&region, &flash, &seen));
        let (Some(registers), Some(array)) = (watched("regs"), watched("array")) else {
            unreachable!("a flash controller has registers and an array")
        };
        WatchedFlash { flash, registers, array, seen }
    }

    /// The record so far.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an operation is under way.
    pub fn is_busy(&self) -> bool {
        self.flash.next_event_tick().is_some()
    }

    /// All of the array.
    pub fn contents(&self) -> Vec<u8> {
        self.flash.contents()
    }

    /// Puts bytes into the array, as a programmer does.
    pub fn put(&self, offset: u32, bytes: &[u8]) -> rsemu::core::Result<()> {
        self.flash.load_image(u64::from(offset), bytes)
    }
}

/// The same region with its writes recorded. Reads are as fast as before.
fn watch(region: &RegionRef, flash: &Arc<Flash>, seen: &Arc<Mutex<Seen>>) -> RegionRef {
    match region.kind() {
        RegionKind::Io(ops) => {
            let registers = region.name() == flash.region("regs").map_or(String::new(), |regs| regs.name().to_owned());
            let watched = Watched { ops: ops.clone(), registers, flash: flash.clone(), seen: seen.clone() };
            Arc::new(Region::io(region.name(), region.len(), Arc::new(watched)))
        }
        RegionKind::Container(container) => {
            let children = container.children().iter();
            let children = children.map(|child| Mapping { region: watch(&child.region, flash, seen), ..child.clone() });
            Arc::new(Region::container_with(region.name(), region.len(), children.collect(), container.combine()))
        }
        _ => region.clone(),
    }
}

/// One of the controller's two apertures: its registers, or the array.
#[derive(Debug)]
struct Watched {
    ops: Arc<dyn MemOps>,
    registers: bool,
    flash: Arc<Flash>,
    seen: Arc<Mutex<Seen>>,
}

impl Watched {
    /// Returns whether a store of the guest is made.
    fn passes(&self, offset: u64, bytes: &[u8]) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        if self.registers {
            if offset == CR && value & (PROGRAM | ERASE) != 0 {
                seen.parallelism = seen.parallelism.max(value >> PARALLELISM & 0b11);
            }
            seen.cache_resets +=
                u64::from(offset == ACR && value & (DATA_CACHE_RESET | DATA_CACHE) == DATA_CACHE_RESET);
            let starts = offset == CR && value & START != 0 && value & ERASE != 0;
            return !starts
                || sector(value >> SECTOR & 0xf)
                    .is_none_or(|(start, length)| seen.starts(Operation::Erase { start, length }));
        }
        if let Some(end) = self.flash.next_event_tick() {
            seen.stalls += 1;
            self.flash.advance_to(end);
        }
        seen.starts(Operation::Write { start: offset as u32, length: bytes.len() as u32, value })
    }
}

impl MemOps for Watched {
    fn read(&self, offset: u64, bytes: &mut [u8], attributes: MemAttrs) -> MemResult {
        self.ops.read(offset, bytes, attributes)
    }

    fn write(&self, offset: u64, bytes: &[u8], attributes: MemAttrs) -> MemResult {
        if attributes.debug || self.passes(offset, bytes) { self.ops.write(offset, bytes, attributes) } else { Ok(()) }
    }

    fn constraints(&self) -> AccessConstraints {
        self.ops.constraints()
    }

    fn flash_layout(&self) -> Option<FlashLayout> {
        self.ops.flash_layout()
    }
}

/// Start and length of a sector (RM0090, table 5).
fn sector(number: u32) -> Option<(u32, u32)> {
    const KIB: u32 = 1024;
    match number {
        0..=3 => Some((number * 16 * KIB, 16 * KIB)),
        4 => Some((64 * KIB, 64 * KIB)),
        5..=11 => Some(((number - 4) * 128 * KIB, 128 * KIB)),
        _ => None,
    }
}

impl Device for WatchedFlash {
    fn class(&self) -> &'static DeviceClass {
        self.flash.class()
    }
    fn realize(&self, context: &mut RealizeCtx<'_>) -> rsemu::core::Result<()> {
        self.flash.realize(context)
    }
    fn reset(&self, kind: ResetKind) {
        self.flash.reset(kind);
    }
    fn save(&self, writer: &mut ChunkWriter<'_>) -> rsemu::core::Result<()> {
        self.flash.save(writer)
    }
    fn load(&self, reader: &mut ChunkReader<'_>) -> rsemu::core::Result<()> {
        self.flash.load(reader)
    }
    fn region(&self, name: &str) -> Option<RegionRef> {
        match name {
            "" | "regs" => Some(self.registers.clone()),
            "array" => Some(self.array.clone()),
            _ => None,
        }
    }
    fn connect(&self, port: &str, source: WireSource) -> rsemu::core::Result<()> {
        self.flash.connect(port, source)
    }
    fn announce(&self, port: &str) {
        self.flash.announce(port);
    }
    fn is_lazy(&self) -> bool {
        self.flash.is_lazy()
    }
    fn current_tick(&self) -> u64 {
        self.flash.current_tick()
    }
    fn advance_to(&self, tick: u64) {
        self.flash.advance_to(tick);
    }
    fn next_event_tick(&self) -> Option<u64> {
        self.flash.next_event_tick()
    }
    fn attach_lazy(&self, handle: LazyHandle) {
        self.flash.attach_lazy(handle);
    }
}

impl Instance for WatchedFlash {}
