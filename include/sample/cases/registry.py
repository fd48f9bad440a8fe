"""How a function says which case it plants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from include.sample.cluster import Cluster

Case = Callable[[Cluster], None]


@dataclass(slots=True)
class Registry:
    """The cases of one module, in the order in which they stand there."""

    entries: list[tuple[str, Case]] = field(default_factory=list)

    def case(self, *names: str) -> Callable[[Case], Case]:
        """Register a function for one or several ids of the catalogue: each gets a cluster of its own."""

        def register(function: Case) -> Case:
            self.entries.extend((name, function) for name in names)
            return function

        return register
