"""What the mapper asks of an operator; mapper/operators has them all, a family a file.

An operator is a frozen value: what it is told besides its tensors. Everything that the mapper knows
of it stands in its class: the rule of its shapes and quantisation, its products, the works that it
is on the accelerator or the reason why it cannot be there, and its steps on the CPU.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, NoReturn, Protocol

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import StepKind
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.works.work import Work

Shape = tuple[int, ...]


class Slide(NamedTuple):
    """How a window slides over an image, for reports: (vertical, horizontal), in pixels."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Site:
    """An operator at its place in a network: its name and kind for messages, and its tensors."""

    name: str
    kind: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def x(self) -> Tensor:
        """The first input."""
        return self.inputs[0]

    @property
    def result(self) -> Tensor:
        """The first output."""
        return self.outputs[0]

    def refuse(self, what: str) -> NoReturn:
        """Raise RequestError with the operator in front of ``what``."""
        raise RequestError(f"{self.kind} '{self.name}'{what}")


class Cpu(Protocol):
    """Where an operator on the CPU finds its tensors and puts its tables."""

    def address(self, tensor: str) -> int:
        """Return a computed tensor's address in main memory."""
        ...

    def constant(self, data: bytes) -> int:
        """Place a table in main memory and return its address."""
        ...

    def in_place(self, operator: str, index: int) -> bool:
        """Tell whether a joined input has been written into the result by its producer."""
        ...


Steps = list[tuple[StepKind, dict[str, int]]]
"""Steps of the CPU, in order: each kind with its parameters by name."""


@dataclass(frozen=True, kw_only=True)
class Operator(ABC):
    """The common part of all operators.

    kind: the name in reports. inputs: the least and largest number of inputs. computed: how many
    of them, counted from the first, are computed tensors (None: all); the others are constants.
    keeps_quantisation: all activations share one. is_view: moves no byte. joins: several inputs are
    parts of the result. in_place: the result may lie over an input of its size that dies.
    takes_constants: the accelerator can compute with a constant in place of a computed tensor.
    writes_pixels: the accelerator can write the result pixel by pixel, with gaps. by_rows: the
    works depend on the rows of the array, and on nothing else of the accelerator. updates_states:
    the next value of a state may be written over the one that is read.
    """

    kind: ClassVar[str]
    inputs: ClassVar[tuple[int, int]] = (1, 1)
    computed: ClassVar[int | None] = None
    keeps_quantisation: ClassVar[bool] = False
    is_view: ClassVar[bool] = False
    joins: ClassVar[bool] = False
    in_place: ClassVar[bool] = False
    takes_constants: ClassVar[bool] = False
    writes_pixels: ClassVar[bool] = False
    by_rows: ClassVar[bool] = False
    updates_states: ClassVar[bool] = False

    @abstractmethod
    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of each output. Raises RequestError where the inputs give none."""

    def verify(self, site: Site) -> None:
        """Raise RequestError where tensors are not what the operator takes and gives."""
        self._verify_number(site)
        self.verify_types(site)
        expected = self.shapes(site)
        for tensor, shape in zip(site.outputs, expected, strict=True):
            if tensor.shape != shape:
                site.refuse(
                    f": output '{tensor.name}' has shape {tensor.shape}, its inputs give {shape}"
                )
        if self.keeps_quantisation:
            for tensor in self.activations(site):
                if tensor.quant != site.result.quant:
                    site.refuse(
                        f": '{tensor.name}' and '{site.result.name}' must share one quantisation"
                    )

    def _verify_number(self, site: Site) -> None:
        least, most = self.inputs
        if not least <= len(site.inputs) <= most or not site.outputs:
            site.refuse(f" has {len(site.inputs)} inputs and {len(site.outputs)} outputs")

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless all activations are int8 of one scale each."""
        for tensor in (*self.activations(site), *site.outputs):
            if tensor.dtype != "int8" or not tensor.is_whole:
                site.refuse(f": activation '{tensor.name}' is not int8 of one scale")

    def verify_one_type(self, site: Site, types: Sequence[str]) -> None:
        """Raise RequestError unless all activations and results are of one of some types."""
        for tensor in (*self.activations(site), *site.outputs):
            if tensor.dtype != site.result.dtype or tensor.dtype not in types:
                site.refuse(
                    f": '{tensor.name}' is {tensor.dtype} and '{site.result.name}' "
                    f"{site.result.dtype}; {' or '.join(types)} is needed for both"
                )

    def activations(self, site: Site) -> tuple[Tensor, ...]:
        """Return the inputs that are computed, not stored in the file."""
        return site.inputs[: self.computed]

    def macs(self, site: Site) -> int:
        """Return the products of a convolution or matrix product, those with padding included."""
        return 0

    def slide(self, site: Site) -> Slide | None:
        """Return how a window slides over the image; None where none does."""
        return None

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return f"the NPU has no {self.kind}"

    def leaves_gaps(self, site: Site) -> bool:
        """Whether the accelerator can write the result pixel by pixel, with gaps."""
        return self.writes_pixels

    def unit_objection(self, config: NpuConfig) -> str | None:
        """Return why an accelerator of this configuration has no unit for this; None if it has."""
        return None

    def lookup_table(self, site: Site) -> bytes | None:
        """Return the results of a function of single bytes, in the order of the unsigned byte.

        The accelerator sends what computes the input through it. None for all other operators.
        """
        return None

    def works_key(self, site: Site, npu: NpuConfig) -> Hashable:
        """Return what the works depend on: equal for accelerators that get the same works."""
        return npu.rows if self.by_rows else None

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return the works of an accelerator. Asked only where there is no objection."""
        raise NotImplementedError(self.kind)

    @abstractmethod
    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return the steps of the CPU."""
