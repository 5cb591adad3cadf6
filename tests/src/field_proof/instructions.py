"""What instructions do (Armv7-M Architecture Reference Manual, A7.7) to registers, flags and memory."""

from decoder import LR, PC, SP, Refused
from machine import MASK, STACK, WORD, Pointer, Return, State
from values import Atom, add, polynomial

# What may be in an IT block: as the model has it, without the flags that are not set there.
SIMPLE = {"mov", "mvn", "add", "sub", "adc", "sbc", "rsb", "and", "orr", "eor", "bic", "mul", "uxth", "cmp", "cmn", "tst", "ldr", "str", "nop"}


class Machine(State):
    """Executes instructions."""

    def operand(self, operand):
        if operand[0] == "number":
            return operand[1]
        if operand[0] == "register":
            return self.registers[operand[1]]
        return self.shift(self.registers[operand[1]], *operand[2:])

    def set_result(self, word):
        """The flags N and Z of a result."""
        if isinstance(word, int):
            self.flags["n"], self.flags["z"] = word >> 31, int(word == 0)
        elif isinstance(word, Atom):
            self.flags["n"], self.flags["z"] = ("sign", word), ("zero", word)
        else:
            self.flags["n"] = self.flags["z"] = None

    def flag(self, name):
        """A flag: 0, 1, or an atom."""
        flag = self.flags[name]
        if isinstance(flag, tuple):
            if flag[0] == "zero":
                if self.path.range(flag[1])[0] > 0:
                    return 0
                raise Refused("asks if an unknown number is zero")
            flag = self.sum(polynomial(flag[1]), 31)[0]
        if flag is None:
            raise Refused("depends on a flag that is not known")
        flag = self.path.divide(polynomial(flag), 32)[1]
        return flag

    def holds(self, condition):
        """Whether a condition holds (A7.3): 0, 1, or (atom, the value for which it does)."""
        simple = {"eq": ("z", 1), "ne": ("z", 0), "hs": ("c", 1), "lo": ("c", 0), "mi": ("n", 1), "pl": ("n", 0), "vs": ("v", 1), "vc": ("v", 0)}
        if condition in simple:
            name, wanted = simple[condition]
            flag = self.flag(name)
            return int(flag == wanted) if isinstance(flag, int) else (flag, wanted)
        values = {name: self.flag(name) for name in ("nv" if condition in ("ge", "lt") else "zc" if condition in ("hi", "ls") else "nzv")}
        if not all(isinstance(value, int) for value in values.values()):
            raise Refused(f"the condition {condition} of unknown flags")
        n, z, c, v = (values.get(name) for name in "nzcv")
        return int({"hi": c and not z, "ls": not c or z, "ge": n == v, "lt": n != v, "gt": not z and n == v, "le": z or n != v}[condition])

    def step(self):
        """Executes the next instruction; returns (atom, value, target) if a branch depends on an atom, with `pc` behind it."""
        self.steps += 1
        if self.steps > 20_000:
            raise Refused("does not end")
        in_block, self.block = self.block, None
        instruction = self.code.at(self.pc, in_block)
        behind = self.pc + instruction.size
        operation, operands = instruction.operation, instruction.operands
        if in_block is not None and operation not in SIMPLE:
            raise Refused("an instruction in an IT block that is not in the model")
        if operation in ("b", "it"):
            condition = operands[0]
            outcome = 1 if condition is None else self.holds(condition)
            # An IT block of one instruction is a branch around it.
            target = operands[1] if operation == "b" else behind
            if operation == "it":
                following = self.code.at(behind, condition)
                if outcome == 1:
                    self.block, self.pc = condition, behind
                elif outcome == 0:
                    self.pc = behind + following.size
                else:
                    self.block, self.pc = condition, behind
                    return outcome[0], 1 - outcome[1], behind + following.size
                return None
            if outcome in (0, 1):
                self.pc = target if outcome else behind
                return None
            self.pc = behind
            return outcome[0], outcome[1], target
        self.pc = behind
        self.execute(operation, operands, instruction.sets)
        return None

    def jump(self, target):
        if isinstance(target, Return):
            self.pc = target
        elif isinstance(target, int) and target & 1:
            self.pc = target & ~1
        else:
            raise Refused("jumps to what is no address of an instruction")

    def execute(self, operation, operands, sets):
        registers = self.registers
        if operation in ("ldr", "str"):
            register, base, offset, way = operands
            address = registers[base]
            moved = self.added(address, self.operand(offset))
            if way == "before":
                self.set(base, moved)
            used = address if way == "after" else moved
            if operation == "ldr":
                word = self.load(used)
            else:
                self.store(used, registers[register])
            if way == "after":
                self.set(base, moved)
            if operation == "ldr":
                self.set(register, word)
        elif operation in ("ldm", "stm", "push", "pop"):
            base, list_, writes_back = operands if operation in ("ldm", "stm") else (SP, operands[0], True)
            address = registers[base]
            end = self.added(address, (-4 if operation == "push" else 4) * len(list_) & MASK)
            if operation == "push":
                address = end
                self.set(SP, end)
            loaded = []
            for number, register in enumerate(list_):
                place = self.added(address, 4 * number)
                if operation in ("ldm", "pop"):
                    loaded.append(self.load(place))
                else:
                    self.store(place, registers[register])
            if writes_back and operation != "push":
                self.set(base, end)
            for register, word in zip(list_, loaded):
                if register == PC:
                    self.jump(word)
                else:
                    self.set(register, word)
        elif operation == "bl":
            registers[LR], self.pc = self.pc | 1, operands[0]
        elif operation == "bx":
            self.jump(registers[operands[0]])
        elif operation == "uxth":
            self.set(operands[0], self.sum(polynomial(self.known(registers[operands[1]])), 16)[1])
        elif operation in ("umull", "umlal", "umaal"):
            low, high, left, right = operands
            total = self.multiply(registers[left], registers[right])
            if operation == "umaal":
                total = add((1, total), (1, polynomial(self.known(registers[low]))), (1, polynomial(self.known(registers[high]))))
            elif operation == "umlal":
                total = add((1, total), (1, polynomial(self.known(registers[low]))), (WORD, polynomial(self.known(registers[high]))))
            upper, lower = self.sum(total)
            # Only umlal can carry out of 64 bits.
            upper = self.sum(polynomial(upper))[1]
            self.set(low, lower)
            self.set(high, upper)
        elif operation == "mul":
            target, left, right = operands
            word = self.sum(self.multiply(registers[left], registers[right]))[1]
            self.set(target, word)
            if sets:
                self.set_result(word)
        elif operation != "nop":
            self.process(operation, operands, sets)

    def added(self, address, distance):
        if isinstance(address, Pointer) and isinstance(distance, int):
            return self.move(address, distance)
        if isinstance(address, int) and isinstance(distance, int):
            return address + distance & MASK
        raise Refused("an address that is none")

    def process(self, operation, operands, sets):
        """Data processing: a target, sources, and the last of them an operand."""
        flags = self.flags
        *target, last = operands
        right = self.operand(last)
        if operation in ("mov", "mvn"):
            word = right if operation == "mov" else self.complement(right)
            self.set(target[0], word)
            if sets:
                self.set_result(word)
                if last[0] == "shifted":
                    flags["c"] = None
            return
        left = self.registers[target[-1]]
        if operation in ("and", "orr", "eor", "bic", "tst"):
            if isinstance(left, Pointer) and isinstance(right, Pointer) and operation == "eor" and sets:
                is_equal = self.equal(left, right)
                self.set(target[0], 0 if is_equal else None)
                flags["n"], flags["z"] = None, is_equal
                return
            word = self.bitwise("and" if operation == "tst" else operation, left, right)
            if sets:
                self.set_result(word)
                if last[0] == "shifted":
                    flags["c"] = None
            if operation != "tst":
                self.set(target[0], word)
            return
        carry = 1
        if isinstance(left, Pointer) or isinstance(right, Pointer):
            return self.process_pointer(operation, target, left, right, sets)
        if operation in ("add", "cmn"):
            carry = 0
        elif operation in ("adc", "sbc"):
            carry = self.flag("c")
        if operation == "rsb":
            left, right = self.complement(left), right
        elif operation in ("sub", "cmp", "sbc"):
            right = self.complement(right)
        word, carry, overflow = self.add_with_carry(left, right, carry)
        if operation not in ("cmp", "cmn"):
            self.set(target[0], word)
        if sets:
            self.set_result(word)
            flags["c"], flags["v"] = carry, overflow

    def process_pointer(self, operation, target, left, right, sets):
        flags = self.flags
        carry = None
        if operation == "cmp" and isinstance(left, Pointer) and isinstance(right, Pointer):
            result = not self.equal(left, right)
            # A number less itself needs no borrow.
            carry = None if result else 1
        elif operation == "add" and isinstance(left, int):
            result = self.move(right, left)
        elif operation in ("add", "sub") and isinstance(right, int):
            result = self.move(left, right if operation == "add" else -right & MASK)
            # No region ends at the last address: within it, and right behind it, a sum does not wrap.
            start, end = (-STACK, 0) if left.region == "stack" else (0, 4 * len(self.regions[left.region]))
            if operation == "add" and start <= left.offset <= result.offset <= end:
                carry = 0
        else:
            raise Refused("computes with addresses")
        if operation != "cmp":
            self.set(target[0], result)
        if sets:
            zero = int(not result) if operation == "cmp" else None
            flags["n"], flags["z"], flags["c"], flags["v"] = None, zero, carry, None
