"""What the chip's peripherals do, and rp2040py's leave out:

- TIMER counts the ticks of the watchdog: so many periods of the reference clock (`oscillators.py`); rp2040py's counts
  microseconds. Alarms are right only where a tick is a microsecond.
- RESETS puts TIMER, the UARTs, DMA, the PLLs and the pins into their state after reset; DMA's channels with all that they have.
- A UART asks DMA for each byte that it has received. In rp2040py, it asks for those to send alone.
- A UART interrupts for room to send once after a byte has left (4.2.6.3). In rp2040py, it does so all the time.
- Flash is busy for as long as its data sheet says, typically. In rp2040py, it never is.
- Flash has a unique id. rp2040py's does not know the command.
- A UART that is not driven by the crystal or by 125 MHz has no clock that the model knows.
"""

from rp2040py.peripherals import clocks, reset, ssi, uart, watchdog

from oscillators import MEGAHERTZ

# CLK_PERI_CTRL (RP2040 Datasheet, 2.15.7).
PERI_SOURCE = 0b111 << 5
PERI_CRYSTAL = 4 << 5
PERI_SYSTEM = 0

# UARTDMACR (4.2.8): what is received is asked for.
UARTDMACR = 0x48
RXDMAE = 1 << 0


class Ticks:
    """TIMER's count, by ticks of the watchdog."""

    def __init__(self, mcu, clocks):
        self.mcu, self.clocks = mcu, clocks
        self.periods = 1
        self.count = 0.0
        self.since = mcu.clock.nanos
        self._write_watchdog = mcu.watchdog.write_uint32
        mcu.watchdog.write_uint32 = self._watchdog_written
        clocks.observers.append(self._settle)
        self._reset_timer = mcu.timer.reset
        mcu.timer.reset = self._timer_reset
        mcu.timer._micros = self._now

    def _now(self):
        clock = self.clocks.reference() / MEGAHERTZ
        return self.count + (self.mcu.clock.nanos - self.since) / 1000 * clock / self.periods

    def _settle(self):
        self.count, self.since = self._now(), self.mcu.clock.nanos

    def _watchdog_written(self, offset, value):
        if offset == watchdog.TICK:
            self._settle()
            self.periods = max(1, value & watchdog.CYCLES_MASK)
        self._write_watchdog(offset, value)

    def _timer_reset(self):
        self._reset_timer()
        self.count, self.since = 0.0, self.mcu.clock.nanos


class Resets:
    """RESETS.RESET, for what the bootloader uses."""

    def __init__(self, mcu, clocks):
        self.mcu, self.clocks = mcu, clocks
        self._write = mcu.resets.write_uint32
        mcu.resets.write_uint32 = self._written

    def _written(self, offset, value):
        mcu = self.mcu
        before = mcu.resets.read_uint32(offset)
        self._write(offset, value)
        if offset != reset.RESET:
            return
        self.clocks.hold(value)
        begins = value & ~before
        if begins & reset.RESET_TIMER:
            mcu.timer.reset()
        for number, bit in enumerate((reset.RESET_UART0, reset.RESET_UART1)):
            if begins & bit:
                mcu.uart[number].reset()
        if begins & reset.RESET_DMA:
            mcu.dma.reset()
        pads, io = bool(begins & reset.RESET_PADS_BANK0), bool(begins & reset.RESET_IO_BANK0)
        if pads or io:
            for pin in mcu.gpio:
                pin.reset(io=io, pads=pads)


class Dma:
    """DMA's channels after a reset (RP2040 Datasheet, 2.5.7): with no address and no count, and not busy. rp2040py leaves
    all that, and a channel that is busy is never started again."""

    def __init__(self, mcu):
        self.dma = mcu.dma
        self._reset = mcu.dma.reset
        mcu.dma.reset = self._is_reset

    def _is_reset(self):
        for channel in self.dma.channels:
            channel._ctrl = channel._read_addr = channel._write_addr = 0
            channel._trans_count = channel._trans_count_reload = 0
        self._reset()


class UartRequests:
    """A UART's requests to DMA: one stands while a byte that was received waits, if UARTDMACR (4.2.8) lets it."""

    def __init__(self, mcu, number):
        self.mcu = mcu
        self.uart = mcu.uart[number]
        self.control = 0
        self._read = self.uart.read_uint32
        self.uart.read_uint32 = self._is_read
        self._write = self.uart.write_uint32
        self.uart.write_uint32 = self._is_written
        self._feed = self.uart.feed_byte
        self.uart.feed_byte = self._is_fed
        self._reset = self.uart.reset
        self.uart.reset = self._is_reset

    def _ask(self):
        asks = self.control & RXDMAE and not self.uart.rx_fifo.empty
        (self.mcu.dma.set_dreq if asks else self.mcu.dma.clear_dreq)(self.uart.dreq.rx)

    def _is_read(self, offset):
        if offset == UARTDMACR:
            return self.control
        value = self._read(offset)
        if offset == uart.UARTDR:
            self._ask()
        return value

    def _is_written(self, offset, value):
        if offset == UARTDMACR:
            self.control = value & 0b111
            self._ask()
        else:
            self._write(offset, value)

    def _is_fed(self, byte):
        self._feed(byte)
        self._ask()

    def _is_reset(self):
        self._reset()
        self.control = 0
        self._ask()


class UartRoom:
    """A UART's interrupt for room to send: it comes of a byte that leaves, which here is at once, not of the room itself; and it
    stays until it is cleared (RP2040 Datasheet, 4.2.6.3)."""

    def __init__(self, mcu, number):
        self.mcu = mcu
        self.uart = mcu.uart[number]
        self.uart.check_interrupts = self._check
        self._write = self.uart.write_uint32
        self.uart.write_uint32 = self._is_written

    def _check(self):
        self.mcu.set_interrupt(self.uart.irq, bool(self.uart._interrupt_status & self.uart._interrupt_mask))

    def _is_written(self, offset, value):
        self._write(offset, value)
        if offset == uart.UARTDR:
            self.uart._interrupt_status |= uart.UARTTXINTR
            self._check()


class Busy:
    """Flash at work (W25Q16JV, 7.1.1 and 9.6). Asking it takes long meanwhile, or the core would ask for tens of millions of
    instructions; interrupts wait, as for the end of any other instruction."""

    # Nanoseconds that a command takes.
    TIMES = {ssi.CMD_SECTOR_ERASE: 45e6, ssi.CMD_BLOCK_ERASE: 150e6, ssi.CMD_PAGE_PROGRAM: 0.4e6}
    # Nanoseconds that asking takes.
    ASKING = 0.5e6
    BUSY = 1 << 0

    def __init__(self, mcu):
        self.mcu = mcu
        self.until = 0.0
        self._shift = mcu.ssi._shift_byte
        mcu.ssi._shift_byte = self._shifted

    def begin(self, command):
        """A command has come that takes time."""
        self.until = self.mcu.clock.nanos + self.TIMES[command]

    def _shifted(self, byte):
        answer = self._shift(byte)
        sent, left = self.mcu.ssi._tx_buffer, self.until - self.mcu.clock.nanos
        if left <= 0 or len(sent) < 2 or sent[0] != ssi.CMD_READ_STATUS_1:
            return answer
        self.mcu.clock.tick(min(left, self.ASKING))
        return answer | self.BUSY


class UniqueId:
    """The flash's unique id, after four bytes that say nothing (W25Q16JV, 8.1.2)."""

    COMMAND = 0x4B
    BEFORE = 5
    ID = bytes.fromhex("e6614103e7452d2f")

    def __init__(self, mcu):
        self.mcu = mcu
        self._shift = mcu.ssi._shift_byte
        mcu.ssi._shift_byte = self._shifted

    def _shifted(self, byte):
        answer = self._shift(byte)
        sent = self.mcu.ssi._tx_buffer
        place = len(sent) - 1 - self.BEFORE
        return self.ID[place] if sent[0] == self.COMMAND and 0 <= place < len(self.ID) else answer


def uart_clock(mcu):
    """What drives the UARTs, in hertz; 0 where the model does not know."""
    source = mcu.clocks.read_uint32(clocks.CLK_PERI_CTRL) & PERI_SOURCE
    return {PERI_CRYSTAL: mcu.xosc.hertz(), PERI_SYSTEM: mcu.clk_peri}.get(source, 0)
