"""What each routine must do, for all inputs and wherever its operands are."""

import random
from collections import namedtuple

from decoder import SP, Refused
from instructions import Machine
from machine import MASK, Pointer, Return
from paths import explore
from values import Atom, add, evaluate, polynomial, times

P = 2**255 - 19
M = 2 * P
WORDS = 8

# `layouts` are the regions that r0, r1 and r2 point to. `parts` are those of the symbol's name.
Contract = namedtuple("Contract", "name parts layouts modulus expected")

LAYOUTS = [("out", "a", "b"), ("out", "a", "a"), ("a", "a", "b"), ("b", "a", "b"), ("a", "a", "a")]
CONTRACTS = [
    Contract("add", ["lifeboot_field_add"], LAYOUTS, M, lambda a, b: add((1, a), (1, b))),
    Contract("subtract", ["lifeboot_field_subtract"], LAYOUTS, M, lambda a, b: add((1, a), (-1, b))),
    Contract("multiply", ["lifeboot_field_multiply"], LAYOUTS, M, times),
    Contract("reduce", ["lifeboot_compact", "5field6reduce"], [("a",)], P, lambda a, _: a),
]
BACK = Return("caller")
SAVED = range(4, 12)


def whole(words):
    """The polynomial of a number in words, lowest first."""
    return add(*((1 << 32 * place, polynomial(word)) for place, word in enumerate(words)))


def start(code, address, layout, word, bases=None):
    """A machine at the start of a routine; all but the arguments is what `word` makes."""
    registers = [word() for _ in range(16)]
    regions = {name: [word() for _ in range(WORDS)] for name in sorted(set(layout))}
    for register, region in enumerate(layout):
        registers[register] = bases[region] if bases else Pointer(region, 0)
    registers[SP] = bases["stack"] if bases else Pointer("stack", 0)
    registers[14], registers[15] = BACK, None
    return Machine(code, address, registers, regions, bases)


def conventions(before, after, layout):
    """What holds for every routine at its end (AAPCS, 6.1.1); the memory accesses were checked on the way."""
    if after.pc != BACK:
        raise Refused("does not return to its caller")
    if any(before.registers[register] != after.registers[register] for register in (*SAVED, SP)):
        raise Refused("returns with other contents of r4 to r11 or sp")
    for region, words in before.regions.items():
        if region != layout[0] and words != after.regions[region]:
            raise Refused(f"writes to {region}")


def prove(code, address, contract):
    """Proves a contract; returns paths and bytes of stack. Otherwise the exception says what was not proved."""
    paths = depth = 0
    for layout in contract.layouts:
        before = start(code, address, layout, lambda: Atom(0, MASK))
        a, b = (whole(before.regions[region]) for region in (layout[-2:] if len(layout) == 3 else layout * 2))
        expected = contract.expected(a, b)
        ends = explore(before.copy())
        for end in ends:
            conventions(before, end, layout)
            congruent(end, layout, contract, expected)
        sample(before, ends, layout, contract)
        paths, depth = paths + len(ends), min(depth, *(end.deepest for end in ends))
    return paths, -depth


def congruent(end, layout, contract, expected):
    words = end.regions[layout[0]]
    if not all(isinstance(word, (int, Atom)) for word in words):
        raise Refused("leaves an address in its result")
    result = whole(words)
    difference = end.path.expand(add((1, result), (-1, expected)))
    # The last carry of `reduce` is dropped, since it never is one; no branch has looked at it. Elsewhere nothing is dropped.
    dropped = [atom for monomial, coefficient in difference.items() if coefficient % contract.modulus for atom in monomial] if contract.modulus == P else []
    for atom in dropped[:2]:
        for value in (0, 1):
            if (atom.low, atom.high) == (0, 1) and end.path.impossible(value, {(atom,): 1}, value, (100,)):
                end.path.fix(atom, 1 - value)
                break
    difference = end.path.tidy(difference)
    # A combination of integers with coefficients that the modulus divides is divisible by it.
    if any(coefficient % contract.modulus for coefficient in difference.values()):
        raise Refused("the result is not shown to be congruent")
    for word in words:
        low, high = end.path.interval(polynomial(word))
        if low < 0 or high > MASK:
            raise Refused("the result is not shown to be in words")
    if contract.modulus == P and not end.path.impossible(P, end.path.expand(result), 2**256 - 1, (1, 100)):
        raise Refused("the result is not shown to be below p")


def edges():
    """Pairs of numbers that go to the limits of carries."""
    numbers = [0, 1, 2, 19, 37, 38, 39, P - 1, P, P + 1, P + 18, P + 19, M - 1, M, M + 1, 2**256 - 1, 2**256 - 2, 2**255, 2**255 - 1]
    numbers += [2**256 - 2 ** (32 * word) for word in range(1, WORDS)] + [2 ** (32 * word) - 1 for word in range(1, WORDS)]
    pairs = [(a, b) for a in numbers for b in numbers]
    # The product times 38 / 2^256 ends just below a multiple of 2^256, so the last carry runs through `words` words.
    for carried in range(1, 18):
        for words in range(1, WORDS + 1):
            top = (carried + 1) * 2**256 if words == WORDS else carried * 2**256 + 5 * 2 ** (32 * words + 3)
            pairs.append((2 * ((top - 1) // 38), 2**255))
    return pairs


def sample(before, ends, layout, contract, count=6):
    """Checks the model against integers: on exactly one path all decisions are true, and its words are the result."""
    pairs = random.Random(1).sample(edges(), count)
    names = layout[-2:] if len(layout) == 3 else layout
    for a, b in pairs:
        numbers = dict(zip(names, (a, b)))
        inputs = {}
        for region, words in before.regions.items():
            number = numbers.get(region, 0)
            inputs |= {word: number >> 32 * place & MASK for place, word in enumerate(words)}
        real = []
        for end in ends:
            known = dict(inputs)
            if all(decision_value(atom, known) == value for atom, value in end.path.fixed.items()):
                real.append(sum(evaluate(word, known) << 32 * place for place, word in enumerate(end.regions[layout[0]])))
        a, b = numbers[names[0]], numbers[names[-1]]
        if len(real) != 1 or not is_right(contract, a, b, real[0]):
            raise AssertionError(f"the model is wrong: {contract.name} of {a:#x} and {b:#x}")


def decision_value(atom, known):
    """The value of a decided atom, which may be outside the range that it has on this path."""
    low, high = atom.low, atom.high
    value = evaluate_any(atom, known)
    return value if low <= value <= high else None


def evaluate_any(atom, known):
    try:
        return evaluate(atom, known)
    except AssertionError:
        return -1


def is_right(contract, a, b, result):
    exact = {"add": a + b, "subtract": a - b, "multiply": a * b, "reduce": a}[contract.name]
    return (result - exact) % contract.modulus == 0 and 0 <= result < (P if contract.modulus == P else 2**256)


def run(code, address, contract, layout, a, b, seed=0):
    """Runs a routine with numbers only; raises `Refused` if it does anything but what its contract says."""
    chance = random.Random(seed)
    # In any order, and not far apart, with the stack among them.
    places = chance.sample(range(1, 8), 4)
    bases = {name: 0x20000000 + 0x200 * place for name, place in zip((*sorted(set(layout)), "stack"), places)}
    machine = start(code, address, layout, lambda: chance.getrandbits(32), bases)
    for name in machine.flags:
        machine.flags[name] = chance.getrandbits(1)
    names = layout[-2:] if len(layout) == 3 else layout
    for region, number in zip(names, (a, b)):
        machine.regions[region] = [number >> 32 * place & MASK for place in range(WORDS)]
    # The last of two operands in one place.
    a = b if names[0] == names[-1] and len(names) == 2 else a
    before = machine.copy()
    while machine.pc != BACK:
        if machine.step() is not None:
            raise AssertionError("a branch on an unknown number, of which there are none")
    conventions(before, machine, layout)
    if not is_right(contract, a, b, sum(word << 32 * place for place, word in enumerate(machine.regions[layout[0]]))):
        raise Refused(f"the result of {a:#x} and {b:#x} is wrong")
