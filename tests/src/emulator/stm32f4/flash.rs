//! rsemu's flash controller, with a record of every operation that the guest starts, taken before it is made, so that
//! the power can fail there. Adds what rsemu does not model:
//!
//! - The bus stalls while flash is busy (RM0090, 3.6), so a store waits for the operation before it, and the core for an
//!   erase in the bank that it executes. What it reads of such a bank meanwhile does not wait here.
//! - A second bank: see `banks`.

use super::banks::{Bank, CR, ERASE, Joined, SECTOR, SECTOR_MASK, START};
use crate::sweep::Operation;
use lifeboot_board::Sector;
use lifeboot_board::chip::Chip;
use rsemu::core::device::{Device, DeviceClass, RealizeCtx, ResetKind};
use rsemu::core::sched::LazyHandle;
use rsemu::core::space::{
    AccessConstraints, CombinePolicy, FlashLayout, Mapping, MemAttrs, MemOps, MemResult, Region, RegionKind, RegionRef,
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

/// FLASH_CR: its bit that makes stores program, and the parallelism (3.9.5).
const PROGRAM: u32 = 1;
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
    banks: Arc<[Bank]>,
    registers: RegionRef,
    array: RegionRef,
    seen: Arc<Mutex<Seen>>,
}

impl WatchedFlash {
    /// Watches a chip's controller: one of rsemu's a bank, in order.
    pub fn new(chip: &Chip, controllers: Vec<Flash>) -> Self {
        let (mut banks, mut start) = (Vec::new(), 0);
        for flash in controllers {
            let mut sectors = chip.flash.sectors.iter();
            let first = sectors.find(|sector| sector.start == start).map_or(0, |sector| sector.number);
            let bank = Bank { flash: Arc::new(flash), start, first };
            start += bank.length();
            banks.push(bank);
        }
        let sectors: Arc<[_]> = chip.flash.sectors.iter().map(|sector| (chip.erase_code(sector), sector)).collect();
        let (banks, seen) = (Arc::<[Bank]>::from(banks), Arc::<Mutex<Seen>>::default());
        let watched = |ops: Arc<dyn MemOps>, place| Watched {
            ops,
            place,
            sectors: sectors.clone(),
            banks: banks.clone(),
            seen: seen.clone(),
        };
        let array = |bank: &Bank| {
            let watch = |ops| Arc::new(watched(ops, Place::Array { start: bank.start })) as Arc<dyn MemOps>;
            Mapping::new(with_ops(&bank.region("array"), &watch), u64::from(bank.start))
        };
        let registers = with_ops(&banks[0].region("regs"), &|ops| {
            let ops = if banks.len() > 1 { Arc::new(Joined::new(&banks, &sectors)) } else { ops };
            Arc::new(watched(ops, Place::Registers))
        });
        let children = banks.iter().map(array).collect();
        let array =
            Arc::new(Region::container_with("eflash.array", u64::from(start), children, CombinePolicy::default()));
        WatchedFlash { banks, registers, array, seen }
    }

    /// The record so far.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a core that is about to execute this address has to wait for flash.
    pub fn stalls(&self, address: u32) -> bool {
        let busy = |bank: &&Bank| bank.flash.next_event_tick().is_some();
        self.banks.iter().find(busy).is_some_and(|busy| {
            // The chip executes from one bank while the other one is erased; where there is but one, from nowhere else.
            !self.banks.iter().any(|bank| bank.start != busy.start && bank.has(address))
        })
    }

    /// All of the array.
    pub fn contents(&self) -> Vec<u8> {
        self.banks.iter().flat_map(|bank| bank.flash.contents()).collect()
    }

    /// Puts bytes into the array, as a programmer does.
    pub fn put(&self, offset: u32, bytes: &[u8]) -> rsemu::core::Result<()> {
        for bank in &*self.banks {
            // What of the bytes lies in this bank.
            let (start, end) = (offset.max(bank.start), (offset + bytes.len() as u32).min(bank.start + bank.length()));
            if start < end {
                let part = &bytes[(start - offset) as usize..(end - offset) as usize];
                bank.flash.load_image(u64::from(start - bank.start), part)?;
            }
        }
        Ok(())
    }
}

/// The same region, where `watch` is put before all that handles accesses. Reads of the array are as fast as before.
fn with_ops(region: &RegionRef, watch: &dyn Fn(Arc<dyn MemOps>) -> Arc<dyn MemOps>) -> RegionRef {
    match region.kind() {
        RegionKind::Io(ops) => Arc::new(Region::io(region.name(), region.len(), watch(ops.clone()))),
        RegionKind::Container(container) => {
            let children = container.children().iter();
            let children = children.map(|child| Mapping { region: with_ops(&child.region, watch), ..child.clone() });
            Arc::new(Region::container_with(region.name(), region.len(), children.collect(), container.combine()))
        }
        _ => region.clone(),
    }
}

/// What a store goes to.
#[derive(Debug)]
enum Place {
    Registers,
    /// A bank that starts here.
    Array {
        start: u32,
    },
}

/// One of the controller's apertures: its registers, or a bank.
#[derive(Debug)]
struct Watched {
    ops: Arc<dyn MemOps>,
    place: Place,
    /// By what CR calls them.
    sectors: Arc<[(u32, Sector)]>,
    banks: Arc<[Bank]>,
    seen: Arc<Mutex<Seen>>,
}

impl Watched {
    /// Returns whether a store of the guest is made.
    fn passes(&self, offset: u64, bytes: &[u8]) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        let Place::Array { start } = self.place else {
            if offset == CR && value & (PROGRAM | ERASE) != 0 {
                seen.parallelism = seen.parallelism.max(value >> PARALLELISM & 0b11);
            }
            seen.cache_resets +=
                u64::from(offset == ACR && value & (DATA_CACHE_RESET | DATA_CACHE) == DATA_CACHE_RESET);
            let starts = offset == CR && value & START != 0 && value & ERASE != 0;
            let sector = self.sectors.iter().find(|(code, _)| starts && *code == value >> SECTOR & SECTOR_MASK);
            return sector.is_none_or(|(_, sector)| {
                seen.starts(Operation::Erase { start: sector.start, length: sector.length })
            });
        };
        let ends = self.banks.iter().filter_map(|bank| bank.flash.next_event_tick());
        if let Some(end) = ends.max() {
            seen.stalls += 1;
            self.banks.iter().for_each(|bank| bank.flash.advance_to(end));
        }
        seen.starts(Operation::Write { start: start + offset as u32, length: bytes.len() as u32, value })
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

impl Device for WatchedFlash {
    fn class(&self) -> &'static DeviceClass {
        self.banks[0].flash.class()
    }
    fn realize(&self, context: &mut RealizeCtx<'_>) -> rsemu::core::Result<()> {
        self.banks.iter().try_for_each(|bank| bank.flash.realize(context))
    }
    fn reset(&self, kind: ResetKind) {
        self.banks.iter().for_each(|bank| bank.flash.reset(kind));
    }
    fn save(&self, writer: &mut ChunkWriter<'_>) -> rsemu::core::Result<()> {
        self.banks.iter().try_for_each(|bank| bank.flash.save(writer))
    }
    fn load(&self, reader: &mut ChunkReader<'_>) -> rsemu::core::Result<()> {
        self.banks.iter().try_for_each(|bank| bank.flash.load(reader))
    }
    fn region(&self, name: &str) -> Option<RegionRef> {
        match name {
            "" | "regs" => Some(self.registers.clone()),
            "array" => Some(self.array.clone()),
            _ => None,
        }
    }
    fn connect(&self, port: &str, source: WireSource) -> rsemu::core::Result<()> {
        self.banks[0].flash.connect(port, source)
    }
    fn announce(&self, port: &str) {
        self.banks[0].flash.announce(port);
    }
    fn is_lazy(&self) -> bool {
        true
    }
    fn current_tick(&self) -> u64 {
        self.banks[0].flash.current_tick()
    }
    fn advance_to(&self, tick: u64) {
        self.banks.iter().for_each(|bank| bank.flash.advance_to(tick));
    }
    fn next_event_tick(&self) -> Option<u64> {
        self.banks.iter().filter_map(|bank| bank.flash.next_event_tick()).min()
    }
    fn attach_lazy(&self, handle: LazyHandle) {
        self.banks.iter().for_each(|bank| bank.flash.attach_lazy(handle.clone()));
    }
}

impl Instance for WatchedFlash {}
