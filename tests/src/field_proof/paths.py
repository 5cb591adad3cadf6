"""All paths through a routine.

At a branch that depends on an atom both ways are followed. A few instructions that are only skipped are followed and joined
again instead: a register that differs by a constant is a linear function of the atom, and nothing may depend on others.
"""

from decoder import PC, Refused
from machine import Return
from values import Atom, Split, add, polynomial, replace

# More paths than any of these routines has: a loop that does not end is refused here.
PATHS = 64
# Instructions of a part that is joined again.
JOINED = 4
NOT_JOINED = {"b", "bl", "bx", "it", "str", "stm", "push", "pop", "ldm"}


def decide(path, atom, value):
    """Fixes a boolean, by the bit that it is a function of; returns whether it can have this value."""
    terms = path.tidy({(atom,): 1})
    atoms = {item for monomial in terms for item in monomial}
    if not atoms:
        return terms.get((), 0) == value
    if len(atoms) != 1:
        raise Refused("a branch on a sum of unknown numbers")
    bit, = atoms
    factor, constant = terms[(bit,)], terms.get((), 0)
    decided, rest = divmod(value - constant, factor)
    if rest or not bit.low <= decided <= bit.high or path.impossible(decided, {(bit,): 1}, decided, depths=(2,)):
        return False
    path.fix(bit, decided)
    return True


def explore(machine):
    """The machines at the ends of all paths that are possible."""
    waiting, ends = [machine], []
    while waiting:
        machine = waiting.pop()
        while not isinstance(machine.pc, Return):
            before = machine.pc, machine.block
            try:
                branch = machine.step()
                if branch is None or joined(machine, *branch):
                    continue
                atom, value, target = branch
                sides = [(value, target, None), (1 - value, machine.pc, machine.block)]
            except Split as split:
                atom = split.atom
                sides = [(value, *before) for value in (0, 1)]
            for value, address, block in sides:
                side = machine.copy()
                if decide(side.path, atom, value):
                    side.pc, side.block = address, block
                    waiting.append(side)
            machine = None
            break
        if machine is not None:
            ends.append(machine)
        if len(ends) + len(waiting) > PATHS:
            raise Refused("too many paths: a loop may not end")
    return ends


def joined(machine, atom, value, target):
    """Follows what a branch skips and joins it with what does not; returns whether it could."""
    address, count = machine.pc, 0
    block = machine.block
    while address < target:
        instruction = machine.code.at(address, block)
        count += 1
        if instruction.operation in NOT_JOINED or count > JOINED:
            return False
        address += instruction.size
    if address != target:
        return False
    mark = Atom.count
    side = machine.copy()
    try:
        if not decide(side.path, atom, 1 - value):
            machine.pc, machine.block = target, None
            return True
        while side.pc != target:
            side.step()
    except Split:
        return False
    # 1 on the side that is not skipped.
    taken = {(atom,): 1} if value == 0 else {(): 1, (atom,): -1}
    for register in range(PC):
        one, other = machine.registers[register], side.registers[register]
        if one != other:
            machine.registers[register] = join(machine.path, one, other, taken, mark)
    for name, flag in side.flags.items():
        if machine.flags[name] != flag:
            machine.flags[name] = None
    machine.pc, machine.block = target, None
    return True


def join(path, one, other, taken, mark):
    if not all(isinstance(word, (int, Atom)) for word in (one, other)):
        return None
    difference = add((1, polynomial(other)), (-1, polynomial(one)))
    while newer := [atom for monomial in difference for atom in monomial if atom.number > mark and atom.definition is not None]:
        difference = replace(difference, newer[0], newer[0].definition)
    if set(difference) - {()}:
        return None
    low, high = zip(*(path.interval(polynomial(word)) for word in (one, other)))
    # Both sides' values are words, so theirs is.
    return path.name(add((1, polynomial(one)), (difference.get((), 0), taken)), max(0, min(low)), max(high))
