//! Repeats a boot, each time with one instruction left out.

use super::code::Kind;
use super::walk::{End, Walk, power_on};
use lifeboot_tests::chance::Chance;
use lifeboot_tests::emulator::stm32f4::stepping::Moment;
use lifeboot_tests::tier::IS_DEEP;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How often an instruction of a loop is left out: at its start, at its end, and at random.
const OF_A_LOOP: usize = 3;
/// Instructions that are executed at most so often count as seldom: once in each of the two products of each of a
/// signature's two parts.
const SELDOM: usize = 4;
/// By default a boot leaves out one in so many instructions after the first header; other boots leave out the others.
const LATE: usize = 5;

/// How much is left out.
#[derive(Clone, Copy)]
pub struct Depth {
    /// One in so many of the instructions that compute.
    pub sample: usize,
    /// Names of functions of which all seldom executed instructions are left out.
    pub whole: &'static [&'static str],
    /// Of the code before the first header is read: which part, and of how many.
    pub share: (usize, usize),
    /// Names of functions of which each execution is left out while the content is checked for the first time, unless it is one of
    /// more than [`OF_CONTENT`] of its instruction.
    pub of_content: &'static [&'static str],
}

/// More than it takes to copy the content or to read it by words, and less than the rounds of its hash.
const OF_CONTENT: usize = 100;

/// How the boots with one instruction left out ended.
#[derive(Default)]
pub struct Ends {
    /// How often each.
    pub counts: BTreeMap<End, usize>,
    /// Instructions that were left out at least once.
    pub places: HashSet<u32>,
    /// Addresses of instructions without which the image starts, and how often.
    pub doors: BTreeMap<u32, usize>,
}

impl Walk<'_> {
    /// Which of them to leave out: all that decide, but of loops a part; of those that compute, one in `sample`, and
    /// what is executed seldom of the functions that are left out as a `whole`. What comes before the first header is
    /// read is the same in all boots, so a boot has its `share` of it: which, and of how many.
    fn chosen(&self, Depth { sample, whole, share, of_content }: Depth) -> Vec<usize> {
        let header = self.code.address("check_header");
        let header = self.steps.iter().position(|(place, _)| *place == header).unwrap_or(0);
        let mut places: HashMap<(u32, Kind, bool), Vec<usize>> = HashMap::new();
        for (index, (place, kind)) in self.steps.iter().enumerate() {
            places.entry((*place, *kind, index < header)).or_default().push(index);
        }
        let mut chosen = HashSet::new();
        for ((address, kind, early), times) in places {
            let mut chance = Chance::new(u64::from(address));
            let mut any = || times[chance.below(times.len())];
            let number = address as usize / 2;
            let is_whole = whole.iter().any(|name| self.code.function(address).contains(name));
            if kind == Kind::Computes {
                if times.len() <= SELDOM && is_whole {
                    chosen.extend(times);
                    continue;
                }
                if number.is_multiple_of(sample) {
                    chosen.insert([times[times.len() - 1], any()][number / sample % 2]);
                }
                continue;
            }
            let mut these = HashSet::new();
            let each = if IS_DEEP { OF_A_LOOP } else { 1 };
            these.extend((0..each).map(|_| any()));
            these.extend(times.iter().take(each));
            these.extend(times.iter().rev().take(each));
            if (is_whole || IS_DEEP) && times.len() <= 8 * OF_A_LOOP {
                these.extend(times);
            }
            let (which, of) = match early {
                true => share,
                false if is_whole || IS_DEEP => (0, 1),
                false => (share.0 % LATE, LATE),
            };
            chosen.extend(these.into_iter().filter(|index| (index + number) % of == which));
        }
        chosen.extend(self.of_content(of_content));
        let mut chosen = Vec::from_iter(chosen);
        chosen.sort_unstable();
        chosen
    }

    /// The executions of these functions while the content is checked for the first time.
    fn of_content(&self, names: &[&str]) -> Vec<usize> {
        let check = self.code.address("verify13check_content");
        let mut starts = (0..self.steps.len()).filter(|index| self.steps[*index].0 == check);
        let (Some(start), Some(end)) = (starts.next(), starts.next()) else { return Vec::new() };
        let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
        for index in start..end {
            let address = self.steps[index].0;
            if names.iter().any(|name| self.code.function(address).contains(name)) {
                places.entry(address).or_default().push(index);
            }
        }
        places.into_values().filter(|times| times.len() <= OF_CONTENT).flatten().collect()
    }

    /// Boots once for each instruction to leave out.
    pub fn leave_out_each(&self, depth: Depth) -> Ends {
        let mut ends = Ends::default();
        let mut chip = self.chip();
        let mut moment = Moment::default();
        let stops = self.stops();
        let mut at = 0;
        for index in self.chosen(depth) {
            while at < index {
                chip.step();
                at += 1;
            }
            let place = chip.core().pc();
            assert_eq!(place, self.steps[index].0, "two boots of the same chip differ");
            chip.save(&mut moment).unwrap();
            chip.skip().unwrap();
            let operations = chip.seen().count;
            let mut end = self.end_of(&mut chip, &stops, &self.states);
            if end != End::Started && chip.seen().count != operations {
                // Flash keeps what was written: the next boot, with all instructions, must not start the image either.
                let mut next = power_on(&chip.flash(), &self.ram);
                if self.end_of(&mut next, &stops, &HashSet::new()) == End::Started {
                    end = End::Started;
                }
            }
            *ends.counts.entry(end).or_default() += 1;
            ends.places.insert(place);
            if end == End::Started {
                *ends.doors.entry(place).or_default() += 1;
            }
            chip.restore(&moment).unwrap();
        }
        ends
    }
}
