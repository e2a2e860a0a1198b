import random

from tilewright.mapper.memory import Block, first_fit, pack


def naive_overlaps(blocks, addresses):
    """Pairs that share a byte at a layer, layer by layer and byte by byte."""
    clashes = set()
    for layer in range(12):
        owner = {}
        for block in blocks:
            if block.first <= layer <= block.last:
                for byte in range(addresses[block.name], addresses[block.name] + block.bytes):
                    if byte in owner:
                        clashes.add((owner[byte], block.name))
                    owner[byte] = block.name
    return clashes


def random_blocks(rng):
    blocks = []
    for index in range(rng.randint(1, 10)):
        first = rng.randint(0, 10)
        blocks.append(Block(f"b{index}", rng.randint(1, 90), first, rng.randint(first, 11)))
    return blocks


def test_blocks_alive_together_never_overlap():
    rng = random.Random(3)
    placed = 0
    for _ in range(200):
        blocks, capacity = random_blocks(rng), rng.choice([120, 200, 400])
        addresses = pack(blocks, capacity, 16)
        if addresses is None:
            continue
        placed += 1
        assert naive_overlaps(blocks, addresses) == set()
        assert all(addresses[b.name] % 16 == 0 for b in blocks)
        assert all(addresses[b.name] + b.bytes <= capacity for b in blocks)
    assert placed > 50


def test_a_block_takes_the_place_of_one_that_has_died():
    blocks = [Block("a", 64, 0, 1), Block("b", 32, 1, 2), Block("c", 64, 2, 3)]
    assert pack(blocks, 96, 16) is not None
    assert pack(blocks, 95, 16) is None


def test_first_fit_takes_the_lowest_gap():
    used = [(0, 16), (40, 64)]
    assert first_fit(used, 24, 8, 100) == 16
    assert first_fit(used, 25, 8, 100) == 64
    assert first_fit(used, 37, 8, 100) is None
    assert first_fit([], 0, 8, 0) == 0
