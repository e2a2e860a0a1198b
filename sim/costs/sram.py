"""Energy of an access to SRAM that macros of a technology make."""

from __future__ import annotations

import math

from tilewright.sim.technology.technology import Technology

PARTS = ("sram.access", "sram.bit", "sram.bit_of_root_word")


def read_parts_j(technology: Technology, bits: int, words: int) -> dict[str, float]:
    """J of reading a word, by item: the macro's own, its bits', and what its bit lines take.

    ``words`` of ``bits`` each: the memory. Macros hold as many words as the technology's deepest,
    and one of them is accessed.
    """
    depth = min(words, technology.value("sram.most_words"))
    return {
        "sram.access": technology.value("sram.access"),
        "sram.bit": bits * technology.value("sram.bit"),
        "sram.bit_of_root_word": bits
        * technology.value("sram.bit_of_root_word")
        * math.sqrt(depth),
    }
