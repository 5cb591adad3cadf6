"""Wrong machine code: the proof must fail on it.

Each instruction of the routines is left out, and each bit of it is flipped, one at a time. Of each such mutant must hold:
- a run with numbers goes wrong, and the proof fails: refuted by example;
- or the proof fails, though no run was found to go wrong: refused;
- or the proof succeeds, and all runs are right: then it must be one that `harmless.py` names, with the reason.
If a run goes wrong and the proof succeeds, the proof is worth nothing.
"""

import re

from contracts import CONTRACTS, edges, prove, run
from decoder import Refused
from harmless import HARMLESS
from machine import Code

NOP = 0xBF00
# One in so many pairs of numbers is tried in each layout, and all of those for the last carry in one.
ONE_IN = 23


class Controls:
    """The mutants of a program."""

    def __init__(self, program, architecture):
        self.program, self.architecture, self.users = program, architecture, {}
        self.counts = {"by example": 0, "refused": 0, "harmless": 0}
        self.problems = []

    def uses(self, contract, code):
        """Notes which instructions the proof of a contract has executed."""
        for (address, block), instruction in code.decoded.items():
            self.users.setdefault((address, instruction.size, block), []).append(contract)

    def mutants(self):
        """Instruction, and the half words that are changed."""
        for address, size, block in sorted(self.users, key=lambda user: user[:2]):
            places = range(address, address + size, 2)
            yield (address, size, block), {place: NOP for place in places}
            for place in places:
                for bit in range(16):
                    yield (address, size, block), {place: self.program.half(place) ^ 1 << bit}

    def check(self, one_in):
        """Tries one in so many mutants."""
        for place, changes in list(self.mutants())[::one_in]:
            self.judge(place, changes)

    def judge(self, place, changes):
        contracts = self.users[place]
        wrong = self.example(contracts, changes)
        proved = self.refusal(contracts, changes) is None
        before, after = (self.text(place, code) for code in ({}, changes))
        name = f"{place[0]:#x} {before} -> {after}"
        if wrong and proved:
            self.problems.append(f"{name}: proved, though {wrong}")
        elif wrong:
            self.counts["by example"] += 1
        elif not proved:
            self.counts["refused"] += 1
        else:
            self.counts["harmless"] += 1
            if not self.is_listed(f"{before} -> {after}"):
                self.problems.append(f"{name}: proved, and not listed as harmless")

    def is_listed(self, text):
        places = [patterns for where, _, patterns in HARMLESS if self.architecture in where.split()]
        return any(re.fullmatch(pattern, text) for patterns in places for pattern in patterns)

    def text(self, place, changes):
        """An instruction, with the distance instead of the target of a branch."""
        try:
            instruction = Code(self.program, changes).at(place[0], place[2])
            if instruction.operation in ("b", "bl"):
                return f"{instruction.text.split()[0]} {instruction.operands[-1] - place[0]:+}"
            return instruction.text
        except Refused as refusal:
            return f"({refusal})"

    def refusal(self, contracts, changes):
        """Why the proof fails, if it does."""
        for contract in contracts:
            try:
                prove(Code(self.program, changes), self.program.find(*contract.parts), contract)
            except Refused as refusal:
                return refusal
        return None

    def example(self, contracts, changes):
        """What goes wrong in a run, if anything does."""
        pairs = edges()
        carries = pairs[-17 * 8 :]
        for contract in contracts:
            code, address = Code(self.program, changes), self.program.find(*contract.parts)
            tries = [(layout, pair) for pair in pairs[::ONE_IN] for layout in contract.layouts]
            tries += [(contract.layouts[0], pair) for pair in carries]
            for number, (layout, (a, b)) in enumerate(tries):
                try:
                    run(code, address, contract, layout, a, b, number)
                except Refused as refusal:
                    return refusal
        return None


def routines(program):
    """The contracts of the routines that a program has, with their addresses."""
    for contract in CONTRACTS:
        address = program.find(*contract.parts)
        if address is None:
            raise Refused(f"the program has no {contract.name}")
        yield contract, address
