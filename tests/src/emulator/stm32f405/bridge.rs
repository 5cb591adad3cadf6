//! The bridge between the core's bus and a peripheral of 32-bit registers: rsemu's USART and watchdog take words only,
//! while HALs write half-words and bytes, as the chip allows. The bridge makes a word of either by repeating it (RM0090,
//! 2.1, AHB/APB bridges).

use rsemu::core::device::{Device, DeviceClass, RealizeCtx, ResetKind, SinkPin};
use rsemu::core::sched::{Budget, Consumed, LazyHandle};
use rsemu::core::space::{AccessConstraints, MemAttrs, MemOps, MemResult, Region, RegionKind, RegionRef};
use rsemu::core::state::{ChunkReader, ChunkWriter};
use rsemu::core::value::{Endian, Width};
use rsemu::core::wire::{WireId, WireSource};
use rsemu::machine::Instance;
use std::sync::Arc;

/// Bytes of a register that exist; those above are reserved, and read 0 (RM0090, 21.4 and 30.6).
const USED: usize = 2;

/// A peripheral behind the bridge.
#[derive(Debug)]
pub struct Bridged<D>(pub D);

#[derive(Debug)]
struct Bridge(Arc<dyn MemOps>);

impl MemOps for Bridge {
    fn read(&self, offset: u64, bytes: &mut [u8], attributes: MemAttrs) -> MemResult {
        let mut word = [0; 4];
        self.0.read(offset & !3, &mut word, attributes)?;
        bytes.copy_from_slice(&word[(offset & 3) as usize..][..bytes.len()]);
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8], attributes: MemAttrs) -> MemResult {
        let mut word = [0; 4];
        for (place, byte) in word[..USED].iter_mut().zip(bytes.iter().cycle()) {
            *place = *byte;
        }
        self.0.write(offset & !3, &word, attributes)
    }

    fn constraints(&self) -> AccessConstraints {
        AccessConstraints::word(Width::U32, Endian::Little).with_widths(Width::U8, Width::U32)
    }
}

impl<D: Device> Device for Bridged<D> {
    fn class(&self) -> &'static DeviceClass {
        self.0.class()
    }
    fn realize(&self, context: &mut RealizeCtx<'_>) -> rsemu::core::Result<()> {
        self.0.realize(context)
    }
    fn reset(&self, kind: ResetKind) {
        self.0.reset(kind);
    }
    fn save(&self, writer: &mut ChunkWriter<'_>) -> rsemu::core::Result<()> {
        self.0.save(writer)
    }
    fn load(&self, reader: &mut ChunkReader<'_>) -> rsemu::core::Result<()> {
        self.0.load(reader)
    }
    fn region(&self, name: &str) -> Option<RegionRef> {
        self.0.region(name).map(|region| match region.kind() {
            RegionKind::Io(ops) => Arc::new(Region::io(region.name(), region.len(), Arc::new(Bridge(ops.clone())))),
            _ => region,
        })
    }
    fn connect(&self, port: &str, source: WireSource) -> rsemu::core::Result<()> {
        self.0.connect(port, source)
    }
    fn announce(&self, port: &str) {
        self.0.announce(port);
    }
    fn sink(&self, port: &str, sources: &[WireId]) -> Option<SinkPin> {
        self.0.sink(port, sources)
    }
    fn is_runnable(&self) -> bool {
        self.0.is_runnable()
    }
    fn run(&self, budget: Budget) -> Consumed {
        self.0.run(budget)
    }
    fn is_lazy(&self) -> bool {
        self.0.is_lazy()
    }
    fn current_tick(&self) -> u64 {
        self.0.current_tick()
    }
    fn advance_to(&self, tick: u64) {
        self.0.advance_to(tick);
    }
    fn next_event_tick(&self) -> Option<u64> {
        self.0.next_event_tick()
    }
    fn attach_lazy(&self, handle: LazyHandle) {
        self.0.attach_lazy(handle);
    }
}

impl<D: Device> Instance for Bridged<D> {}
