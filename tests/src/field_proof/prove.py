"""Proves the field's routines in the machine code of an ELF file.

    prove.py ARCHITECTURE ELF [--controls ONE_IN]

ARCHITECTURE is armv6m, armv7m or armv7em. Prints one object in JSON; the exit status is 1 if anything was not proved. With
`--controls`, one in so many mutants of the code is tried, too: see `controls.py`.
"""

import argparse
import json
import re
import sys
import time

import capstone

from contracts import edges, prove, run
from controls import ONE_IN, Controls, routines
from decoder import Refused
from elf import Program
from machine import Code
from values import SOLVER


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("architecture", choices=["armv6m", "armv7m", "armv7em"])
    arguments.add_argument("elf")
    arguments.add_argument("--controls", type=int, metavar="ONE_IN")
    arguments = arguments.parse_args()

    begun = time.monotonic()
    program = Program(arguments.elf)
    controls = Controls(program, arguments.architecture)
    report = {"architecture": arguments.architecture, "routines": {}, "problems": controls.problems}
    for contract, address in routines(program):
        code = Code(program)
        try:
            paths, stack = prove(code, address, contract)
            compare(code)
            runs = tried(code, address, contract)
        except Refused as refusal:
            report["problems"].append(f"{contract.name}: {refusal}")
            continue
        controls.uses(contract, code)
        report["routines"][contract.name] = {
            "layouts": len(contract.layouts),
            "paths": paths,
            "stack": stack,
            "instructions": len(code.decoded),
            "runs": runs,
        }
    report["questions"], report["seconds"] = len(SOLVER.answers), round(time.monotonic() - begun, 1)
    # Mutants of code that is not proved would say nothing.
    if arguments.controls and not report["problems"]:
        controls.check(arguments.controls)
        report["controls"] = controls.counts
    print(json.dumps(report))
    return bool(report["problems"])


def tried(code, address, contract):
    """Runs a routine with numbers, and compares with integers."""
    tries = [(layout, pair) for pair in edges()[::ONE_IN] for layout in contract.layouts]
    for seed, (layout, (a, b)) in enumerate(tries):
        run(code, address, contract, layout, a, b, seed)
    return len(tries)


def compare(code):
    """Compares what was decoded with what capstone decodes."""
    other = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    for (address, block), instruction in code.decoded.items():
        places = range(address, address + instruction.size, 2)
        data = b"".join(code.half(place).to_bytes(2, "little") for place in places)
        if block is not None:
            # Its condition comes from the instruction before it.
            data, address = code.half(address - 2).to_bytes(2, "little") + data, address - 2
        *_, (_, size, name, operands) = other.disasm_lite(data, address)
        text = re.sub(r"#(-?)0x([0-9a-f]+)", lambda number: f"#{number[1]}{int(number[2], 16)}", f"{name.removesuffix('.w')} {operands}")
        text = re.sub(r"#-(\d+)", lambda number: f"#{2**32 - int(number[1])}", text).strip()
        if (text, size) != (instruction.text, instruction.size):
            raise Refused(f"capstone reads {text!r} at {address:#x}, and not {instruction.text!r}")


if __name__ == "__main__":
    sys.exit(main())
