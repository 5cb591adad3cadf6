//! The few Thumb instructions that decide whether an image can be rebased (Armv7-M Architecture Reference Manual,
//! DDI 0403). A 32-bit instruction is two halfwords, the first one at the lower address.

/// Returns the target of a 32-bit branch at `address`: `BL` (A7.7.18, T1), `B.W` (A7.7.12, T4) or `B<c>.W` (T3).
pub fn branch(address: u32, first: u16, second: u16) -> Option<u32> {
    if first & 0xf800 != 0xf000 {
        return None;
    }
    let bit = |half: u16, bit: u16| u32::from(half >> bit & 1);
    let (sign, j1, j2) = (bit(first, 10), bit(second, 13), bit(second, 11));
    let low = u32::from(second & 0x7ff) << 1;
    let offset = match second & 0xd000 {
        0xd000 | 0x9000 => {
            let (i1, i2) = (j1 ^ sign ^ 1, j2 ^ sign ^ 1);
            let value = sign << 24 | i1 << 23 | i2 << 22 | u32::from(first & 0x3ff) << 12 | low;
            sign_extended(value, 25)
        }
        // A condition of 0b111x encodes another instruction.
        0x8000 if first & 0x0380 != 0x0380 => {
            let value = sign << 20 | j2 << 19 | j1 << 18 | u32::from(first & 0x3f) << 12 | low;
            sign_extended(value, 21)
        }
        _ => return None,
    };
    Some(address.wrapping_add(4).wrapping_add(offset))
}

fn sign_extended(value: u32, bits: u32) -> u32 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) as u32
}

/// A move of 16 bits into one half of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalfMove {
    /// Whether it is `MOVT`; otherwise it is `MOVW`.
    pub upper: bool,
    /// Number of the register.
    pub register: u16,
    /// The 16 bits.
    pub value: u16,
}

/// Decodes `MOVW` (A7.7.76, T3) and `MOVT` (A7.7.79, T1).
pub fn half_move(first: u16, second: u16) -> Option<HalfMove> {
    let upper = match first & 0xfbf0 {
        0xf240 => false,
        0xf2c0 => true,
        _ => return None,
    };
    if second & 0x8000 != 0 {
        return None;
    }
    let value = (first & 0xf) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xff;
    Some(HalfMove { upper, register: second >> 8 & 0xf, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodings are those of `llvm-mc -triple=thumbv7em -show-encoding`.
    #[test]
    fn branches_as_the_manual_encodes_them() {
        assert_eq!(branch(0x1000, 0xf000, 0xf800), Some(0x1004), "bl .+4");
        assert_eq!(branch(0x1000, 0xf7ff, 0xfffe), Some(0x1000), "bl .");
        assert_eq!(branch(0x1000, 0xf001, 0xb800), Some(0x2004), "b.w .+0x1004");
        assert_eq!(branch(0x1000, 0xf43f, 0xaffe), Some(0x1000), "beq.w .");
        assert_eq!(branch(0x1000, 0xf000, 0xe800), None, "blx: there is no Arm state to go to");
        assert_eq!(branch(0x1000, 0xf3bf, 0x8f4f), None, "dsb");
        assert_eq!(branch(0x1000, 0xb403, 0x4801), None, "16-bit instructions");
        assert_eq!(branch(0x0, 0xf400, 0x9000), Some(0xff00_0004), "the farthest back");
    }

    #[test]
    fn half_moves_as_the_manual_encodes_them() {
        let movw = HalfMove { upper: false, register: 12, value: 0x1234 };
        assert_eq!(half_move(0xf241, 0x2c34), Some(movw));
        let movt = HalfMove { upper: true, register: 0, value: 0x0802 };
        assert_eq!(half_move(0xf6c0, 0x0002), Some(movt));
        assert_eq!(half_move(0xf240, 0x8c00), None);
        assert_eq!(half_move(0xf000, 0xf800), None);
    }
}
