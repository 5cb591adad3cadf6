"""Decodes the Thumb instructions that the routines use (Armv7-M Architecture Reference Manual, A5 and A7.7).

Every other encoding is refused, with the UNPREDICTABLE ones. The text of an instruction is that of capstone, with
numbers in decimal, so that the two decoders can be compared.
"""

from collections import namedtuple

# `operands` depends on the operation; `sets` says whether it sets flags.
Instruction = namedtuple("Instruction", "operation sets operands size text")


class Refused(Exception):
    """Something that the model has no meaning for, or that a routine must not do."""


REGISTERS = [f"r{number}" for number in range(9)] + ["sb", "sl", "fp", "ip", "sp", "lr", "pc"]
CONDITIONS = ["eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"]
SHIFTS = ["lsl", "lsr", "asr", "ror"]
TWO_REGISTERS = ["and", "eor", "lsl", "lsr", "asr", "adc", "sbc", "ror", "tst", "rsb", "cmp", "cmn", "orr", "mul", "bic", "mvn"]
# Data processing of Armv7-M: operation and, if the first source is r15, the one without it.
WIDE = {0: "and", 1: "bic", 2: "orr", 3: "orn", 4: "eor", 8: "add", 10: "adc", 11: "sbc", 13: "sub", 14: "rsb"}
WITHOUT_SOURCE = {2: "mov", 3: "mvn"}
SP, LR, PC = 13, 14, 15


def number(value):
    return f"#{value & 0xFFFFFFFF}"


def registers(bits):
    return [register for register in range(16) if bits >> register & 1]


def braces(list_):
    return "{" + ", ".join(REGISTERS[register] for register in list_) + "}"


def signed(value, bits):
    return value - (1 << bits) if value >> (bits - 1) else value


def decode(half, address, in_block):
    """The instruction at an address. `half` returns half words; `in_block` is the condition of an IT block, or `None`."""
    first = half(address)
    if first is None:
        raise Refused("executes what is not in the file")
    if first >> 11 in (0b11101, 0b11110, 0b11111):
        second = half(address + 2)
        if second is None:
            raise Refused("executes what is not in the file")
        return wide(first, second, address)
    return narrow(first, address, in_block)


def narrow(code, address, in_block):
    low, middle, high = code & 7, code >> 3 & 7, code >> 6 & 7
    sets = in_block is None
    suffix = "s" if sets else in_block

    def make(operation, *operands, text, flags=sets):
        return Instruction(operation, flags, operands, 2, text)

    def named(*list_):
        return ", ".join(REGISTERS[item] if isinstance(item, int) else item for item in list_)

    if code >> 13 == 0 and code >> 11 != 3:
        shift, amount = SHIFTS[code >> 11], code >> 6 & 31
        if code >> 6 == 0:
            if not sets:
                raise Refused("UNPREDICTABLE in an IT block")
            return make("mov", low, ("register", middle), text=f"movs {named(low, middle)}")
        amount = amount or 32
        return make("mov", low, ("shifted", middle, shift, amount), text=f"{shift}{suffix} {named(low, middle)}, {number(amount)}")
    if code >> 11 == 3:
        operation = ["add", "sub"][code >> 9 & 1]
        other = ("number", high) if code >> 10 & 1 else ("register", high)
        shown = number(high) if code >> 10 & 1 else REGISTERS[high]
        return make(operation, low, middle, other, text=f"{operation}{suffix} {named(low, middle)}, {shown}")
    if code >> 13 == 1:
        register, value = code >> 8 & 7, code & 255
        operation = ["mov", "cmp", "add", "sub"][code >> 11 & 3]
        if operation == "cmp":
            return make("cmp", register, ("number", value), text=f"cmp {named(register)}, {number(value)}", flags=True)
        operands = (register, ("number", value)) if operation == "mov" else (register, register, ("number", value))
        return make(operation, *operands, text=f"{operation}{suffix} {named(register)}, {number(value)}")
    if code >> 10 == 0b010000:
        operation = TWO_REGISTERS[code >> 6 & 15]
        if operation in ("cmp", "cmn", "tst"):
            return make(operation, low, ("register", middle), text=f"{operation} {named(low, middle)}", flags=True)
        if operation == "mvn":
            return make("mvn", low, ("register", middle), text=f"mvn{suffix} {named(low, middle)}")
        if operation == "rsb":
            return make("rsb", low, middle, ("number", 0), text=f"rsb{suffix} {named(low, middle)}, #0")
        if operation == "mul":
            return make("mul", low, middle, low, text=f"mul{suffix} {named(low, middle, low)}")
        if operation in SHIFTS:
            raise Refused(f"{operation} by a register is not in the model")
        return make(operation, low, low, ("register", middle), text=f"{operation}{suffix} {named(low, middle)}")
    if code >> 10 == 0b010001:
        operation = ["add", "cmp", "mov", "bx"][code >> 8 & 3]
        target, source = code >> 4 & 8 | low, code >> 3 & 15
        if operation == "bx":
            if code & 0x87:
                raise Refused("blx, or bx with bits that should be zero")
            return make("bx", source, text=f"bx {named(source)}", flags=False)
        if PC in (target, source) or operation == "cmp" and target < 8 and source < 8:
            raise Refused("the pc as an operand, or UNPREDICTABLE")
        if operation == "add":
            return make("add", target, target, ("register", source), text=f"add {named(target, source)}", flags=False)
        return make(operation, target, ("register", source), text=f"{operation} {named(target, source)}", flags=operation == "cmp")
    if code >> 11 in (0b01100, 0b01101):
        operation, offset = ["str", "ldr"][code >> 11 & 1], (code >> 6 & 31) * 4
        shown = f"[{named(middle)}, {number(offset)}]" if offset else f"[{named(middle)}]"
        return make(operation, low, middle, ("number", offset), "offset", text=f"{operation} {named(low)}, {shown}", flags=False)
    if code >> 9 in (0b0101000, 0b0101100):
        operation = ["str", "ldr"][code >> 11 & 1]
        return make(operation, low, middle, ("register", high), "offset", text=f"{operation} {named(low)}, [{named(middle, high)}]", flags=False)
    if code >> 12 == 0b1001:
        operation, register, offset = ["str", "ldr"][code >> 11 & 1], code >> 8 & 7, (code & 255) * 4
        shown = f"[sp, {number(offset)}]" if offset else "[sp]"
        return make(operation, register, SP, ("number", offset), "offset", text=f"{operation} {named(register)}, {shown}", flags=False)
    if code >> 11 == 0b10101:
        register, value = code >> 8 & 7, (code & 255) * 4
        return make("add", register, SP, ("number", value), text=f"add {named(register)}, sp, {number(value)}", flags=False)
    if code >> 8 == 0b10110000:
        operation, value = ["add", "sub"][code >> 7 & 1], (code & 127) * 4
        return make(operation, SP, SP, ("number", value), text=f"{operation} sp, {number(value)}", flags=False)
    if code >> 6 == 0b1011001010:
        return make("uxth", low, middle, text=f"uxth {named(low, middle)}", flags=False)
    if code >> 9 == 0b1011010:
        return make("push", stacked := registers(code & 255 | (code & 256) << 6), text=f"push {braces(stacked)}", flags=False)
    if code >> 9 == 0b1011110:
        return make("pop", stacked := registers(code & 255 | (code & 256) << 7), text=f"pop {braces(stacked)}", flags=False)
    if code == 0xBF00:
        return make("nop", text="nop", flags=False)
    if code >> 8 == 0xBF and code & 15 == 8 and code >> 4 & 15 < 14:
        condition = CONDITIONS[code >> 4 & 15]
        return make("it", condition, text=f"it {condition}", flags=False)
    if code >> 12 == 0b1100:
        base, list_ = code >> 8 & 7, registers(code & 255)
        operation = ["stm", "ldm"][code >> 11 & 1]
        if not list_ or base in list_ and (operation == "ldm" or base != list_[0]):
            raise Refused("a base in its own list, or an empty one")
        return make(operation, base, list_, True, text=f"{operation} {named(base)}!, {braces(list_)}", flags=False)
    if code >> 12 == 0b1101 and code >> 8 & 15 < 14:
        condition, target = CONDITIONS[code >> 8 & 15], address + 4 + signed(code & 255, 8) * 2
        return make("b", condition, target, text=f"b{condition} {number(target)}", flags=False)
    if code >> 11 == 0b11100:
        target = address + 4 + signed(code & 0x7FF, 11) * 2
        return make("b", None, target, text=f"b {number(target)}", flags=False)
    raise Refused(f"the instruction {code:04x} is not in the model")


def wide(first, second, address):
    source, target, shift_low = first & 15, second >> 8 & 15, second >> 6 & 3

    def make(operation, *operands, text, sets=False):
        return Instruction(operation, sets, operands, 4, text)

    def named(*list_):
        # r13 and r15 are UNPREDICTABLE here.
        if any(register in (SP, PC) for register in list_):
            raise Refused("sp or pc as an operand")
        return ", ".join(REGISTERS[register] for register in list_)

    if first >> 11 == 0b11110 and second >> 14 == 0b11 and second >> 12 & 1:
        sign, one, two = first >> 10 & 1, second >> 13 & 1, second >> 11 & 1
        bits = sign << 24 | (one ^ sign ^ 1) << 23 | (two ^ sign ^ 1) << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
        goal = address + 4 + signed(bits, 25)
        return make("bl", goal, text=f"bl {number(goal)}")
    if first >> 11 == 0b11110 and second >> 14 == 0b10 and second >> 12 & 1:
        sign, one, two = first >> 10 & 1, second >> 13 & 1, second >> 11 & 1
        bits = sign << 24 | (one ^ sign ^ 1) << 23 | (two ^ sign ^ 1) << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
        goal = address + 4 + signed(bits, 25)
        return make("b", None, goal, text=f"b {number(goal)}")
    long_products = {(0xFBA, 0): "umull", (0xFBE, 0): "umlal", (0xFBE, 6): "umaal"}
    operation = long_products.get((first >> 4, second >> 4 & 15))
    if operation:
        low, high, other = second >> 12, second >> 8 & 15, second & 15
        if low == high:
            raise Refused("both words of a product in one register")
        return make(operation, low, high, source, other, text=f"{operation} {named(low, high, source, other)}")
    if first >> 4 == 0xFB0 and second >> 4 & 15 == 0 and second >> 12 == 15:
        return make("mul", target, source, second & 15, text=f"mul {named(target, source, second & 15)}")
    if first >> 9 == 0b1110100 and (first >> 6 & 7) in (0b010, 0b100):
        is_load, writes_back = first >> 4 & 1, first >> 5 & 1
        list_, downwards = registers(second), first >> 8 & 1
        forbidden = {SP} if is_load else {SP, PC}
        if source == PC or len(list_) < 2 or forbidden & set(list_) or {LR, PC} <= set(list_) or writes_back and source in list_:
            raise Refused("a list that is UNPREDICTABLE")
        if source == SP and writes_back and is_load != downwards:
            return make("pop" if is_load else "push", list_, text=f"{'pop' if is_load else 'push'} {braces(list_)}")
        if downwards:
            raise Refused("ldmdb and stmdb are not in the model")
        operation, mark = "ldm" if is_load else "stm", "!" if writes_back else ""
        return make(operation, source, list_, bool(writes_back), text=f"{operation} {REGISTERS[source]}{mark}, {braces(list_)}")
    if first >> 4 in (0xF8C, 0xF8D, 0xF84, 0xF85):
        operation, register, offset = ["str", "ldr"][first >> 4 & 1], second >> 12, second & 0xFFF
        if source == PC or register in (SP, PC):
            raise Refused("sp or pc as an operand")
        way = "offset"
        if first >> 4 in (0xF84, 0xF85):
            way, offset = {0b1111: "before", 0b1101: "before", 0b1011: "after", 0b1001: "after"}.get(second >> 8 & 15), second & 255
            offset = offset if second >> 9 & 1 else -offset & 0xFFFFFFFF
            if way is None or source == register:
                raise Refused("a load or store that is not in the model, or UNPREDICTABLE")
        shown = {
            "offset": f"[{REGISTERS[source]}, {number(offset)}]" if offset else f"[{REGISTERS[source]}]",
            "before": f"[{REGISTERS[source]}, {number(offset)}]!",
            "after": f"[{REGISTERS[source]}], {number(offset)}",
        }[way]
        return make(operation, register, source, ("number", offset), way, text=f"{operation} {REGISTERS[register]}, {shown}")
    is_number = first >> 11 == 0b11110 and first >> 9 & 1 == 0 and second >> 15 == 0
    if is_number or first >> 9 == 0b1110101 and second >> 15 == 0:
        operation, sets = first >> 5 & 15, bool(first >> 4 & 1)
        if is_number:
            value = modified(first >> 10 & 1, second >> 12 & 7, second & 255, sets)
            other, shown = ("number", value), number(value)
        else:
            other, shown = shifted(second & 15, SHIFTS[second >> 4 & 3], (second >> 12 & 7) << 2 | shift_low)
            named(second & 15)
        s = "s" if sets else ""
        if source == PC and operation in WITHOUT_SOURCE:
            operation = WITHOUT_SOURCE[operation]
            if operation == "mov" and other[0] == "shifted":
                shown = f"{REGISTERS[other[1]]}, {number(other[3])}"
                return make("mov", target, other, sets=sets, text=f"{other[2]}{s} {named(target)}, {shown}")
            return make(operation, target, other, sets=sets, text=f"{operation}{s} {named(target)}, {shown}")
        if operation not in WIDE or target == PC:
            raise Refused("an operation that is not in the model")
        operation = WIDE[operation]
        # `add r1, sp, #n` has sp as its source; nothing else may.
        if source == SP and operation in ("add", "sub") and is_number:
            return make(operation, target, source, other, sets=sets, text=f"{operation}{s} {named(target)}, sp, {shown}")
        return make(operation, target, source, other, sets=sets, text=f"{operation}{s} {named(target, source)}, {shown}")
    raise Refused(f"the instruction {first:04x} {second:04x} is not in the model")


def shifted(register, shift, amount):
    if amount == 0 and shift == "lsl":
        return ("register", register), REGISTERS[register]
    if shift == "ror" and amount == 0:
        raise Refused("rrx is not in the model")
    amount = amount or 32
    return ("shifted", register, shift, amount), f"{REGISTERS[register]}, {shift} {number(amount)}"


def modified(i, three, eight, sets):
    """A number in an instruction (A5.3.2)."""
    top = i << 3 | three
    if top < 4:
        if top and not eight:
            raise Refused("UNPREDICTABLE")
        return eight * [1, 0x00010001, 0x01000100, 0x01010101][top]
    rotation = i << 4 | three << 1 | eight >> 7
    value = 0x80 | eight & 0x7F
    return (value >> rotation | value << (32 - rotation)) & 0xFFFFFFFF
