"""The board's two cables, each to a TCP port of this machine: one client at a time.

A client of the UART's sends at 115,200 baud, and what the receiver has no room for is lost, as on a wire; so is what a chip
sends or receives that has set another baud rate, or has not given the pins to the UART. A core that asks for bytes that are still on the wire sleeps until they are
there, unless DMA takes them: it would do nothing but ask again, at a fortieth of a real one's speed. A client of USB's is a
program that has the port open; while no port is there, since the device is in reset or has not been recognised yet, a client
is sent away, and what the device sends while nobody is there is lost.
"""

import socket

from rp2040py.peripherals.usb import SIE_LINE_STATE_SHIFT, SIELineState
from rp2040py.usb.cdc import CDC_DTR, CDC_RTS, USBCDC

from rp2040py.peripherals.uart import UARTFR

from mended import RXDMAE, UARTDMACR, uart_clock

BAUD = 115_200
# How far off a receiver may be.
TOLERANCE = 0.02
# Start bit, 8 bits, stop bit.
NANOSECONDS_A_BYTE = 10 * 1e9 / BAUD
# Bytes that arrive at once, since the receiver does not interrupt for each one; it holds 32.
BURST = 8


class Cable:
    """One end of a cable: a listener, and at most one client."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.client = None

    def sockets(self):
        """What to wait for."""
        return [self.client or self.listener]

    def work(self):
        """Lets a client in, or out, and takes what one has sent."""
        if self.client is None:
            try:
                client, _ = self.listener.accept()
            except BlockingIOError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setblocking(False)
            self.client = client
            self.opened()
        if self.client is None:
            return
        try:
            sent = self.client.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            sent = b""
        if sent:
            self.received(sent)
        else:
            self.hang_up()

    def hang_up(self):
        """Sends the client away."""
        if self.client is not None:
            self.client.close()
            self.client = None
            self.closed()

    def send(self, data):
        """Sends to the client, if there is one that takes it."""
        if self.client is not None:
            try:
                self.client.send(data)
            except OSError:
                pass

    def opened(self):
        pass

    def closed(self):
        pass


class UartCable(Cable):
    """To the UART that the board's file names."""

    def __init__(self, mcu, board):
        super().__init__()
        self.mcu = mcu
        self.uart = mcu.uart[board["uart"]]
        self.tx, self.rx = mcu.gpio[board["tx"]], mcu.gpio[board["rx"]]
        self.function = board["function"]
        self.uart.on_byte = self._byte_leaves
        self.waiting = bytearray()
        self.alarm = mcu.clock.create_alarm(self._bytes_arrive)
        self._read = self.uart.read_uint32
        self.uart.read_uint32 = self._is_read
        self.is_awaited = False

    def received(self, data):
        idle = not self.waiting
        self.waiting += data
        if idle:
            self._schedule()

    def closed(self):
        self.waiting.clear()

    def _fits(self):
        divisor = self.uart.baud_divider
        return divisor > 0 and abs(uart_clock(self.mcu) / 16 / divisor / BAUD - 1) < TOLERANCE

    def _byte_leaves(self, byte):
        if self._fits() and self.tx.function_select == self.function:
            self.send(bytes([byte]))

    def _schedule(self):
        self.alarm.schedule(NANOSECONDS_A_BYTE * min(BURST, len(self.waiting)))

    def _is_read(self, offset):
        by_dma = self._read(UARTDMACR) & RXDMAE
        if offset == UARTFR and self.waiting and self.uart.rx_fifo.empty and not by_dma:
            self.mcu.core.waiting = self.is_awaited = True
        return self._read(offset)

    def receives(self):
        """Whether the chip has begun to."""
        return self.uart.enabled and self.uart.rx_enabled and self.rx.function_select == self.function

    def _bytes_arrive(self):
        if self.is_awaited:
            self.mcu.core.waiting = self.is_awaited = False
        for byte in self.waiting[:BURST]:
            if self.receives() and not self.uart.rx_fifo.full and self._fits():
                self.uart.feed_byte(byte)
        del self.waiting[:BURST]
        if self.waiting:
            self._schedule()


class UsbCable(Cable, USBCDC):
    """To the USB device, with a host that knows serial ports. rp2040py's answers each request for data at once, if with
    nothing; this one keeps it waiting, as the bus does. And a reset of the bus ends here: what goes round erratum
    RP2040-E5 waits for that."""

    RESET_ENDS = 100_000  # nanoseconds

    def __init__(self, mcu):
        Cable.__init__(self)
        USBCDC.__init__(self, mcu.usb_ctrl)
        self.waiting = bytearray()
        # Bytes that the device takes, by endpoint: it asks before its descriptors are read.
        self.wanted = {}
        self.on_serial_data = self.send
        self._reset_end = mcu.clock.create_alarm(self._reset_ends)
        self.usb.reset_alarm = mcu.clock.create_alarm(self._bus_reset)
        self._read_control = self.usb.on_endpoint_read
        self.usb.on_endpoint_read = self._endpoint_read
        self._forget_device = self.usb.on_reset
        self.usb.on_reset = self._unplugged

    @property
    def present(self):
        """Whether the system has a port for the device."""
        return self._initialized

    def opened(self):
        if self.present:
            self._tell_lines()
        else:
            self.hang_up()

    def closed(self):
        self.waiting.clear()
        if self.present:
            self._tell_lines()

    def received(self, data):
        self.waiting += data
        self._hand_over()

    def _tell_lines(self):
        self._cdc_set_control_line_state()

    def _cdc_set_control_line_state(self, value=None, interface_number=None):
        lines = CDC_DTR | CDC_RTS if self.client else 0
        super()._cdc_set_control_line_state(lines, interface_number)

    def _bus_reset(self):
        self.usb._on_reset_alarm()
        self._reset_end.schedule(self.RESET_ENDS)

    def _reset_ends(self):
        self.usb._sie_status |= SIELineState.J << SIE_LINE_STATE_SHIFT

    def _endpoint_read(self, endpoint, size):
        if endpoint == 0:
            self._read_control(endpoint, size)
        else:
            self.wanted[endpoint] = size
            self._hand_over()

    def _hand_over(self):
        if self.waiting and self._out_endpoint in self.wanted:
            packet = self.waiting[: self.wanted.pop(self._out_endpoint)]
            del self.waiting[: len(packet)]
            self.usb.endpoint_read_done(self._out_endpoint, packet)

    def _unplugged(self):
        self._forget_device()
        self.wanted.clear()
        self.hang_up()
