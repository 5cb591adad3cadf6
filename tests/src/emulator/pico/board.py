"""A board with an RP2040 on a bench: `board.py FLASH BOARD [--stop-before N] [--held] [--clock-fault crystal|pll]`.

The file FLASH holds what flash holds from its start. BOARD is what the board's file says, as JSON: `uart`, `tx`, `rx` and
`function` of the serial port; and `recovery`, a pin and whether it is high while it is held, or null. Requests and answers are lines of JSON, over the socket that is this
process's standard input; the first line says where the cables end. A request is [NAME, ARGUMENT...], and the answer
{"ok": VALUE} or {"error": TEXT}.
"""

import argparse
import json
import os
import select
import socket
import time

from cables import UartCable, UsbCable
from chip import Chip

# A core that sleeps gets ahead of the wall clock; as many times as fast as a real one, and no faster.
FASTER = 4
# How long to do nothing at most.
REST = 0.02
MILLISECOND = 1e6  # nanoseconds


class Bench:
    def __init__(self, arguments):
        with open(arguments.flash, "rb") as file:
            flash = file.read()
        board = json.loads(arguments.board)
        self.chip = Chip(flash, os.urandom(16), board["recovery"], arguments.stop_before, arguments.clock_fault)
        self.held = arguments.held
        self.uart = UartCable(self.chip.mcu, board)
        self.usb = UsbCable(self.chip.mcu)
        self.requests = socket.socket(fileno=0)
        self.requests.setblocking(False)
        self.unread = b""

    def run(self):
        self.answer({"ok": {"uart": self.uart.port, "usb": self.usb.port}})
        ahead, before = 0.0, (time.monotonic(), self.chip.mcu.clock.nanos)
        while True:
            rests = self.held or self.chip.failed or ahead > 0
            sockets = [self.requests, *self.uart.sockets(), *self.usb.sockets()]
            ready, _, _ = select.select(sockets, [], [], REST if rests else 0)
            if self.requests in ready:
                self.read_requests()
            for cable in (self.uart, self.usb):
                if any(socket in ready for socket in cable.sockets()):
                    cable.work()
            if not self.held:
                self.chip.run()
            now = (time.monotonic(), self.chip.mcu.clock.nanos)
            ahead = max(0.0, ahead + (now[1] - before[1]) / 1e9 / FASTER - (now[0] - before[0]))
            before = now

    def read_requests(self):
        data = self.requests.recv(65536)
        if not data:
            raise SystemExit
        *lines, self.unread = (self.unread + data).split(b"\n")
        for line in lines:
            name, *arguments = json.loads(line)
            try:
                self.answer({"ok": REQUESTS[name](self, *arguments)})
            except Exception as error:  # Whatever it is, the one who asked has to know.
                self.answer({"error": repr(error)})

    def answer(self, answer):
        self.requests.setblocking(True)
        self.requests.sendall(json.dumps(answer).encode() + b"\n")
        self.requests.setblocking(False)

    def read(self, address, length, path):
        with open(path, "wb") as file:
            file.write(self.chip.read(address, length))

    def led(self):
        return self.chip.mcu.gpio[25].output_value

    def reset(self, asks_for_recovery):
        self.chip.hold(asks_for_recovery)
        self.chip.reset()

    def reset_core(self):
        self.chip.reset_core()

    def release(self):
        self.chip.hold(False)

    def reset_holding(self, milliseconds):
        self.chip.reset()
        self.chip.hold_for(milliseconds)

    def state(self):
        chip = self.chip
        return {
            "failed": chip.failed,
            "receives": self.uart.receives(),
            "operations": len(chip.operations),
            "vectors": chip.vectors,
            "complaints": chip.complaints,
            "speeds": chip.clocks.speeds,
        }

    def operations(self):
        return [[command, offset, list(data)] for command, offset, data in self.chip.operations]

    def count(self, address):
        return self.chip.count(address)

    def go(self):
        self.held = False

    def stand_still(self, data):
        self.uart.received(bytes(data))
        while self.uart.waiting:
            self.chip.mcu.clock.tick(MILLISECOND)

    def registers(self):
        return [register & 0xFFFF_FFFF for register in self.chip.mcu.core.registers]


REQUESTS = {
    "read": Bench.read,  # address, bytes, and the file that they go to
    "led": Bench.led,
    "reset": Bench.reset,  # by its pin; whether the recovery pin is held from now on
    "reset_core": Bench.reset_core,  # alone
    "release": Bench.release,  # the recovery pin
    "reset_holding": Bench.reset_holding,  # by its pin; for how long the recovery pin is held then
    "state": Bench.state,
    "operations": Bench.operations,  # the commands that changed flash
    "count": Bench.count,  # address: the instructions until there, by the core's clock
    "go": Bench.go,  # a board that was held runs
    "stand_still": Bench.stand_still,  # bytes, which arrive at the UART while the core does nothing
    "registers": Bench.registers,  # the core's
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("flash")
    parser.add_argument("board")
    parser.add_argument("--stop-before", type=int)
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--clock-fault", choices=["crystal", "pll"])
    Bench(parser.parse_args()).run()
