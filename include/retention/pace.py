"""How many rows the next transaction takes, so that each lasts about as long as others may be kept waiting."""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST_ROWS = 500
"""Rows of a table's first transaction: nothing is known of the table yet."""
FEWEST_ROWS = 20
"""Fewer rows a transaction would spend its time on itself."""
MUCH_SHORTER = 0.75
"""What a transaction of half the rows must have taken less than, for its time to follow its rows at all."""
STEADY = 20
"""Transactions after which shrinking is tried again."""
_SHORTEST = 1e-4
"""Seconds: a clock may tell that nothing has passed."""


@dataclass(slots=True)
class Pace:
    """The size of one kind of transactions: those of one table with one action.

    It grows to the double at most, and shrinks at once to what should fit. Where half the rows take as long as before
    (a foreign key without an index is looked through whole, whatever the number of rows), shrinking would only repeat
    what takes the time, so it goes back to what it was, and stays there for a while.

    Attributes:
        aim: seconds that a transaction should take.
        rows: how many it takes next.
        fewest: it doesn't go below.
    """

    aim: float
    rows: int = FIRST_ROWS
    fewest: int = FEWEST_ROWS
    _too_long: tuple[int, float] | None = field(default=None, init=False)
    _steady: int = field(default=0, init=False)

    def took(self, rows: int, seconds: float) -> None:
        """Learn from a transaction over so many rows that took so long."""
        longer, self._too_long = self._too_long, None
        if longer is not None and rows <= longer[0] // 2 and seconds > MUCH_SHORTER * longer[1]:
            self.rows = self.fewest = longer[0]
            self._steady = STEADY
            return
        self._steady -= 1
        if not self._steady:  # It may have been somebody else's lock, waited for once.
            self.fewest = FEWEST_ROWS
        fitting = int(rows * self.aim / max(seconds, _SHORTEST))
        if fitting < rows:
            self._too_long = rows, seconds
            self.rows = max(fitting, self.fewest)
        elif rows >= self.rows:  # A batch's last rows are fewer, and tell nothing of more.
            self.rows = min(fitting, 2 * self.rows)
