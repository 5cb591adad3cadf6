"""What the core's clock comes from, which rp2040py leaves out: ring oscillator, crystal, PLLs, and what CLOCKS selects of them.

Chapters are those of the RP2040 Datasheet.

- The ring oscillator is taken for one of 6.5 MHz after reset (2.17), and its divisor counts.
- The crystal has 12 MHz. It is stable as long after its start as STARTUP says (2.16.3), or never.
- A PLL locks a while after its VCO was switched on, if the crystal runs, or never; while RESETS holds it, it is as after
  reset. The datasheet does not say how long the lock takes: 0.1 ms here.
- A core whose clock has no source stops, and the board complains; so it does of a clock beyond the limit, and of an
  AUXSRC that changes while it is in use, which may glitch (2.15.3.2).

rp2040py itself runs at 125 MHz whatever is selected; only instructions that are counted take the time that they should.
"""

from rp2040py.peripherals import clocks, xosc
from rp2040py.peripherals.peripheral import BasePeripheral

MEGAHERTZ = 1_000_000
CRYSTAL = 12 * MEGAHERTZ
RING = 6.5 * MEGAHERTZ
LIMIT = 133 * MEGAHERTZ
LOCKS_IN = 0.1e6  # nanoseconds

# Where they are in rp2040py's table.
CRYSTAL_BASE, PLL_BASES, RING_BASE = 0x40024, (0x40028, 0x4002C), 0x40060
# Their bits in RESETS.RESET (2.14).
PLL_RESETS = (1 << 12, 1 << 13)

# CLK_REF_CTRL, CLK_SYS_CTRL (2.15.7).
REF_SOURCE, REF_CRYSTAL = 0b11, 2
SYS_AUX, AUXSRC = 1 << 0, 0b111 << 5


class Ring(BasePeripheral):
    """ROSC. A reset by the watchdog does not reach it."""

    CTRL, DIV, STATUS = 0x00, 0x10, 0x18
    DISABLE, ENABLED = 0xD1E, 1 << 31 | 1 << 12
    # What stands before a divisor, and the divisor after reset.
    PASS, DIVISOR = 0xAA0, 16

    def __init__(self, mcu, clocks):
        super().__init__(mcu, "ROSC_BASE")
        self.clocks = clocks
        self.reset()

    def reset(self):
        self.values = {self.CTRL: self.PASS, self.DIV: self.PASS + self.DIVISOR}

    def read_uint32(self, offset):
        if offset == self.STATUS:
            return self.ENABLED if self.hertz() else 0
        return self.values.get(offset, 0)

    def write_uint32(self, offset, value):
        with self.clocks:
            self.values[offset] = value

    def hertz(self):
        if self.values[self.CTRL] >> 12 == self.DISABLE:
            return 0
        divisor = self.values[self.DIV] - self.PASS
        # Without the pass, it is as large as can be.
        divisor = divisor or 32 if 0 <= divisor < 32 else 31
        return RING * self.DIVISOR / divisor


class Crystal(xosc.RPXOSC):
    """XOSC, which takes its time."""

    STARTUP = 0xC4

    def __init__(self, mcu, clocks, starts):
        super().__init__(mcu, "XOSC_BASE")
        self.clocks, self.starts = clocks, starts
        self.stable_at = 0.0
        self._startup = self.STARTUP

    def reset(self):
        super().reset()
        self._startup = self.STARTUP

    def read_uint32(self, offset):
        if offset == xosc.XOSC_STATUS:
            self._stable = bool(self.hertz())
        return super().read_uint32(offset)

    def write_uint32(self, offset, value):
        with self.clocks:
            was_enabled = self._enabled
            super().write_uint32(offset, value)
            if self._enabled and not was_enabled:
                periods = (self._startup & xosc.STARTUP_DELAY_BITS) * 256
                if self._startup & xosc.STARTUP_X4:
                    periods *= 4
                self.stable_at = self.rp2040.clock.nanos + periods * 1e9 / CRYSTAL

    def hertz(self):
        runs = self.starts and self._enabled and not self._is_dormant
        return CRYSTAL if runs and self.rp2040.clock.nanos >= self.stable_at else 0


class Pll(BasePeripheral):
    """PLL_SYS or PLL_USB (2.18.4)."""

    CS, PWR, FBDIV, PRIM = 0x0, 0x4, 0x8, 0xC
    RESET = {CS: 1, PWR: 0x2D, FBDIV: 0, PRIM: 0x7_7000}
    REFDIV, FBDIV_BITS, LOCK = 0x3F, 0xFFF, 1 << 31
    # PD and VCOPD; POSTDIVPD.
    VCO_OFF, OUTPUT_OFF = 1 << 0 | 1 << 5, 1 << 3

    def __init__(self, mcu, name, clocks, locks):
        super().__init__(mcu, name)
        self.clocks, self.locks = clocks, locks
        self.reset()

    def reset(self):
        self.values, self.is_held, self.since = dict(self.RESET), True, 0.0

    def release(self):
        self.is_held = False

    def read_uint32(self, offset):
        return self.values.get(offset, 0) | (self.LOCK if offset == self.CS and self.is_locked() else 0)

    def write_uint32(self, offset, value):
        with self.clocks:
            if not self.is_held and offset in self.values:
                changed = (value ^ self.values[offset]) & {self.PWR: self.VCO_OFF, self.PRIM: 0}.get(offset, ~self.LOCK)
                # A VCO that is switched on, or that has other factors, has to lock again.
                if changed:
                    self.since = self.rp2040.clock.nanos
                self.values[offset] = value & ~self.LOCK

    def is_locked(self):
        crystal = self.clocks.crystal
        since = max(self.since, crystal.stable_at) + LOCKS_IN
        runs = self.locks and crystal.hertz() and not self.values[self.PWR] & self.VCO_OFF
        return bool(runs) and self.rp2040.clock.nanos >= since

    def hertz(self):
        dividers = self.values[self.PRIM]
        first, second, before = dividers >> 16 & 7, dividers >> 12 & 7, self.values[self.CS] & self.REFDIV
        if not self.is_locked() or self.values[self.PWR] & self.OUTPUT_OFF or 0 in (first, second, before):
            return 0
        return CRYSTAL / before * (self.values[self.FBDIV] & self.FBDIV_BITS) / first / second


class Clocks:
    """All of them. `fault` says what does not start: "crystal", "pll" or nothing. What changes a clock does so inside `with`."""

    def __init__(self, mcu, chip, fault):
        self.mcu, self.chip = mcu, chip
        # Called before a clock changes.
        self.observers = []
        # What the core has run at, in hertz and in order.
        self.speeds = []
        self.ring = Ring(mcu, self)
        self.crystal = Crystal(mcu, self, fault != "crystal")
        self.plls = [Pll(mcu, name, self, fault != "pll") for name in ("PLL_SYS_BASE", "PLL_USB_BASE")]
        mcu.xosc = self.crystal
        mcu.peripherals.update({RING_BASE: self.ring, CRYSTAL_BASE: self.crystal, **dict(zip(PLL_BASES, self.plls))})
        self._write = mcu.clocks.write_uint32
        mcu.clocks.write_uint32 = self._written
        self.reset(True)

    def reset(self, by_pin):
        """Follows a reset of the chip, by its pin or by the watchdog, which leaves the oscillators alone."""
        if by_pin:
            self.ring.reset()
        self.mcu.resets.write_uint32(0, self.mcu.resets.read_uint32(0) | sum(PLL_RESETS))
        for pll in self.plls:
            pll.reset()
        self.__exit__()

    def hold(self, resets):
        """Follows RESETS.RESET."""
        with self:
            for pll, bit in zip(self.plls, PLL_RESETS):
                (pll.reset if resets & bit else pll.release)()

    def reference(self):
        registers = self.mcu.clocks
        source = {0: self.ring, REF_CRYSTAL: self.crystal}.get(registers.ref_ctrl & REF_SOURCE)
        return source.hertz() / (registers.ref_div >> 8 & 3 or 4) if source else 0

    def core(self):
        registers = self.mcu.clocks
        if not registers.sys_ctrl & SYS_AUX:
            hertz = self.reference()
        else:
            source = (registers.sys_ctrl & AUXSRC) >> 5
            sources = [*self.plls, self.ring, self.crystal]
            hertz = sources[source].hertz() if source < len(sources) else 0
        return hertz / (registers.sys_div / 256 or 1 << 16)

    def _written(self, offset, value):
        with self:
            before = self.mcu.clocks.sys_ctrl
            if offset == clocks.CLK_SYS_CTRL and before & SYS_AUX and (before ^ value) & AUXSRC:
                self.chip.complain("AUXSRC of the system clock changes while it is in use")
            self._write(offset, value)

    def __enter__(self):
        for observer in self.observers:
            observer()

    def __exit__(self, *_):
        hertz = round(self.core())
        if self.speeds and hertz == self.speeds[-1]:
            return
        self.speeds.append(hertz)
        if hertz == 0:
            self.chip.stop("the core's clock has no source, at 0x%08x" % self.mcu.core.pc)
        elif hertz > LIMIT:
            self.chip.complain("the core runs at %d Hz" % hertz)
