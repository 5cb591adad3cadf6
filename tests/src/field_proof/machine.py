"""Registers, flags, memory, and arithmetic with words.

A word is an `int`, an `Atom` between 0 and 2^32 - 1, a `Pointer`, a `Return`, or `None`, which nothing may depend on. Memory is
whole aligned words. What is below the stack pointer is lost: an exception may be taken between any two instructions, and its
frame is written there.

With numbers instead of all unknowns, and of pointers as well, this is a plain emulator.
"""

from collections import namedtuple

from decoder import SP, Refused, decode
from values import Atom, Path, add, polynomial, times

WORD = 1 << 32
MASK = WORD - 1
# Bytes that a routine may use of the stack.
STACK = 256

# An address: so many bytes behind the start of a region, whose own address may be any multiple of 4.
Pointer = namedtuple("Pointer", "region offset")
# The address that a routine must return to.
Return = namedtuple("Return", "name")


class Code:
    """The instructions of a program, with some half words changed."""

    def __init__(self, program, changes=None):
        self.program, self.changes, self.decoded = program, changes or {}, {}

    def half(self, address):
        return self.changes.get(address, self.program.half(address))

    def at(self, address, in_block):
        if (address, in_block) not in self.decoded:
            self.decoded[address, in_block] = decode(self.half, address, in_block)
        return self.decoded[address, in_block]


class State:
    """Registers, flags and memory on one path."""

    def __init__(self, code, address, registers, regions, bases=None):
        self.code, self.pc, self.registers = code, address, registers
        self.flags = {"n": None, "z": None, "c": None, "v": None}
        # Memory by region, which is a list of words; the stack by its offset below the stack pointer at the start.
        self.regions, self.stack, self.deepest = regions, {}, 0
        # Addresses of the regions, if they are numbers.
        self.bases = bases
        self.path, self.block, self.steps = Path(), None, 0

    def copy(self):
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.registers, other.flags = list(self.registers), dict(self.flags)
        other.regions = {name: list(words) for name, words in self.regions.items()}
        other.stack, other.path = dict(self.stack), self.path.copy()
        return other

    # Memory

    def place(self, address):
        """The region of an address, and the word in it, or the offset in the stack."""
        if isinstance(address, int) and self.bases:
            for region, base in self.bases.items():
                length = 0 if region == "stack" else 4 * len(self.regions[region])
                if base - (STACK if region == "stack" else 0) <= address < base + length:
                    address = Pointer(region, address - base)
                    break
        if not isinstance(address, Pointer):
            raise Refused("uses a number as an address")
        region, offset = address
        if offset % 4:
            raise Refused("an address that is not a multiple of 4")
        if region == "stack":
            if not self.stack_offset() <= offset < 0:
                raise Refused("leaves the stack, or uses what is below the stack pointer")
        elif not 0 <= offset < 4 * len(self.regions[region]):
            raise Refused(f"leaves {region}")
        return region, offset

    def stack_offset(self):
        pointer = self.registers[SP]
        if isinstance(pointer, int) and self.bases:
            pointer = Pointer("stack", pointer - self.bases["stack"])
        if not isinstance(pointer, Pointer) or pointer.region != "stack" or pointer.offset % 4 or not -STACK <= pointer.offset <= 0:
            raise Refused("a stack pointer that is none")
        return pointer.offset

    def load(self, address):
        region, offset = self.place(address)
        if region != "stack":
            return self.regions[region][offset // 4]
        if offset not in self.stack:
            raise Refused("reads a word of the stack that it has not written")
        return self.stack[offset]

    def store(self, address, word):
        region, offset = self.place(address)
        if word is None:
            raise Refused("stores a word that nothing may depend on")
        if region == "stack":
            self.stack[offset] = word
        else:
            self.regions[region][offset // 4] = word

    def set(self, register, word):
        self.registers[register] = word
        if register == SP:
            offset = self.stack_offset()
            self.deepest = min(self.deepest, offset)
            self.stack = {place: word for place, word in self.stack.items() if place >= offset}

    # Arithmetic

    def known(self, word):
        """A word to compute with: a number, or an atom."""
        if not isinstance(word, (int, Atom)):
            raise Refused("computes with an address, or with what nothing may depend on")
        return word

    def sum(self, terms, bits=32):
        """The polynomial divided by 2^bits: quotient and remainder."""
        return self.path.divide(terms, bits)

    def add_with_carry(self, left, right, carry):
        """Sum, carry and overflow (A2.2.1). The overflow is only known of numbers."""
        if all(isinstance(value, int) for value in (left, right, carry)):
            total = left + right + carry
            overflow = (~(left ^ right) & (left ^ total)) >> 31 & 1
            return total & MASK, total >> 32, overflow
        left, right, carry = self.known(left), self.known(right), self.known(carry)
        carry, word = self.sum(add((1, polynomial(left)), (1, polynomial(right)), (1, polynomial(carry))))
        return word, carry, None

    def complement(self, word):
        word = self.known(word)
        return ~word & MASK if isinstance(word, int) else self.sum(add((1, {(): MASK}), (-1, polynomial(word))))[1]

    def multiply(self, left, right):
        return times(polynomial(self.known(left)), polynomial(self.known(right)))

    def shift(self, word, kind, amount):
        """The shifted word; carries of shifts are not used."""
        word = self.known(word)
        if amount == 32:
            if kind == "lsr":
                return 0
            amount = 31 if kind == "asr" else amount
        if kind == "lsl":
            return self.sum(add((1 << amount, polynomial(self.sum(polynomial(word), 32 - amount)[1]))))[1]
        upper, lower = self.sum(polynomial(word), amount)
        if kind == "lsr":
            return upper
        if kind == "ror":
            return self.sum(add((1, polynomial(upper)), (1 << (32 - amount), polynomial(lower))))[1]
        sign = self.sum(polynomial(word), 31)[0]
        return self.sum(add((1, polynomial(upper)), (WORD - (1 << (32 - amount)), polynomial(sign))))[1]

    def bitwise(self, operation, left, right):
        """and, orr, eor, bic of two words: numbers, functions of one bit, or any word and a mask of lower or upper bits."""
        function = {
            "and": lambda a, b: a & b,
            "orr": lambda a, b: a | b,
            "eor": lambda a, b: a ^ b,
            "bic": lambda a, b: a & ~b & MASK,
        }[operation]
        left, right = (self.path.tidy(polynomial(self.known(word))) for word in (left, right))
        atoms = {atom for terms in (left, right) for monomial in terms for atom in monomial}
        if not atoms:
            return function(left.get((), 0), right.get((), 0))
        if all(0 <= atom.low and atom.high <= 1 for atom in atoms) and len(atoms) == 1:
            bit, = atoms
            at = lambda terms, value: terms.get((), 0) + value * terms.get((bit,), 0)
            return self.path.by_cases(bit, lambda value: (function(at(left, value), at(right, value)),))[0]
        if set(right) <= {()} and operation in ("and", "bic"):
            mask = right.get((), 0) if operation == "and" else ~right.get((), 0) & MASK
            for low in (True, False):
                bits = (mask if low else ~mask & MASK).bit_length()
                if (mask if low else ~mask & MASK) == (1 << bits) - 1:
                    upper, lower = self.sum(left, bits)
                    return lower if low else self.sum(add((1 << bits, polynomial(upper))))[1]
        raise Refused(f"{operation} of two words that are not known")

    # Pointers

    def move(self, pointer, distance):
        return Pointer(pointer.region, pointer.offset + (distance - WORD if distance >> 31 else distance))

    def is_inside(self, pointer):
        """Whether it points at a byte of its region."""
        if pointer.region == "stack":
            return self.stack_offset() <= pointer.offset < 0
        return 0 <= pointer.offset < 4 * len(self.regions[pointer.region])

    def equal(self, left, right):
        """Whether two pointers are equal; regions do not overlap."""
        if left.region == right.region:
            return int((left.offset - right.offset) % WORD == 0)
        if self.is_inside(left) and self.is_inside(right):
            return 0
        raise Refused("compares with an address outside its region")
