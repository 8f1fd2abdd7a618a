"""Counts while a network trains: exact ones, or estimates, every so many steps.

Nothing of a framework is imported: the model is read as `as_network` reads it.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from regions.enumeration import count_regions
from regions.estimates.estimate import estimate_regions
from regions.estimates.result import RegionEstimate
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """One count.

    Attributes:
        step: After how many steps.
        result: A `RegionCount`, or a `RegionEstimate`.
    """

    step: int
    result: Any


class RegionRecorder:
    """Counts the regions of a network while it trains.

    Call it in the training loop as `recorder(step, model)`, or let PyTorch call it
    after each step of an optimizer (`attach`); `training.recording.ParameterRecorder`
    puts it in a chain of optax.

    Args:
        domain: Where to count.
        every: Count after each so many steps.
        estimate: Estimate instead of counting, for networks whose regions are too many.
        options: Of `count_regions`, or of `estimate_regions`: `max_seconds`, say.

    Attributes:
        records: What was counted, in order.

    Raises:
        ValueError: If `every` is no positive number.

    Example:
        >>> import numpy as np
        >>> import regions
        >>> recorder = RegionRecorder(regions.Box.cube(2), every=2)
        >>> net = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]])
        >>> for step in range(1, 5):
        ...     recorder(step, net)
        >>> recorder.steps, recorder.counts
        ([2, 4], [4, 4])
    """

    def __init__(
        self,
        domain: DomainLike,
        *,
        every: int = 1,
        estimate: bool = False,
        **options: Any,
    ):
        if every < 1:
            raise ValueError(f"`every` is {every}: at least 1 is required.")
        self.domain = domain
        self.every = every
        self.records: list[Record] = []
        self._count: Callable[..., Any] = (
            estimate_regions if estimate else count_regions
        )
        self._options = options

    def __repr__(self) -> str:
        return f"RegionRecorder({len(self.records)} records, every={self.every})"

    def __call__(self, step: int, model: NetworkLike) -> None:
        """Count now, if it is time to.

        Args:
            step: Steps done so far.
            model: The network as it is now.
        """
        if step % self.every == 0:
            network, domain = network_and_domain(model, self.domain, or_round=True)
            result = self._count(network, domain, **self._options)
            self.records.append(Record(step, result))

    @property
    def steps(self) -> list[int]:
        """After how many steps each count was made."""
        return [record.step for record in self.records]

    @property
    def counts(self) -> list[int | float]:
        """The numbers; of an estimate its mean. `records` say how sure they are."""
        results = [record.result for record in self.records]
        return [
            result.mean if isinstance(result, RegionEstimate) else int(result)
            for result in results
        ]

    def attach(self, optimizer: Any, model: NetworkLike) -> Any:
        """Count after the steps of an optimizer of PyTorch.

        Args:
            optimizer: A `torch.optim.Optimizer`.
            model: The module that it trains.

        Returns:
            PyTorch's handle of the hook; its `remove()` ends the counting.
        """
        done = 0

        def hook(*_: Any) -> None:
            nonlocal done
            done += 1
            self(done, model)

        return optimizer.register_step_post_hook(hook)
