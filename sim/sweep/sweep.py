"""One sweep, top to bottom: database, points, front, answer; files and summary are its caller's."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from tilewright.hw.spec.errors import CheckError, RequestError, TilewrightError
from tilewright.sim.costs.area import estimate_area
from tilewright.sim.files import make_folder, require_apart
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.progress import Progress
from tilewright.sim.report.units import counted
from tilewright.sim.sweep import grid
from tilewright.sim.sweep.answer import Answer, answer
from tilewright.sim.sweep.campaign import Campaign, Executor
from tilewright.sim.sweep.candidate import Candidate
from tilewright.sim.sweep.database import database_errors
from tilewright.sim.sweep.files import DATABASE, RESULTS, TABLE
from tilewright.sim.sweep.joint import Joint, aggregated, excess
from tilewright.sim.sweep.lock import sole_writer
from tilewright.sim.sweep.meter import Meter
from tilewright.sim.sweep.networks import packed
from tilewright.sim.sweep.point import Outcome, Task
from tilewright.sim.sweep.pool import LocalPool
from tilewright.sim.sweep.request import SweepRequest
from tilewright.sim.sweep.resume import open_store
from tilewright.sim.sweep.search import REFUSALS, Score, Scores, search
from tilewright.sim.sweep.store import Store
from tilewright.sim.sweep.synthesise import synthesise_front
from tilewright.sim.sweep.verify import verify_front

Publish = Callable[[Store, Answer], None]
"""Takes what was found while the database is open: files, summary, results."""


def sweep(
    request: SweepRequest,
    networks: Sequence[NetworkFile],
    progress: Progress,
    publish: Publish,
) -> None:
    """Do the sweep and ``publish`` what it found. An interruption leaves what can be resumed.

    ``networks``: those of ``request.models``, as `named_apart` gives them. Raises RequestError
    where the request is wrong or nothing could be evaluated, CheckError where RTL contradicts,
    TilewrightError where points failed; all but a wrong request's after ``publish``.
    """
    make_folder(request.out)
    require_apart({name: request.out / name for name in RESULTS}, request.read)
    with sole_writer(request.out), database_errors(request.out / DATABASE):
        store, networks, remarks = open_store(request, networks)
        with store:
            for remark in remarks:
                progress.note(remark, style="yellow")
            try:
                wrong = _points(request, networks, store, progress)
            except (KeyboardInterrupt, TilewrightError) as error:
                if not isinstance(error, RequestError):
                    _interrupted(request, store, progress)
                raise
            found = answer(store, request, joint_of(request, networks), len(networks))
            publish(store, found)
            _verdict(request, store, wrong, found)


class _Wrong(NamedTuple):
    """Points of the front that RTL contradicts, and designs of it at which a tool failed."""

    mismatched: int
    unplaced: int


def _points(
    request: SweepRequest, networks: Sequence[NetworkFile], store: Store, progress: Progress
) -> _Wrong:
    """Evaluate and store."""
    with _Workers(request, networks, progress) as workers:
        # All by the estimate: designs that Yosys happens to have counted would differ from their
        # neighbours by how they were counted.
        campaign = Campaign(
            store, workers, networks, request.backend, estimate_area, request.out / "failures"
        )
        if request.search:
            _search(request, networks, campaign, workers, progress)
        else:
            _grid(request, campaign, workers, progress)
        for reason, points in campaign.no_baseline.most_common():
            progress.note(f"No speed-up for {counted(points, 'point')}: {reason}", style="yellow")
        store.mark_limits(request.limits)
        store.mark_front(request.objectives, tuple(request.plan.scenarios))
        if request.synthesise_front:
            synthesise_front(store, progress)
        unplaced = 0
        if request.fpga:
            # Amaranth is loaded where hardware is made only.
            from tilewright.sim.sweep.place import place_front

            unplaced = place_front(store, request.fpga, request.out, progress)
        if not request.verify_front:
            return _Wrong(0, unplaced)
        workers.start()
        return _Wrong(verify_front(store, workers, networks, progress), unplaced)


def _grid(request: SweepRequest, campaign: Campaign, workers: _Workers, progress: Progress) -> None:
    with progress.step("Listing the points"):
        designs, excluded = request.plan.candidates()
        candidates = [one for design in designs for one in request.plan.in_scenarios(design)]
        campaign.begin()
        campaign.request(candidates)
        missing = len(campaign.missing(candidates))
    known = len(candidates) * len(request.models) - missing
    parts = [f"{counted(missing, 'point')} to do"]
    parts += [f"{campaign.again:,} of them failed before"] if campaign.again else []
    parts += [f"{known:,} known already"] if known else []
    parts += [f"{counted(excluded, 'combination')} excluded by --where"] if excluded else []
    progress.note("; ".join(parts))
    if missing:
        workers.start()
        with Meter(progress.console, "Sweep", missing) as meter:
            campaign.complete(candidates, meter)


def _search(
    request: SweepRequest,
    networks: Sequence[NetworkFile],
    campaign: Campaign,
    workers: _Workers,
    progress: Progress,
) -> None:
    assert request.search is not None
    plan = request.plan
    scenarios = grid.size(plan.scenarios)
    runs = len(request.models) * scenarios
    joint = joint_of(request, networks)
    if request.search.budget < (known := campaign.known(plan.not_the_designs, scenarios)):
        progress.note(
            f"--search {request.search.budget}: {counted(known, 'configuration')} are evaluated "
            "already; the results are those of the first ones alone",
            style="yellow",
        )
    campaign.begin()
    workers.start()
    with Meter(progress.console, "Search", request.search.budget * runs) as meter:

        def evaluate(designs: Sequence[Candidate]) -> list[Scores]:
            each = [plan.in_scenarios(design) for design in designs]
            candidates = [one for design in each for one in design]
            campaign.request(candidates)
            known = len(designs) * runs - len(campaign.missing(candidates))
            meter.expect(-known)
            campaign.complete(candidates, meter)
            scores = [
                scored([row for one in design for row in campaign.rows(one)]) for design in each
            ]
            # In their place others are to come.
            meter.expect(runs * scores.count(None))
            return scores

        def scored(rows: list[dict[str, Any]]) -> Scores:
            values = aggregated(rows, request.objectives, runs, joint)
            if values is None:
                return None
            return Score(values, excess(rows, request.limits) if values else 0.0)

        found = search(plan, request.search, len(request.objectives), evaluate)
    if found.evaluated < request.search.budget:
        evaluated = counted(found.evaluated, "configuration")
        if found.refused < REFUSALS * request.search.budget:
            why = "the grid seems to hold no more"
        else:
            why = f"stopped since {found.refused:,} others were refused; narrow it by --where"
        progress.note(f"Evaluated {evaluated}: {why}.", style="yellow")


class _Workers:
    """The executor that the request names, to be started when there is something to do.

    Not by the first task: a bar of progress is on the terminal by then, and takes no second one.
    """

    def __init__(
        self, request: SweepRequest, networks: Sequence[NetworkFile], progress: Progress
    ) -> None:
        self._request = request
        self._networks = networks
        self._progress = progress
        self._started: Executor | None = None
        self._stack = ExitStack()

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def outcomes(self, tasks: Sequence[Task]) -> Generator[Outcome]:
        """As `Executor` says."""
        if tasks:
            assert self._started is not None
            yield from self._started.outcomes(tasks)

    def start(self) -> None:
        """Start it, unless it is started. Raises RequestError for a cluster that is not there."""
        self._started = self._started or self._executor()

    def _executor(self) -> Executor:
        networks = [packed(network) for network in self._networks]
        if self._request.cluster is None:
            return self._stack.enter_context(LocalPool(networks, self._request.jobs))
        from tilewright.sim.sweep.cluster import Cluster

        with self._progress.step(f"Connecting to the Dask cluster {self._request.cluster}"):
            return self._stack.enter_context(
                Cluster(networks, self._request.cluster, self._progress.note)
            )


def _interrupted(request: SweepRequest, store: Store, progress: Progress) -> None:
    if not request.kept:
        return
    store.commit()
    store.export_csv(request.out / TABLE)
    if not (done := len(store.keys())):
        return
    progress.note(
        f"Interrupted: {counted(done, 'point')} kept in {request.out}; go on with:\n"
        f"{_going_on(request)}"
    )


def _going_on(request: SweepRequest) -> str:
    if request.going_on:
        return request.going_on
    resume = "" if "--resume" in request.command.split() else " --resume"
    return f"{request.command}{resume}"


def joint_of(request: SweepRequest, networks: Sequence[NetworkFile]) -> Joint:
    """How runs become one figure, with the networks by the names that their points have."""
    names = {model: net.name for model, net in zip(request.models, networks, strict=True)}
    weights = {names[model]: weight for model, weight in request.weights.items()}
    return Joint(request.joint, weights)


def _verdict(request: SweepRequest, store: Store, wrong: _Wrong, found: Answer) -> None:
    """Raise what the exit status has to say."""
    counts = store.counts()
    if wrong.mismatched:
        raise CheckError(
            f"{counted(wrong.mismatched, 'point')} of the front failed in RTL; see the lines above"
        )
    if wrong.unplaced:
        raise TilewrightError(
            f"at {counted(wrong.unplaced, 'design')} of the front a tool failed; see the lines "
            "above, or the column fpga_error"
        )
    if failed := counts.get("failed", 0):
        kind = CheckError if request.backend == "rtl" else TilewrightError
        why = "the column error says why"
        if request.kept:
            why = f"the column error of {request.out / TABLE} says why, {_tracebacks(request.out)}"
        raise kind(f"{failed:,} of {counted(sum(counts.values()), 'point')} failed; {why}")
    if not counts:
        raise RequestError("no point was found for which all of --where hold")
    if not counts.get("ok"):
        status, error, points = store.reasons(1)[0]
        raise RequestError(
            f"no point could be evaluated; {counted(points, 'point')} {status}: {error}"
        )
    if found.missed:
        limits = " and ".join(f"--limit {limit.text!r}" for limit in found.limits)
        raise RequestError(f"no design keeps {limits}: {found.missed}. {_remedy(request)}")


def _remedy(request: SweepRequest) -> str:
    """What to do where no design keeps the limits."""
    if not request.kept:
        return "Loosen it, or search longer" if request.search else "Loosen it or widen the grid"
    # A search with other limits is another one, so it goes on with these alone.
    more = (
        "Search longer, by a larger --search N with --resume, or loosen it in another --out"
        if request.search
        else "Loosen it or widen the grid, with --resume"
    )
    return f"{more}: all points are in {request.out}"


def _tracebacks(out: Path) -> str:
    folder = out / "failures"
    return f"tracebacks are in {folder}" if folder.is_dir() else "there are no tracebacks"
