//! Decodes what the firmware logs with defmt, for tests that want to see it.

use defmt_decoder::{DecodeError, Table};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Collects a device's log.
pub struct Recorder {
    table: Table,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    /// A recorder for the firmware of this ELF file.
    pub fn new(elf: &Path) -> Self {
        let elf = std::fs::read(elf).unwrap();
        Recorder { table: Table::parse(&elf).unwrap().expect("the firmware has no defmt data"), bytes: Arc::default() }
    }

    /// The sink for everything that a link receives.
    pub fn sink(&self) -> impl FnMut(&[u8]) + 'static {
        let bytes = self.bytes.clone();
        move |piece| bytes.lock().unwrap().extend_from_slice(piece)
    }

    /// The messages so far.
    pub fn lines(&self) -> Vec<String> {
        let mut decoder = self.table.new_stream_decoder();
        decoder.received(&self.bytes.lock().unwrap());
        let mut lines = Vec::new();
        loop {
            match decoder.decode() {
                Ok(frame) => lines.push(frame.display_message().to_string()),
                // The beginning of the first frame may have been sent before the host connected.
                Err(DecodeError::Malformed) => {}
                Err(DecodeError::UnexpectedEof) => return lines,
            }
        }
    }
}
