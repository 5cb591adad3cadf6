//! The bridge between the core's bus and a peripheral of 32-bit registers: rsemu's USART and watchdog take words only,
//! while HALs write half-words and bytes, as the chip allows. The bridge makes a word of either by repeating it
//! (RM0090, 2.1, AHB/APB bridges).

use rsemu::core::device::{Device, DeviceClass, RealizeCtx, ResetKind, SinkPin};
use rsemu::core::sched::{Budget, Consumed, LazyHandle};
use rsemu::core::space::{AccessConstraints, MemAttrs, MemOps, MemResult, Region, RegionKind, RegionRef};
use rsemu::core::state::{ChunkReader, ChunkWriter};
use rsemu::core::value::{Endian, Width};
use rsemu::core::wire::{WireId, WireSource};
use rsemu::machine::Instance;
use std::fmt::Debug;
use std::sync::Arc;

/// Bytes of a register that exist; those above are reserved, and read 0 (RM0090, 21.4 and 30.6).
const USED: usize = 2;

/// Adds what rsemu leaves out of a peripheral.
pub trait Fix<D>: Debug + Send + Sync {
    /// Called when the guest has read this word of a register.
    fn read(&self, device: &D, offset: u64, word: u32);
    /// Called when the guest has written a register.
    fn written(&self, device: &D, offset: u64, word: [u8; 4]);
    /// Called after each tick of the peripheral's clock.
    fn ran(&self, device: &D);
    /// Connects an output that rsemu's peripheral does not have. Returns whether it did.
    fn connect(&self, _port: &str, _source: &WireSource) -> bool {
        false
    }
}

/// Adds nothing.
impl<D> Fix<D> for () {
    fn read(&self, _: &D, _: u64, _: u32) {}
    fn written(&self, _: &D, _: u64, _: [u8; 4]) {}
    fn ran(&self, _: &D) {}
}

/// Adds both.
impl<D, A: Fix<D>, B: Fix<D>> Fix<D> for (A, B) {
    fn read(&self, device: &D, offset: u64, word: u32) {
        self.0.read(device, offset, word);
        self.1.read(device, offset, word);
    }
    fn written(&self, device: &D, offset: u64, word: [u8; 4]) {
        self.0.written(device, offset, word);
        self.1.written(device, offset, word);
    }
    fn ran(&self, device: &D) {
        self.0.ran(device);
        self.1.ran(device);
    }
    fn connect(&self, port: &str, source: &WireSource) -> bool {
        self.0.connect(port, source) || self.1.connect(port, source)
    }
}

/// A peripheral behind the bridge.
#[derive(Debug)]
pub struct Bridged<D> {
    device: Arc<D>,
    fix: Arc<dyn Fix<D>>,
}

impl<D> Bridged<D> {
    /// Wraps a peripheral with these fixes.
    pub fn new(device: D, fix: impl Fix<D> + 'static) -> Self {
        Bridged { device: Arc::new(device), fix: Arc::new(fix) }
    }
}

#[derive(Debug)]
struct Bridge<D> {
    device: Arc<D>,
    registers: Arc<dyn MemOps>,
    fix: Arc<dyn Fix<D>>,
}

impl<D: Debug + Send + Sync> MemOps for Bridge<D> {
    fn read(&self, offset: u64, bytes: &mut [u8], attributes: MemAttrs) -> MemResult {
        let mut word = [0; 4];
        self.registers.read(offset & !3, &mut word, attributes)?;
        if !attributes.debug {
            self.fix.read(&self.device, offset & !3, u32::from_le_bytes(word));
        }
        bytes.copy_from_slice(&word[(offset & 3) as usize..][..bytes.len()]);
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8], attributes: MemAttrs) -> MemResult {
        let mut word = [0; 4];
        for (place, byte) in word[..USED].iter_mut().zip(bytes.iter().cycle()) {
            *place = *byte;
        }
        self.registers.write(offset & !3, &word, attributes)?;
        self.fix.written(&self.device, offset & !3, word);
        Ok(())
    }

    fn constraints(&self) -> AccessConstraints {
        AccessConstraints::word(Width::U32, Endian::Little).with_widths(Width::U8, Width::U32)
    }
}

impl<D: Device + 'static> Device for Bridged<D> {
    fn class(&self) -> &'static DeviceClass {
        self.device.class()
    }
    fn realize(&self, context: &mut RealizeCtx<'_>) -> rsemu::core::Result<()> {
        self.device.realize(context)
    }
    fn reset(&self, kind: ResetKind) {
        self.device.reset(kind);
    }
    fn save(&self, writer: &mut ChunkWriter<'_>) -> rsemu::core::Result<()> {
        self.device.save(writer)
    }
    fn load(&self, reader: &mut ChunkReader<'_>) -> rsemu::core::Result<()> {
        self.device.load(reader)
    }
    fn region(&self, name: &str) -> Option<RegionRef> {
        self.device.region(name).map(|region| match region.kind() {
            RegionKind::Io(registers) => {
                let (device, fix) = (self.device.clone(), self.fix.clone());
                let bridge = Bridge { device, registers: registers.clone(), fix };
                Arc::new(Region::io(region.name(), region.len(), Arc::new(bridge)))
            }
            _ => region,
        })
    }
    fn connect(&self, port: &str, source: WireSource) -> rsemu::core::Result<()> {
        if self.fix.connect(port, &source) { Ok(()) } else { self.device.connect(port, source) }
    }
    fn announce(&self, port: &str) {
        self.device.announce(port);
    }
    fn sink(&self, port: &str, sources: &[WireId]) -> Option<SinkPin> {
        self.device.sink(port, sources)
    }
    fn is_runnable(&self) -> bool {
        self.device.is_runnable()
    }
    fn run(&self, budget: Budget) -> Consumed {
        let consumed = self.device.run(budget);
        self.fix.ran(&self.device);
        consumed
    }
    fn is_lazy(&self) -> bool {
        self.device.is_lazy()
    }
    fn current_tick(&self) -> u64 {
        self.device.current_tick()
    }
    fn advance_to(&self, tick: u64) {
        self.device.advance_to(tick);
    }
    fn next_event_tick(&self) -> Option<u64> {
        self.device.next_event_tick()
    }
    fn attach_lazy(&self, handle: LazyHandle) {
        self.device.attach_lazy(handle);
    }
}

impl<D: Device + 'static> Instance for Bridged<D> {}
