//! The functions that a program's addresses belong to.

use super::images::Form;
use object::{Object, ObjectSymbol, SymbolKind};
use std::collections::HashSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// Functions that compute on numbers and decide nothing: SHA-2 and the curve.
const COMPUTE: [&str; 12] = [
    "lifeboot_compact",
    "lifeboot_field",
    "lifeboot_sha",
    "curve25519",
    "sha2",
    "ed25519",
    "signature",
    "block_buffer",
    "digest6digest",
    "digest..digest",
    "hybrid_array",
    "subtle",
];
/// Functions that the compiler or the linker added for all.
const SHARED: [&str; 5] = ["mem", "bcmp", "OUTLINED", "core5array", "core..array"];

/// What an instruction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Its function decides something.
    Decides,
    /// Its function works on numbers.
    Computes,
}

/// A program's functions.
pub struct Code {
    /// By address.
    functions: Vec<(u32, String)>,
    /// The addresses of functions that decide.
    decide: HashSet<u32>,
    /// The address of the function that answers the host.
    pub recovery: u32,
}

impl Code {
    /// The functions of an ELF file.
    pub fn read(elf: &Path) -> Self {
        let bytes = fs::read(elf).unwrap();
        let file = object::File::parse(&*bytes).unwrap();
        let mut functions: Vec<_> = file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Text && !symbol.name().unwrap_or("$").starts_with('$'))
            .map(|symbol| ((symbol.address() & !1) as u32, symbol.name().unwrap().to_owned()))
            .collect();
        functions.sort();
        functions.dedup_by_key(|(address, _)| *address);
        let decide = functions.iter().filter(|(_, name)| !names(&COMPUTE, name) && !names(&SHARED, name));
        let decide = decide.map(|(address, _)| *address).collect();
        let mut code = Code { functions, decide, recovery: 0 };
        code.recovery = code.address("bootloader8recovery6answer");
        code
    }

    fn index(&self, address: u32) -> Option<usize> {
        self.functions.partition_point(|(start, _)| *start <= address).checked_sub(1)
    }

    /// The function that an instruction belongs to.
    pub fn function(&self, address: u32) -> &str {
        self.index(address).map_or("?", |index| &self.functions[index].1)
    }

    /// From its first to behind its last instruction.
    pub fn range(&self, address: u32) -> Range<u32> {
        let index = self.index(address);
        let start = index.map_or(0, |index| self.functions[index].0);
        start..self.functions.get(index.map_or(0, |index| index + 1)).map_or(u32::MAX, |(next, _)| *next)
    }

    /// Whether a function that decides begins here.
    pub fn decides_from(&self, address: u32) -> bool {
        self.decide.contains(&address)
    }

    /// What an instruction is for.
    pub fn kind(&self, address: u32) -> Kind {
        if names(&COMPUTE, self.function(address)) { Kind::Computes } else { Kind::Decides }
    }

    /// The address of the only function whose name holds this text.
    pub fn address(&self, part: &str) -> u32 {
        let found: Vec<_> = self.functions.iter().filter(|(_, name)| name.contains(part)).collect();
        match &found[..] {
            [(address, _)] => *address,
            _ => panic!("not one function has {part} in its name, but {found:?}"),
        }
    }

    /// How it computes signatures.
    pub fn form(&self) -> Form {
        let has_parts = self.functions.iter().any(|(_, name)| name.contains("signature5raise"));
        if has_parts { Form::TwoParts } else { Form::AtOnce }
    }

    /// Whether it belongs to a function that all others call.
    pub fn is_shared(&self, address: u32) -> bool {
        names(&SHARED, self.function(address))
    }
}

/// Whether a function of this name only computes.
#[cfg(feature = "deep")]
pub fn computes(name: &str) -> bool {
    names(&COMPUTE, name)
}

fn names(parts: &[&str], name: &str) -> bool {
    parts.iter().any(|part| name.contains(part))
}
