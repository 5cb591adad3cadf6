//! The point that a boot computes of a signature when an instruction is left out. To forge a signature for a certain
//! skip, an attacker must know that point before the hash of the signature's first half, R: it must be the same for any
//! R. Then R can be that point.

use super::images::Form;
use super::walk::{End, LONGEST, Walk, ended};
use lifeboot_core::layout::Board;
use lifeboot_tests::emulator::stm32f4::chip::Chip;
use lifeboot_tests::emulator::stm32f4::stepping::{Moment, Stops};
use lifeboot_tests::product::STM32F405;
use std::collections::HashMap;

const BOARD: &Board = STM32F405.board;

/// The time of an instruction: where it is, and the how many-th time that it is executed.
pub type Time = (u32, usize);
/// A point, as bytes.
pub type Point = [u8; 32];

impl Walk<'_> {
    /// The point for each instruction that is left out: of those from the key to the point that are executed once or
    /// twice, one in so many places. `None` if the boot accepts none as the result.
    pub fn points(&self, one_in: usize) -> HashMap<Time, Option<Point>> {
        let first = self.code.address("signature5minus");
        let last = match self.code.form() {
            Form::AtOnce => self.code.address("signature8compress"),
            Form::TwoParts => self.code.address("signature10compressed"),
        };
        let call = |function| self.steps.iter().position(|(place, _)| *place == function).unwrap();
        let (start, last_call) = (call(first), call(last));
        // Back in its caller.
        let caller = self.code.range(self.steps[last_call - 1].0);
        let end = last_call + self.steps[last_call..].iter().position(|(place, _)| caller.contains(place)).unwrap();
        let mut times: HashMap<u32, Vec<usize>> = HashMap::new();
        for (index, (place, _)) in self.steps.iter().enumerate().take(end).skip(start) {
            times.entry(*place).or_default().push(index);
        }
        times.retain(|place, times| times.len() <= 2 && (*place as usize / 2).is_multiple_of(one_in));
        let of_place = |(place, times): (u32, Vec<usize>)| {
            times.into_iter().enumerate().map(move |(number, index)| (index, (place, number)))
        };
        let mut times: Vec<(usize, Time)> = times.into_iter().flat_map(of_place).collect();
        times.sort_unstable();

        let (mut chip, mut moment, stops) = (self.chip(), Moment::default(), self.stops());
        let mut points = HashMap::new();
        let mut at = 0;
        for (index, time) in times {
            while at < index {
                chip.step();
                at += 1;
            }
            chip.save(&mut moment).unwrap();
            chip.skip().unwrap();
            points.insert(time, self.point(&mut chip, &stops, last));
            chip.restore(&moment).unwrap();
        }
        points
    }

    /// How the boot ends without this instruction.
    pub fn without(&self, (place, number): Time) -> Option<End> {
        let mut times = self.steps.iter().enumerate().filter(|(_, (executed, _))| *executed == place);
        let (index, _) = times.nth(number)?;
        let mut chip = self.chip();
        (0..index).for_each(|_| chip.step());
        chip.skip().unwrap();
        Some(self.end_of(&mut chip, &self.stops(), &self.states))
    }

    /// Runs on. Returns the point that `compressed` returns, if it is the same both times in which it comes in two parts.
    fn point(&self, chip: &mut Chip, stops: &Stops, compressed: u32) -> Option<Point> {
        let begin = chip.steps();
        while chip.steps() - begin < LONGEST && ended(chip, self.code).is_none() {
            let core = chip.core();
            let call = (core.pc() == compressed).then(|| (core.reg(0), core.reg(14) & !1, core.reg(13)));
            let taken = self.shortcuts.take(chip);
            let Some((result, back, stack)) = call else {
                if !taken {
                    chip.step_to(stops, LONGEST as usize);
                }
                continue;
            };
            while (chip.core().pc(), chip.core().reg(13)) != (back, stack) {
                if chip.steps() - begin > LONGEST || ended(chip, self.code).is_some() {
                    return None;
                }
                chip.step();
            }
            let mut points = [[0; 32]; 3];
            let offset = u64::from(result.checked_sub(BOARD.ram.start)?);
            chip.copy_ram(offset, points.as_flattened_mut()).ok()?;
            let [point, _, twin] = points;
            return (self.code.form() == Form::AtOnce || point == twin).then_some(point);
        }
        None
    }
}
