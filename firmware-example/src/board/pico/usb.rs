//! A serial port over USB (CDC ACM), which every operating system supports without a driver.
//!
//! The interrupt handles all of USB. While received bytes are not read, the next packet stays with the host, so nothing
//! is lost however long the firmware is busy. While no program on the host has the port open, output is dropped: it
//! would wait endlessly.

use core::cell::RefCell;
use core::convert::Infallible;
use cortex_m::peripheral::NVIC;
use critical_section::Mutex;
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use heapless::spsc::{Consumer, Producer, Queue};
use rp2040_hal::clocks::UsbClock;
use rp2040_hal::pac::{self, RESETS, USBCTRL_DPRAM, USBCTRL_REGS, interrupt};
use rp2040_hal::usb::UsbBus;
use usb_device::bus::UsbBusAllocator;
use usb_device::device::{StringDescriptors, UsbDevice, UsbDeviceBuilder, UsbDeviceState, UsbVidPid};
use usbd_serial::{SerialPort, USB_CLASS_CDC};

/// For tests only (<https://pid.codes/1209/0001/>): a product needs an identity of its own.
const IDENTITY: UsbVidPid = UsbVidPid(0x1209, 0x0001);

/// One more than the bytes that are buffered between two reads; further bytes stay with the host.
const QUEUE: usize = 1024;

/// Bytes of a packet.
const PACKET: usize = 64;

/// Core clocks in 10 ms: a host that has the port open fetches a packet within that time.
const FETCHED: u32 = 1_250_000;

struct Usb {
    device: UsbDevice<'static, UsbBus>,
    port: SerialPort<'static, UsbBus>,
    received: Producer<'static, u8>,
}

static USB: Mutex<RefCell<Option<Usb>>> = Mutex::new(RefCell::new(None));

/// The port.
pub struct Port {
    received: Consumer<'static, u8>,
}

/// Configures the port. Panics if it is called twice.
pub fn start(registers: USBCTRL_REGS, memory: USBCTRL_DPRAM, clock: UsbClock, resets: &mut RESETS) -> Port {
    let bus = UsbBusAllocator::new(UsbBus::new(registers, memory, clock, true, resets));
    let (Some(bus), Some(queue)) = (
        cortex_m::singleton!(: UsbBusAllocator<UsbBus> = bus),
        cortex_m::singleton!(: Queue<u8, QUEUE> = Queue::new()),
    ) else {
        panic!("started twice");
    };
    let port = SerialPort::new(bus);
    let names = StringDescriptors::default().manufacturer("Lifeboot").product("Lifeboot example");
    let builder = UsbDeviceBuilder::new(bus, IDENTITY).device_class(USB_CLASS_CDC).strings(&[names]);
    let Ok(builder) = builder.and_then(|builder| builder.max_packet_size_0(PACKET as u8)) else {
        panic!("usb-device does not take these");
    };
    let device = builder.build();
    let (producer, received) = queue.split();
    critical_section::with(|section| USB.borrow_ref_mut(section).replace(Usb { device, port, received: producer }));
    // SAFETY: the handler is below, and what it uses has been set up above.
    unsafe { NVIC::unmask(pac::Interrupt::USBCTRL_IRQ) };
    Port { received }
}

#[interrupt]
fn USBCTRL_IRQ() {
    // A packet without room for it would interrupt endlessly, and the code that makes room would never run.
    if !with_usb(true, Usb::work) {
        NVIC::mask(pac::Interrupt::USBCTRL_IRQ);
    }
}

/// Runs `action` on the port; returns `otherwise` if the port is not configured, or if a panic interrupted such an
/// action.
fn with_usb<T>(otherwise: T, action: impl FnOnce(&mut Usb) -> T) -> T {
    critical_section::with(|section| match USB.borrow(section).try_borrow_mut().as_deref_mut() {
        Ok(Some(usb)) => action(usb),
        _ => otherwise,
    })
}

impl Usb {
    /// Handles pending events; returns whether there was room for everything that was received.
    fn work(&mut self) -> bool {
        let Usb { device, port, received } = self;
        device.poll(&mut [port]);
        let mut packet = [0; PACKET];
        loop {
            let room = PACKET.min(received.capacity() - received.len());
            if room == 0 {
                return false;
            }
            match port.read(&mut packet[..room]) {
                Ok(length) if length > 0 => {
                    for byte in &packet[..length] {
                        let _ = received.enqueue(*byte);
                    }
                }
                _ => return true,
            }
        }
    }

    /// Whether a program on the host has the port open.
    fn is_open(&self) -> bool {
        self.device.state() == UsbDeviceState::Configured && self.port.dtr()
    }
}

impl ErrorType for Port {
    type Error = Infallible;
}

impl ReadReady for Port {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.received.ready())
    }
}

impl Read for Port {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let mut length = 0;
        for (place, byte) in bytes.iter_mut().zip(core::iter::from_fn(|| self.received.dequeue())) {
            *place = byte;
            length += 1;
        }
        if !self.received.ready() {
            // A packet may still be waiting for room.
            // SAFETY: the interrupt was enabled before; no critical section relies on its being masked.
            unsafe { NVIC::unmask(pac::Interrupt::USBCTRL_IRQ) };
        }
        Ok(length)
    }
}

impl WriteReady for Port {
    /// True once all earlier output is being sent.
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(with_usb(true, |usb| !usb.is_open() || usb.port.flush().is_ok()))
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(with_usb(bytes.len(), |usb| match usb.is_open() {
            true => usb.port.write(bytes).unwrap_or(0),
            false => bytes.len(),
        }))
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while !self.write_ready()? {}
        Ok(())
    }
}

/// Sends bytes, and waits a bounded time until a host has taken them. Also works with interrupts disabled.
pub fn write_now(bytes: &[u8]) {
    let mut rest = bytes;
    for _ in 0..100_000 {
        let sent = with_usb(None, |usb| {
            usb.work();
            usb.is_open().then(|| usb.port.write(rest).unwrap_or(0))
        });
        let Some(sent) = sent else { return };
        rest = &rest[sent..];
        if rest.is_empty() {
            return;
        }
    }
}

/// Waits long enough for the host to fetch what was sent last.
pub fn finish() {
    if with_usb(false, |usb| usb.is_open()) {
        cortex_m::asm::delay(FETCHED);
    }
}
