//! What rsemu's USART leaves out: IDLE, which says that the line has been silent for a whole character behind one that
//! was received, and says so once (RM0090, 30.3.3 and 30.6.1). Drivers that receive into a buffer wake their reader by
//! it.

use super::bridge::Fix;
use super::usart::{BRR, CR1, CR2, CR3, DR, GTPR, RECEIVED, SR, register};
use rsemu::core::device::Device;
use rsemu::core::state::ChunkReader;
use rsemu::dev::stm32::usart::Usart;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bits in registers (30.6).
const IDLE: u32 = 1 << 4;
const RECEIVES: u32 = 1 << 13 | 1 << 2;

/// The first silent character time may have begun late.
const WHOLE: u8 = 2;

/// Detects an idle line.
#[derive(Debug, Default)]
pub struct Silence(Mutex<LinkEvent>);

#[derive(Debug, Default)]
struct LinkEvent {
    /// Characters of silence since the last that was received; `None` once IDLE has been set for it.
    silent: Option<u8>,
    /// The byte that was given to the transmitter last.
    sent: u8,
}

impl Silence {
    fn received_at(&self) -> MutexGuard<'_, LinkEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fix<Usart> for Silence {
    fn read(&self, _: &Usart, offset: u64, _: u32) {
        if offset == DR {
            self.received_at().silent = Some(0);
        }
    }

    fn written(&self, _: &Usart, offset: u64, word: [u8; 4]) {
        if offset == DR {
            self.received_at().sent = word[0];
        }
    }

    fn ran(&self, usart: &Usart) {
        let mut heard = self.received_at();
        let status = register(usart, SR);
        heard.silent = match heard.silent {
            _ if register(usart, CR1) & RECEIVES != RECEIVES => None,
            _ if status & RECEIVED != 0 => Some(0),
            Some(silent) if silent + 1 == WHOLE => {
                set_status(usart, status | IDLE, heard.sent);
                None
            }
            silent => silent.map(|silent| silent + 1),
        };
    }
}

/// Sets the status: by the way of a snapshot, since the guest cannot. Its order is that of `Usart::load`.
fn set_status(usart: &Usart, status: u32, sent: u8) {
    let mut snapshot = Vec::new();
    for value in [CR1, CR2, CR3, BRR, GTPR].map(|offset| register(usart, offset)).into_iter().chain([status]) {
        snapshot.extend(value.to_le_bytes());
    }
    let status_was_read = 0;
    let interrupts = 0; // Recomputed.
    snapshot.extend([register(usart, DR) as u8, sent, status_was_read, interrupts]);
    if let Err(error) = usart.load(&mut ChunkReader::new(&snapshot)) {
        unreachable!("rsemu does not take its own snapshot: {error:?}");
    }
}
