"""Routines of an ELF file for a 32-bit little-endian core (System V ABI, chapter 4), found by their symbols."""

import struct

LOADED = 1
SYMBOLS = 2


class Program:
    """What is in memory, and where the symbols are."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        if data[:6] != b"\x7fELF\x01\x01":
            raise ValueError(f"{path} is not an ELF file of 32 bits, lowest byte first")
        segments, sections = struct.unpack_from("<2I", data, 28)
        segment_size, segment_count, section_size, section_count = struct.unpack_from("<4H", data, 42)
        self.memory = {}
        for number in range(segment_count):
            kind, offset, address, _, length = struct.unpack_from("<5I", data, segments + number * segment_size)
            if kind == LOADED:
                self.memory.update(enumerate(data[offset : offset + length], address))
        tables = [struct.unpack_from("<10I", data, sections + number * section_size) for number in range(section_count)]
        self.symbols = []
        for _, kind, _, _, offset, length, link, _, _, entry_size in tables:
            if kind == SYMBOLS:
                names = tables[link][4]
                for at in range(offset, offset + length, entry_size):
                    name, value = struct.unpack_from("<2I", data, at)
                    end = data.index(0, names + name)
                    self.symbols.append((data[names + name : end].decode(), value))

    def find(self, *parts):
        """The address of the only symbol whose name has all these parts; `None` if there is none."""
        found = {value & ~1 for name, value in self.symbols if all(part in name for part in parts)}
        if len(found) > 1:
            raise ValueError(f"several symbols are named by {parts}")
        return found.pop() if found else None

    def half(self, address):
        """The half word at an address; `None` if there is none."""
        low, high = self.memory.get(address), self.memory.get(address + 1)
        return None if low is None or high is None else low | high << 8
