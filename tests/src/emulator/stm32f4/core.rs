//! rsemu's core, driven instruction by instruction, for what the model does differently from the chip:
//!
//! - The core stalls while its bank of flash is busy: its next fetch waits (RM0090, 3.6).
//! - rsemu 0.0.7 forgets the rest of an IT block that an exception interrupts. Its remaining state is put into the
//!   frame on the stack, where the return finds it (DDI 0403, B1.5.6).
//! - A core that polls the USART without result sleeps for the rest of its turn: see `polls`.
//! - A sleeping core is not stepped for each cycle: it sleeps until SysTick or an interrupt is due.

use super::flash::WatchedFlash;
use super::polls::Polls;
use rsemu::core::device::{Device, DeviceClass, RealizeCtx, ResetKind, SinkPin};
use rsemu::core::sched::{Budget, Consumed, TickCursor};
use rsemu::core::space::MemAttrs;
use rsemu::core::state::{ChunkReader, ChunkWriter};
use rsemu::core::value::Width;
use rsemu::core::wire::WireId;
use rsemu::cpu::arm::v7m::ArmV7m;
use rsemu::machine::{BindCtx, Instance};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The program status register (B1.4.2): the state of an IT block, and the number of the current exception.
const IT: u32 = 0x0600_FC00;
const EXCEPTION: u32 = 0x1FF;
/// What the link register holds in a handler, at least (B1.5.8); and where the frame has the status register.
const EXCEPTION_RETURN: u32 = 0xFFFF_FFE0;
const FRAME_STATUS: u32 = 28;

/// The core, as the machine sees it.
#[derive(Debug)]
pub struct DrivenCore {
    core: Arc<ArmV7m>,
    /// Its flash, once the machine is complete.
    flash: Arc<OnceLock<Arc<WatchedFlash>>>,
    /// Cycles that the last instruction took from the next budget.
    owed: AtomicU64,
    counts: Arc<Counts>,
    polls: Arc<Polls>,
}

/// A core's counters since its machine was built.
#[derive(Debug, Default)]
pub struct Counts {
    instructions: AtomicU64,
    /// Cycles of its clock, including those in which it waited for flash or slept.
    cycles: AtomicU64,
    /// The next watched address; 0 if there is none.
    awaited: AtomicU32,
    watch: Mutex<Watch>,
}

/// A moment in a core's life, or a time between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Instructions that were executed; resets and the entries of exceptions count as one each.
    pub instructions: u64,
    /// Cycles that passed.
    pub cycles: u64,
}

#[derive(Debug, Default)]
struct Watch {
    /// The watched addresses after that one.
    ahead: VecDeque<u32>,
    arrivals: Vec<Moment>,
    last: Moment,
    longest: Moment,
}

impl Counts {
    fn locked(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records when the core is about to execute these addresses, none of which may be 0: each the first time after the
    /// one before it, the last one each time.
    pub fn watch(&self, route: &[u32]) {
        let mut ahead: VecDeque<u32> = route.iter().map(|address| address & !1).collect();
        self.awaited.store(ahead.pop_front().unwrap_or_default(), Ordering::Relaxed);
        *self.locked() = Watch { ahead, ..Watch::default() };
    }

    /// When it first reached each of the addresses that it has reached.
    pub fn arrivals(&self) -> Vec<Moment> {
        self.locked().arrivals.clone()
    }

    /// The longest time between two executions of the last address.
    pub fn longest_between(&self) -> Moment {
        self.locked().longest
    }

    /// The core is at the awaited address.
    #[cold]
    fn note(&self, instructions: u64, cycles: u64) {
        let mut watch = self.locked();
        let now = Moment {
            instructions: self.instructions.load(Ordering::Relaxed) + instructions,
            cycles: self.cycles.load(Ordering::Relaxed) + cycles,
        };
        if let Some(next) = watch.ahead.pop_front() {
            watch.arrivals.push(now);
            self.awaited.store(next, Ordering::Relaxed);
            return;
        }
        // The last address of all.
        if watch.last == Moment::default() {
            watch.arrivals.push(now);
        } else {
            let Watch { last, longest, .. } = &mut *watch;
            longest.instructions = longest.instructions.max(now.instructions - last.instructions);
            longest.cycles = longest.cycles.max(now.cycles - last.cycles);
        }
        watch.last = now;
    }
}

impl DrivenCore {
    /// Drives a core, and counts.
    pub fn new(
        core: Arc<ArmV7m>,
        flash: Arc<OnceLock<Arc<WatchedFlash>>>,
        counts: Arc<Counts>,
        polls: Arc<Polls>,
    ) -> Self {
        DrivenCore { core, flash, owed: AtomicU64::new(0), counts, polls }
    }

    fn is_stalled(&self) -> bool {
        self.flash.get().is_some_and(|flash| flash.stalls(self.core.pc()))
    }

    /// Executes for so many cycles, beside the `owed` ones. Returns by how many it exceeded them.
    fn execute(&self, cycles: u64, owed: u64) -> u64 {
        let mut used = 0;
        let mut instructions = 0;
        let mut before = self.core.xpsr();
        while used < cycles && !self.is_stalled() {
            let step = self.core.step();
            if step == 0 {
                break;
            }
            used += step;
            instructions += 1;
            if self.core.pc() == self.counts.awaited.load(Ordering::Relaxed) {
                self.counts.note(instructions, owed + used);
            }
            let after = self.core.xpsr();
            if before & IT != 0 && before & EXCEPTION != after & EXCEPTION && self.core.reg(14) >= EXCEPTION_RETURN {
                self.keep_block(before & IT);
            }
            before = after;
            if self.polls.take() || self.core.is_asleep() {
                used += self.sleep(cycles.saturating_sub(used));
            }
        }
        self.counts.instructions.fetch_add(instructions, Ordering::Relaxed);
        used.saturating_sub(cycles)
    }

    /// Puts the remaining state of an IT block into the frame of the exception that was just entered.
    fn keep_block(&self, block: u32) {
        let Some(space) = self.core.space() else { return };
        let place = u64::from(self.core.reg(13) + FRAME_STATUS);
        if let Ok(status) = space.read(place, Width::U32, MemAttrs::DEBUG) {
            // The frame is in RAM, so what could be read can be written.
            let _ = space.write(place, Width::U32, status | u64::from(block), MemAttrs::DEBUG);
        }
    }

    /// Lets a sleeping core sleep on for fewer than so many cycles, and returns how many.
    fn sleep(&self, cycles: u64) -> u64 {
        self.core.with_sys(|system| {
            let counts = system.syst_csr & 1 != 0 && system.syst_rvr != 0;
            let due = if counts { u64::from(system.syst_cvr) } else { u64::MAX };
            // The last cycle before anything is due is the core's own.
            let slept = cycles.min(due).saturating_sub(1);
            system.tick_systick(slept);
            if system.highest_pending().is_some() { 0 } else { slept }
        })
    }
}

impl Device for DrivenCore {
    fn class(&self) -> &'static DeviceClass {
        self.core.class()
    }
    fn realize(&self, context: &mut RealizeCtx<'_>) -> rsemu::core::Result<()> {
        self.core.realize(context)
    }
    fn reset(&self, kind: ResetKind) {
        self.owed.store(0, Ordering::Relaxed);
        self.core.reset(kind);
    }
    fn save(&self, writer: &mut ChunkWriter<'_>) -> rsemu::core::Result<()> {
        self.core.save(writer)
    }
    fn load(&self, reader: &mut ChunkReader<'_>) -> rsemu::core::Result<()> {
        self.core.load(reader)
    }
    fn sink(&self, port: &str, sources: &[WireId]) -> Option<SinkPin> {
        self.core.sink(port, sources)
    }
    fn attach_cursor(&self, cursor: TickCursor) {
        Device::attach_cursor(&*self.core, cursor);
    }
    fn is_runnable(&self) -> bool {
        true
    }
    fn run(&self, budget: Budget) -> Consumed {
        let owed = self.owed.load(Ordering::Relaxed);
        let more = if self.is_stalled() { 0 } else { self.execute(budget.ticks.saturating_sub(owed), owed) };
        self.owed.store(owed.saturating_sub(budget.ticks) + more, Ordering::Relaxed);
        self.counts.cycles.fetch_add(budget.ticks, Ordering::Relaxed);
        Consumed::new(budget.ticks)
    }
}

impl Instance for DrivenCore {
    fn bind(&self, context: &BindCtx<'_>) -> rsemu::core::Result<()> {
        Instance::bind(&*self.core, context)
    }
}
