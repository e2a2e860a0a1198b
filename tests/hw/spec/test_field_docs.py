from tilewright.hw.spec.config import FIELDS
from tilewright.hw.spec.field_docs import field_docs


def test_every_field_has_a_meaning_and_nothing_else_has():
    assert tuple(field_docs()) == FIELDS
    assert all(len(text) > 20 for text in field_docs().values())


def test_an_entry_of_several_lines_is_one_paragraph():
    assert field_docs()["depthwise_kernel"] == (
        "largest depthwise or pooling kernel that reuses its window on chip, 1..7 (larger ones "
        "work, at one scratchpad read a tap and pixel)."
    )
    assert field_docs()["npu"] == '"array", or "none" for the RISC-V core alone.'
