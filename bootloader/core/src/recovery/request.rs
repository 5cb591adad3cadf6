//! What a host asks, read from a message: the part of `lifeboot_updater::wire` that a bootloader needs. The numbers are
//! those of the variants there, which never change.

use crate::image::{HEADER_LENGTH, HeaderBytes};
use crate::layout::Slot;

/// A request.
pub struct Request<'a> {
    /// Names the host.
    pub session: u16,
    /// Comes back in the answer.
    pub number: u8,
    /// What to do.
    pub command: Command<'a>,
}

/// What to do.
pub enum Command<'a> {
    /// Tell the state.
    Status,
    /// Start a transfer into this slot.
    Begin { header: &'a HeaderBytes, target: Slot },
    /// Take bytes that belong at an offset.
    Write { offset: u32, bytes: &'a [u8] },
    /// Everything was sent.
    Finish,
    /// Give up.
    Abort,
    /// Start what can be started.
    Reset,
    /// Something that only firmware does.
    Other,
}

/// The request in a message; `None` where there is none.
pub fn parse(message: &[u8]) -> Option<Request<'_>> {
    let mut rest = message;
    let session = number(&mut rest)? as u16;
    let number_of_request = byte(&mut rest)?;
    let command = match byte(&mut rest)? {
        0 => Command::Status,
        1 => {
            if number(&mut rest)? != HEADER_LENGTH as u32 {
                return None;
            }
            let (header, behind) = rest.split_first_chunk()?;
            // The version that is believed to run stands in between; nothing runs here.
            let [target, _force] = behind.last_chunk()?;
            Command::Begin { header, target: if *target == 0 { Slot::A } else { Slot::B } }
        }
        3 => {
            let offset = number(&mut rest)?;
            number(&mut rest)?;
            Command::Write { offset, bytes: rest }
        }
        5 => Command::Finish,
        6 => Command::Abort,
        9 => Command::Reset,
        _ => Command::Other,
    };
    Some(Request { session, number: number_of_request, command })
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    Some(*first)
}

/// A number as postcard has it: seven bits a byte, the lowest first.
fn number(rest: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let next = byte(rest)?;
        number |= u32::from(next & 0x7f).checked_shl(shift)?;
        shift += 7;
        if next & 0x80 == 0 {
            return Some(number);
        }
    }
}
