//! What rsemu's USART leaves out: while DMAR is set, a received byte requests DMA for as long as it is in the data
//! register, and does not interrupt unless that is enabled (RM0090, 30.3.13).

use super::bridge::Fix;
use super::usart::{CR3, FETCHED, RECEIVED, SR, register};
use rsemu::core::wire::{Level, WireSource};
use rsemu::dev::stm32::usart::Usart;
use rsemu::dev::stm32::usart::schema;
use rsemu::machine::validate::{ClassSchema, PortDir};
use std::sync::OnceLock;

/// The output's name on the board.
const OUTPUT: &str = "rxdma";

/// Drives the request. It has no state beside the USART's registers.
#[derive(Debug, Default)]
pub struct Request(OnceLock<WireSource>);

/// rsemu's USART, with this output.
pub fn usart() -> ClassSchema {
    schema().port(OUTPUT, PortDir::Out)
}

impl Request {
    fn drive(&self, usart: &Usart) {
        let asks = register(usart, CR3) & FETCHED != 0 && register(usart, SR) & RECEIVED != 0;
        if let Some(wire) = self.0.get() {
            wire.set(Level::from(asks));
        }
    }
}

impl Fix<Usart> for Request {
    fn read(&self, usart: &Usart, _: u64, _: u32) {
        self.drive(usart);
    }

    fn written(&self, usart: &Usart, _: u64, _: [u8; 4]) {
        self.drive(usart);
    }

    fn ran(&self, usart: &Usart) {
        self.drive(usart);
    }

    fn connect(&self, port: &str, source: &WireSource) -> bool {
        port == OUTPUT && self.0.set(source.clone()).is_ok()
    }
}
