//! The client of QEMU's gdb stub, for what QMP cannot do: write memory, break, step, read registers.
//!
//! Invariant: bytes are sent only while the CPU is stopped, since **any** byte that the stub receives while the guest
//! runs stops it, even an acknowledgement. So nothing here acknowledges: the stub takes the `$` of the next request for
//! it. Connected and silent, the stub costs the guest nothing.
//!
//! The guest is started and its stops are noticed by QMP, whose events are in order with its commands. The stub reports
//! stops too, depending on its version and without a request; those packets are skipped here and thrown away by
//! [`Gdb::drain`].

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Bytes a write packet: twice as many digits, and the stub takes packets of 4,096 characters.
const WRITE_LENGTH: usize = 1024;

pub struct Gdb {
    stream: UnixStream,
    received: Vec<u8>,
}

impl Gdb {
    pub fn new(stream: UnixStream) -> Result<Self> {
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// Writes RAM, or flash as a programmer would: no erase is needed. Peripherals are silently not written.
    pub fn write_memory(&mut self, address: u32, bytes: &[u8]) -> Result<()> {
        for (index, chunk) in bytes.chunks(WRITE_LENGTH).enumerate() {
            let start = address as usize + index * WRITE_LENGTH;
            let mut request = format!("M{start:x},{:x}:", chunk.len());
            for byte in chunk {
                let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
                request.extend([digit(byte >> 4), digit(byte & 0xF)]);
            }
            self.expect_ok(&request).with_context(|| format!("cannot write memory at {start:#010x}"))?;
        }
        Ok(())
    }

    /// Stops the guest before it executes the instruction at `address` (without the Thumb bit).
    pub fn set_breakpoint(&mut self, address: u32) -> Result<()> {
        self.expect_ok(&format!("Z0,{address:x},2"))
            .with_context(|| format!("cannot set a breakpoint at {address:#010x}"))
    }

    pub fn clear_breakpoint(&mut self, address: u32) -> Result<()> {
        self.expect_ok(&format!("z0,{address:x},2"))
            .with_context(|| format!("cannot clear the breakpoint at {address:#010x}"))
    }

    /// R0 to R15.
    pub fn registers(&mut self) -> Result<[u32; 16]> {
        let answer = self.ask("g")?;
        let mut registers = [0; 16];
        for (index, register) in registers.iter_mut().enumerate() {
            // Eight digits each, in the guest's byte order: little-endian.
            *register = answer
                .get(index * 8..index * 8 + 8)
                .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                .map(u32::swap_bytes)
                .ok_or_else(|| anyhow!("QEMU's gdb stub sent registers as {answer:?}"))?;
        }
        Ok(registers)
    }

    /// Lets one instruction run, without interrupts. QMP reports the stop after it.
    pub fn step(&mut self) -> Result<()> {
        self.send("s")
    }

    /// Throws away what the stub has reported so far: left unread, some 300 stops would fill the socket and block QEMU.
    pub fn drain(&mut self) -> Result<()> {
        self.received.clear();
        self.stream.set_nonblocking(true)?;
        let mut sink = [0; 4096];
        let end = loop {
            match self.stream.read(&mut sink) {
                Ok(0) => break Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.stream.set_nonblocking(false)?;
        end.context("cannot read from QEMU's gdb stub")
    }

    fn expect_ok(&mut self, request: &str) -> Result<()> {
        match self.ask(request)?.as_str() {
            "OK" => Ok(()),
            answer => bail!("QEMU's gdb stub answered {answer:?}"),
        }
    }

    fn ask(&mut self, request: &str) -> Result<String> {
        self.send(request)?;
        loop {
            let answer = self.packet()?;
            // No answer to these requests starts with the `T` of a stop report: hexadecimal digits are lower case.
            if !answer.starts_with('T') {
                return Ok(answer);
            }
        }
    }

    fn send(&mut self, request: &str) -> Result<()> {
        let checksum = request.bytes().fold(0, u8::wrapping_add);
        self.stream
            .write_all(format!("${request}#{checksum:02x}").as_bytes())
            .context("cannot write to QEMU's gdb stub")
    }

    /// The text between `$` and `#`; the acknowledgements before it and the checksum behind it say nothing on a socket.
    fn packet(&mut self) -> Result<String> {
        loop {
            let start = self.received.iter().position(|&byte| byte == b'$');
            let end = self.received.iter().position(|&byte| byte == b'#');
            if let (Some(start), Some(end)) = (start, end)
                && self.received.len() >= end + 3
            {
                let packet = self.received.get(start + 1..end).unwrap_or_default();
                let packet = String::from_utf8_lossy(packet).into_owned();
                self.received.drain(..end + 3);
                return Ok(packet);
            }
            let mut bytes = [0; 4096];
            let length = match self.stream.read(&mut bytes) {
                Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
                outcome => outcome,
            }
            .context("cannot read from QEMU's gdb stub")?;
            self.received.extend_from_slice(&bytes[..length]);
        }
    }
}
