"""Configurations by preset, file and fields."""

import pytest

import tilewright


def test_fields_override_a_file_that_overrides_the_preset(tmp_path):
    (tmp_path / "mine.toml").write_text('cols = 8\nscratchpad_bytes = "64K"\n')
    made = tilewright.config("tiny", file=tmp_path / "mine.toml", scratchpad_bytes="128K", rows=2)
    assert (made.npu.rows, made.npu.cols, made.npu.scratchpad_bytes) == (2, 8, 131072)
    assert made.soc.cpu == "lite"
    assert tilewright.config() == tilewright.Config()


@pytest.mark.parametrize(
    ("preset", "fields", "said"),
    [
        ("tinny", {}, "did you mean tiny"),
        ("tiny", {"rowz": 4}, r"config\(\): unknown key 'rowz'; did you mean rows"),
        ("tiny", {"rows": 4.5}, "must be a whole number"),
        ("tiny", {"rows": 0}, "rows = 0"),
    ],
)
def test_what_cannot_be_built_is_refused(preset, fields, said):
    with pytest.raises(tilewright.RequestError, match=said):
        tilewright.config(preset, **fields)
