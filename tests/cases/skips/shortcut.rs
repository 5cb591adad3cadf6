//! Most of a boot's time is spent in five functions that only compute. If one of them is called with arguments that it
//! had before, its known result is inserted: the same boot, some hundred times as fast.

use super::code::Code;
use super::images::Form;
use lifeboot_core::image::SIGNED_LENGTH;
use lifeboot_core::layout::Board;
use lifeboot_tests::emulator::stm32f4::chip::Chip;
use lifeboot_tests::product::STM32F405;
use std::collections::HashMap;

const BOARD: &Board = STM32F405.board;

/// A function of the signature check. The first argument, r0, is where its result goes.
struct Function {
    place: u32,
    /// Bytes behind the arguments from this register on: 1, or 0 where the result replaces an argument.
    first: u8,
    arguments: &'static [usize],
    result: usize,
}

/// A call that has not returned.
struct Call {
    returns: (u32, u32),
    key: (u32, Vec<u8>),
    result: (u32, usize),
    ram: Vec<u8>,
}

/// Calls of the unchanged boot, with their results.
pub struct Shortcuts {
    functions: Vec<Function>,
    known: HashMap<(u32, Vec<u8>), Vec<u8>>,
    open: Option<Call>,
}

fn ram(chip: &Chip, address: u32, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    let offset = address.checked_sub(BOARD.ram.start)?;
    chip.copy_ram(u64::from(offset), &mut bytes).ok()?;
    Some(bytes)
}

impl Shortcuts {
    /// For these functions of a bootloader.
    pub fn new(code: &Code) -> Self {
        let function = |name, arguments, result| Function { place: code.address(name), first: 1, arguments, result };
        let in_place = |name, arguments, result| Function { first: 0, ..function(name, arguments, result) };
        let mut functions = vec![
            function("challenge", &[32, 32, SIGNED_LENGTH], 32),
            // An Option of four numbers of ten words, or of five of eight.
            function("signature5minus", &[32], 4 + 4 * 40),
            function("signature7product", &[4 * 40, 32, 32], 4 * 40),
        ];
        match code.form() {
            Form::AtOnce => functions.push(function("signature8compress", &[4 * 40], 32)),
            Form::TwoParts => functions.extend([
                in_place("signature5raise", &[4 * 40], 4 * 40),
                function("signature10compressed", &[4 * 40, 4 * 40], 3 * 32),
            ]),
        }
        Shortcuts { functions, known: HashMap::new(), open: None }
    }

    /// Their addresses.
    pub fn places(&self) -> impl Iterator<Item = u32> {
        self.functions.iter().map(|function| function.place)
    }

    /// Observes each instruction of the unchanged boot, and records the functions' results.
    pub fn watch(&mut self, chip: &Chip) {
        let (core, pc) = (chip.core(), chip.core().pc());
        if let Some(call) = self.open.take_if(|call| (pc, core.reg(13)) == call.returns) {
            let (address, length) = call.result;
            self.known.insert(call.key, ram(chip, address, length).unwrap());
            // The result is the only effect of a call.
            let stack = (core.reg(13) - BOARD.ram.start) as usize;
            let start = (address - BOARD.ram.start) as usize;
            let now = ram(chip, BOARD.ram.start, BOARD.ram.length as usize).unwrap();
            assert!(now[stack..start] == call.ram[stack..start] && now[start + length..] == call.ram[start + length..]);
        }
        if let Some((function, key)) = self.call(chip) {
            let result = (core.reg(0), function.result);
            let ram = ram(chip, BOARD.ram.start, BOARD.ram.length as usize).unwrap();
            self.open = Some(Call { returns: (core.reg(14) & !1, core.reg(13)), key, result, ram });
        }
    }

    /// The call that begins here, if any: the function and its arguments.
    fn call(&self, chip: &Chip) -> Option<(&Function, (u32, Vec<u8>))> {
        let (core, pc) = (chip.core(), chip.core().pc());
        let function = self.functions.iter().find(|function| function.place == pc)?;
        let mut inputs = Vec::new();
        for (register, length) in (function.first..).zip(function.arguments) {
            inputs.extend(chip.read_memory(core.reg(register), *length).ok()?);
        }
        Some((function, (function.place, inputs)))
    }

    /// Inserts the result of a known call. Returns whether there was one.
    pub fn take(&self, chip: &mut Chip) -> bool {
        let Some((_, key)) = self.call(chip) else { return false };
        let Some(result) = self.known.get(&key) else { return false };
        let core = chip.core();
        let Some(offset) = core.reg(0).checked_sub(BOARD.ram.start) else { return false };
        let back = core.reg(14);
        if back & 1 == 0 || chip.put_ram(u64::from(offset), result).is_err() {
            return false;
        }
        chip.core().set_pc(back & !1);
        true
    }
}
