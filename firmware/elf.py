"""Reads what the linker wrote: 32-bit little-endian ELF files, memory image and symbols."""

from __future__ import annotations

import struct

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SEGMENT = struct.Struct("<8I")
_SECTION = struct.Struct("<10I")
_SYMBOL = struct.Struct("<IIIBBH")
_LOADED = 1
_SYMBOL_TABLE = 2


def memory_image(elf: bytes, base: int) -> bytes:
    """Contents of memory from ``base`` to the last initialised byte, gaps filled with zeros.

    Raises ValueError when something is to be loaded below ``base``.
    """
    header = _HEADER.unpack_from(elf)
    offset, count = header[5], header[10]
    image = bytearray()
    for index in range(count):
        kind, start, _, address, size, *_ = _SEGMENT.unpack_from(elf, offset + 32 * index)
        if kind != _LOADED or size == 0:
            continue
        if address < base:
            raise ValueError(f"a segment lies at {address:#x}, below {base:#x}")
        end = address - base + size
        image.extend(bytes(max(0, end - len(image))))
        image[address - base : end] = elf[start : start + size]
    return bytes(image)


def symbols(elf: bytes) -> dict[str, int]:
    """Addresses by name; empty when the file has been stripped."""
    header = _HEADER.unpack_from(elf)
    offset, count = header[6], header[12]
    sections = [_SECTION.unpack_from(elf, offset + 40 * index) for index in range(count)]
    result: dict[str, int] = {}
    for _, kind, _, _, start, size, link, *_ in sections:
        if kind != _SYMBOL_TABLE:
            continue
        names = sections[link][4]
        for position in range(start, start + size, _SYMBOL.size):
            name, value, *_ = _SYMBOL.unpack_from(elf, position)
            text = elf[names + name : elf.index(b"\0", names + name)].decode()
            if text:
                result[text] = value
    return result
