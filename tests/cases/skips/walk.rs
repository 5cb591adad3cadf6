//! One boot, instruction by instruction: unchanged, and the rest of one in which an instruction was left out.

use super::code::{Code, Kind};
use super::shortcut::Shortcuts;
use lifeboot_core::handover::HANDOVER_LENGTH;
use lifeboot_core::layout::Board;
use lifeboot_tests::emulator::stm32f4::chip::{Chip, Settings};
use lifeboot_tests::emulator::stm32f4::stepping::Stops;
use lifeboot_tests::product::STM32F405;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

const BOARD: &Board = STM32F405.board;

/// How a boot ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// The core is in a slot, in this boot or in the next one.
    Started,
    /// The bootloader has nothing to start, and enters recovery mode.
    Waits,
    /// It resets the chip.
    Resets,
    /// None of these in twice the time of a boot: the device hangs, which the user can end.
    Hangs,
}

/// Instructions of a boot, at most.
const ENDLESS: usize = 20_000_000;
/// Instructions of the rest of a boot, at most: more than twice those of a boot that starts its image.
pub(super) const LONGEST: u64 = 5_000_000;
/// How often a function is called, at most, at whose start the states are compared.
const SELDOM: usize = 6;

/// A digest of the state of a boot.
type State = [u8; 32];

/// An unchanged boot.
pub struct Walk<'a> {
    pub(super) code: &'a Code,
    flash: Vec<u8>,
    pub(super) ram: Vec<u8>,
    /// Each instruction.
    pub(super) steps: Vec<(u32, Kind)>,
    /// The states at the starts of functions that are called seldom.
    pub(super) states: HashSet<State>,
    /// The addresses of these functions.
    looks: HashSet<u32>,
    pub(super) shortcuts: Shortcuts,
    /// How it ends.
    pub end: End,
}

/// A chip with this in flash and RAM, before its first instruction.
pub(super) fn power_on(flash: &[u8], ram: &[u8]) -> Chip {
    let mut chip = Chip::power_on(flash, &Settings::default()).unwrap();
    chip.put_ram(0, ram).unwrap();
    chip
}

/// RAM when the bootloader is about to start firmware: everything that the next boot could find of this one.
pub fn left_behind(flash: &[u8]) -> Vec<u8> {
    let mut chip = power_on(flash, &[]);
    let own = chip.core().vtor();
    let arrived = (0..ENDLESS).any(|_| {
        chip.step();
        chip.core().vtor() != own
    });
    assert!(arrived, "a good image is not started");
    let mut ram = vec![0; BOARD.ram.length as usize];
    chip.copy_ram(0, &mut ram).unwrap();
    ram
}

/// How the boot has ended, if it has.
pub(super) fn ended(chip: &Chip, code: &Code) -> Option<End> {
    let core = chip.core();
    if BOARD.slot_at(core.pc()).is_some() {
        Some(End::Started)
    } else if core.pc() == code.recovery {
        Some(End::Waits)
    } else if core.reset_requested() {
        Some(End::Resets)
    } else {
        (core.is_locked_up() || core.is_asleep()).then_some(End::Hangs)
    }
}

/// Everything that the rest of a boot depends on: registers, the stack in use, the shared words, flash.
fn state(chip: &Chip) -> State {
    let mut hash = Sha256::new();
    let core = chip.core();
    let registers: Vec<u8> = (0..16).map(|register| core.reg(register)).flat_map(u32::to_le_bytes).collect();
    hash.update([&registers[..], &core.xpsr().to_le_bytes()].concat());
    let ram = BOARD.ram;
    let stack = core.reg(13).clamp(ram.start, ram.end());
    for (start, end) in [(ram.start, ram.start + HANDOVER_LENGTH), (stack, ram.end())] {
        let mut bytes = vec![0; (end - start) as usize];
        chip.copy_ram(u64::from(start - ram.start), &mut bytes).unwrap();
        hash.update(bytes);
    }
    let operations = chip.seen().count;
    hash.update(operations.to_le_bytes());
    if operations > 0 {
        hash.update(chip.flash());
    }
    hash.finalize().into()
}

impl<'a> Walk<'a> {
    /// Boots.
    pub fn new(code: &'a Code, flash: Vec<u8>, ram: Vec<u8>) -> Self {
        let mut chip = power_on(&flash, &ram);
        let (mut steps, mut calls) = (Vec::new(), HashMap::<u32, Vec<State>>::new());
        let mut shortcuts = Shortcuts::new(code);
        // Of the function that the last instruction belonged to.
        let (mut current, mut kind) = (0..0, Kind::Decides);
        let end = loop {
            let pc = chip.core().pc();
            if !current.contains(&pc) {
                if let Some(end) = ended(&chip, code) {
                    break end;
                }
                current = code.range(pc);
                // A function that all others call belongs to its caller.
                kind = code.kind(if code.is_shared(pc) { chip.core().reg(14) } else { pc });
            }
            if steps.len().is_multiple_of(64) && chip.stands() {
                break ended(&chip, code).unwrap_or(End::Hangs);
            }
            if code.decides_from(pc) {
                let states = calls.entry(pc).or_default();
                if states.len() <= SELDOM {
                    states.push(state(&chip));
                }
            }
            shortcuts.watch(&chip);
            assert!(steps.len() < ENDLESS, "the boot does not end");
            steps.push((pc, kind));
            chip.step();
        };
        calls.retain(|_, states| states.len() <= SELDOM);
        let looks = calls.keys().copied().collect();
        let states = calls.into_values().flatten().collect();
        let walk = Walk { code, flash, ram, steps, states, looks, shortcuts, end };
        assert_eq!(
            walk.end_of(&mut walk.chip(), &walk.stops(), &HashSet::new()),
            end,
            "a boot with shortcuts ends otherwise"
        );
        walk
    }

    pub(super) fn stops(&self) -> Stops {
        let mut stops = Stops::new(BOARD.flash_address, BOARD.bootloader.length);
        let places = self.looks.iter().copied().chain(self.shortcuts.places()).chain([self.code.recovery]);
        places.for_each(|place| stops.set(place));
        stops
    }

    /// The chip before the boot.
    pub(super) fn chip(&self) -> Chip {
        power_on(&self.flash, &self.ram)
    }

    /// Its number of instructions.
    pub fn length(&self) -> usize {
        self.steps.len()
    }

    /// Runs on to the boot's end, or to one of these states, from which it ends as the unchanged boot does.
    pub(super) fn end_of(&self, chip: &mut Chip, stops: &Stops, known: &HashSet<State>) -> End {
        let begin = chip.steps();
        let limit = LONGEST;
        loop {
            let pc = chip.core().pc();
            if let Some(end) = ended(chip, self.code) {
                return end;
            }
            if !known.is_empty() && self.looks.contains(&pc) && known.contains(&state(chip)) {
                return self.end;
            }
            if !self.shortcuts.take(chip) {
                let taken = chip.steps() - begin;
                if taken >= limit || !chip.step_to(stops, (limit - taken) as usize) {
                    return End::Hangs;
                }
            }
        }
    }
}
