from dataclasses import replace
from types import SimpleNamespace

import pytest

from tilewright.sim.report.figures.memory_map import memory_map_figure


def boxes(axes):
    return [(b.get_x(), b.get_y(), b.get_width(), b.get_height()) for b in axes.patches]


def test_areas_lie_at_their_addresses_while_they_live(program):
    chip, memory = memory_map_figure(program).axes
    assert boxes(chip) == [
        (-0.5, 8192, 1, 4096),
        (-0.5, 0, 2, 8192),
        (-0.5, 12288, 1, 512),
    ]
    # Tall enough for a name: that of the layer which fills it.
    assert [text.get_text() for text in chip.texts] == ["input", "conv<1>[x]"]
    assert chip.get_ylim() == (0, 65536)
    assert boxes(memory) == [(-0.5, 0, 2, 1024)]
    assert "12,800 of 65,536" in chip.get_title(loc="left")
    assert "0x40400000" in memory.get_title(loc="left")


def test_addresses_are_told_in_kibibytes(program):
    figure = memory_map_figure(program)
    figure.draw_without_rendering()
    axis = figure.axes[0].yaxis
    labels = {tick: text.get_text() for tick, text in zip(axis.get_majorticklocs(),
              axis.get_majorticklabels(), strict=True)}  # fmt: skip
    assert [labels[tick] for tick in (0, 8192, 65536)] == ["0", "8", "64"]


def test_without_a_scratchpad_there_is_main_memory_alone(program):
    uses = tuple(replace(use) for use in program.memory_plan if use.space == "memory")
    (memory,) = memory_map_figure(SimpleNamespace(**{**vars(program), "memory_plan": uses})).axes
    names = [label.get_text() for label in memory.get_xticklabels()]
    assert names == ["conv<1>[x]", "softmax"]


def test_the_height_follows_what_lies_there(program):
    def heights(uses):
        figure = memory_map_figure(SimpleNamespace(**{**vars(program), "memory_plan": uses}))
        figure.draw_without_rendering()
        return [
            axes.get_window_extent().height / figure.get_window_extent().height
            for axes in figure.axes
        ]

    (_, one_block) = heights(program.memory_plan)
    assert one_block < 0.25
    block = program.memory_plan[-1]
    more = tuple(replace(block, address=block.address + 1024 * i) for i in range(1, 12))
    (chip, twelve) = heights((*program.memory_plan, *more))
    assert twelve == pytest.approx(chip, rel=0.05)
