from tilewright.hw.spec.config import make_config
from tilewright.sim.sweep.candidate import candidate, point_key
from tilewright.sim.sweep.point import Task
from tilewright.sim.sweep.schedule import CHUNK, chunks


def tasks(networks, backend="model", **axes):
    from tilewright.sim.sweep.grid import combinations

    found = []
    for values in combinations(axes):
        for network in networks:
            key = point_key(network, backend, candidate(values))
            found.append(Task(key, network, backend, make_config(values)))
    return found


def test_every_task_is_in_one_lot():
    given = tasks("ab", memory_latency=(4, 8, 16), rows=(4, 8, 16), cols=(4, 8))
    for workers in (1, 2, 7):
        keys = [task.key for lot in chunks(given, workers) for task in lot]
        assert sorted(keys) == sorted(task.key for task in given)


def test_what_shares_a_mapping_follows_one_another():
    given = tasks("ab", memory_latency=(4, 8), clock_hz=(10**6, 10**7), cpu=("full", "imac"))
    given += tasks("ab", memory_latency=(4, 8), rows=(4,))
    lots = chunks(given, 8)
    assert sorted(len(lot) for lot in lots) == [2, 2, 8, 8]
    assert all(len({(task.network, task.config.npu) for task in lot}) == 1 for lot in lots)


def test_lots_are_small_enough_for_all_workers():
    given = tasks("a", rows=tuple(range(2, 33)), cols=tuple(range(2, 33)))
    sizes = [len(lot) for lot in chunks(given, 2)]
    assert max(sizes) == CHUNK
    assert len(chunks(given[:8], 2)) == 8


def test_rtl_tasks_of_one_build_stay_together():
    given = tasks("ab", "rtl", rows=(4, 8), clock_hz=(10**6, 10**7, 10**8))
    lots = chunks(given, 2)
    assert [len(lot) for lot in lots] == [6, 6]
    assert all(len({task.config.hardware_key() for task in lot}) == 1 for lot in lots)
    assert chunks([], 2) == []
