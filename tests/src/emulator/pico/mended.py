"""What the chip's peripherals do, and rp2040py's leave out:

- TIMER counts the ticks of the watchdog: so many periods of the reference clock, which is the crystal's 12 MHz or, as
  after reset, the ring oscillator; rp2040py's counts microseconds. The ring oscillator is taken for one of 6.5 MHz, times
  what the bootloader has divided its divisor by. Alarms are right only where a tick is a microsecond.
- RESETS puts TIMER, UART0 and the pins into their state after reset.
- A UART that is not driven by the crystal or by 125 MHz has no clock that the model knows.
"""

from rp2040py.peripherals import clocks, reset, watchdog

CRYSTAL = 12.0  # MHz
RING = 6.5 * 8

# CLK_REF_CTRL, CLK_PERI_CTRL (RP2040 Datasheet, 2.15.7).
REF_SOURCE = 0b11
REF_CRYSTAL = 2
PERI_SOURCE = 0b111 << 5
PERI_CRYSTAL = 4 << 5
PERI_SYSTEM = 0


class Ticks:
    """TIMER's count, by ticks of the watchdog."""

    def __init__(self, mcu):
        self.mcu = mcu
        self.periods = 1
        self.count = 0.0
        self.since = mcu.clock.nanos
        self._write_watchdog = mcu.watchdog.write_uint32
        mcu.watchdog.write_uint32 = self._watchdog_written
        self._write_clocks = mcu.clocks.write_uint32
        mcu.clocks.write_uint32 = self._clocks_written
        self._reset_timer = mcu.timer.reset
        mcu.timer.reset = self._timer_reset
        mcu.timer._micros = self._now

    def _now(self):
        clock = CRYSTAL if self.mcu.clocks.ref_ctrl & REF_SOURCE == REF_CRYSTAL else RING
        return self.count + (self.mcu.clock.nanos - self.since) / 1000 * clock / self.periods

    def _settle(self):
        self.count, self.since = self._now(), self.mcu.clock.nanos

    def _watchdog_written(self, offset, value):
        if offset == watchdog.TICK:
            self._settle()
            self.periods = max(1, value & watchdog.CYCLES_MASK)
        self._write_watchdog(offset, value)

    def _clocks_written(self, offset, value):
        self._settle()
        self._write_clocks(offset, value)

    def _timer_reset(self):
        self._reset_timer()
        self.count, self.since = 0.0, self.mcu.clock.nanos


class Resets:
    """RESETS.RESET, for what the bootloader uses."""

    def __init__(self, mcu):
        self.mcu = mcu
        self._write = mcu.resets.write_uint32
        mcu.resets.write_uint32 = self._written

    def _written(self, offset, value):
        mcu = self.mcu
        before = mcu.resets.read_uint32(offset)
        self._write(offset, value)
        if offset != reset.RESET:
            return
        begins = value & ~before
        if begins & reset.RESET_TIMER:
            mcu.timer.reset()
        if begins & reset.RESET_UART0:
            mcu.uart[0].reset()
        pads, io = bool(begins & reset.RESET_PADS_BANK0), bool(begins & reset.RESET_IO_BANK0)
        if pads or io:
            for pin in mcu.gpio:
                pin.reset(io=io, pads=pads)


def uart_clock(mcu):
    """What drives the UARTs, in hertz; 0 where the model does not know."""
    source = mcu.clocks.read_uint32(clocks.CLK_PERI_CTRL) & PERI_SOURCE
    return {PERI_CRYSTAL: int(CRYSTAL * 1e6), PERI_SYSTEM: mcu.clk_peri}.get(source, 0)
