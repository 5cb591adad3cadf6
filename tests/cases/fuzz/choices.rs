//! An input's bytes as a sequence of choices. After the last byte every choice is 0, so that each input is a complete
//! case.

/// Values at which comparisons and sums go wrong.
const EDGES: [u32; 24] = [
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    0x20,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x101,
    0x200,
    0x1ff,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fefe,
    0xffff_ff00,
    0xffff_fffc,
    0xffff_fffe,
    0xffff_ffff,
];

pub struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Choices { bytes }
    }

    pub fn is_done(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub fn chance(&mut self) -> bool {
        self.byte() & 1 != 0
    }

    pub fn word(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    /// A number below `limit`; 0 if `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        match limit {
            0 => 0,
            1..=0x100 => usize::from(self.byte()) % limit,
            0x101..=0x1_0000 => usize::from(u16::from_le_bytes(self.array())) % limit,
            _ => self.word() as usize % limit,
        }
    }

    pub fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// A word: an edge, one near `around`, or any.
    pub fn edge(&mut self, around: u32) -> u32 {
        match self.byte() % 4 {
            0 => self.one_of(&EDGES),
            1 => around.wrapping_add(self.one_of(&EDGES)),
            2 => around.wrapping_sub(self.one_of(&EDGES)),
            _ => self.word(),
        }
    }

    /// At most `limit` of the next bytes.
    pub fn bytes(&mut self, limit: usize) -> &'a [u8] {
        let length = self.below(limit + 1).min(self.bytes.len());
        self.take(length)
    }

    pub fn rest(&mut self) -> &'a [u8] {
        self.take(self.bytes.len())
    }

    /// Damages bytes: a bit, a byte, a word, a run, or the length.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.byte() % 8 {
            0 | 1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (self.byte() % 8)),
            2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = self.byte()),
            3 | 4 => {
                if let Some(word) = bytes.get_mut(at & !3..).and_then(<[u8]>::first_chunk_mut) {
                    *word = self.edge(u32::from_le_bytes(*word)).to_le_bytes();
                }
            }
            5 => bytes.iter_mut().skip(at).zip(self.bytes(32)).for_each(|(byte, new)| *byte = *new),
            6 => {
                let (from, length) = (self.below(bytes.len()), self.below(65));
                let run: Vec<u8> = bytes.iter().skip(from).take(length).copied().collect();
                bytes.iter_mut().skip(at).zip(run).for_each(|(byte, new)| *byte = new);
            }
            _ if self.chance() => bytes.truncate(at),
            _ => bytes.extend(self.bytes(64)),
        }
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let taken = self.take(N.min(self.bytes.len()));
        out[..taken.len()].copy_from_slice(taken);
        out
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        taken
    }
}

#[test]
fn an_input_that_ends_goes_on_with_zeros() {
    let mut choices = Choices::new(&[5, 1, 2]);
    assert_eq!((choices.below(3), choices.word(), choices.byte()), (2, 0x0201, 0));
    assert!(choices.is_done() && choices.rest().is_empty());
}
