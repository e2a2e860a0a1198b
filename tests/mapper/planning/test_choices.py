"""Choices among tilings: the same whoever asked before, and the cheapest that fits."""

from tests.mapper.works.test_tile import image_work
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.memory import align
from tilewright.mapper.planning.choices import Choices
from tilewright.mapper.works.copy import CopyWork
from tilewright.mapper.works.geometry import Operand, Tiling

CONFIG = NpuConfig(scratchpad_bytes=8192)
BOTH = (True, True)


def fresh(staged=BOTH) -> Choices:
    return Choices(image_work(), staged, CONFIG)


def sizes_by_preference() -> list[int]:
    work = image_work()
    return [
        sum(align(part, CONFIG.port_bytes) for part in work.staging_bytes(Tiling(*extents), BOTH))
        for group in work.tilings(CONFIG, BOTH)
        for extents in group
    ]


def test_the_least_staging_is_the_first_within_a_limit_or_the_smallest():
    sizes = sizes_by_preference()
    asked = fresh()
    for limit in (1 << 20, 3000, 1500, 700, 200, 0, 1500):
        within = [size for size in sizes if size <= limit]
        expected = within[0] if within else min(sizes)
        assert asked.least_staging(limit) == fresh().least_staging(limit) == expected


def test_the_cheapest_that_fits_is_chosen():
    def room(limit: int):
        def fits(sizes):
            return [0] * len(sizes) if sum(sizes) <= limit else None

        return fits

    asked = fresh()
    costs = []
    for limit in (4000, 1500, 600, 200):
        chosen = asked.choose(room(limit), limit)
        assert chosen is not None
        assert chosen == fresh().choose(room(limit), 1 << 20)
        assert sum(chosen.sizes) * chosen.tiling.copies <= limit
        assert chosen.sizes == image_work().staging_bytes(chosen.tiling, BOTH)
        assert len(chosen.addresses) == 2 * chosen.tiling.copies
        costs.append(chosen.cost)
    assert costs == sorted(costs)
    assert asked.choose(lambda _: None, 1 << 20) is None


def test_what_is_not_staged_takes_the_whole_work():
    chosen = fresh((False, False)).choose(lambda _: None, 0)
    assert chosen is not None
    assert chosen.tiling == (6, 9, 20, 1)
    assert (chosen.sizes, list(chosen.addresses)) == ((0, 0), [0, 0])


def test_transfers_cost_more_than_their_bytes():
    """A copy within main memory has no commands to hide behind: the fewest pieces are best."""
    work = CopyWork(source=Operand("x"), output=Operand("y"), bytes=6000)
    chosen = Choices(work, BOTH, CONFIG).choose(lambda sizes: [0] * len(sizes), 4096)
    assert chosen is not None
    assert chosen.tiling.channels >= 3000
    assert chosen.cost > 2 * 6000 / CONFIG.bus_bytes + 2 * 2 * 10
