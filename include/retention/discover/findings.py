"""What looks personal in a sample, and whether somebody has answered for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from include.retention.data_map.model import Acknowledged
from include.retention.detect.chance import lower_bound
from include.retention.detect.fields import Fields
from include.retention.detect.values import Seen, look_at
from include.retention.discover.documents import documents, values_by_path
from include.retention.discover.sample import Values
from include.retention.discover.watched import Watched, Where
from include.retention.draft.columns import EXACT
from include.retention.identifiers import Normaliser
from include.retention.json_paths import covered

LEAST_VALUES, LEAST_SHARE = 2, 0.02
"""What is exact in form has to be seen this often; a single such value among hundreds is no habit of the column."""
MOST_LIKELY = 0.5
"""Share of values that have to look like a name or free text: words alone prove little."""
ALONE = 5
"""Values below one of several keys that aren't told: so many are judged for themselves too."""
GROWN = 3.0
"""Standard deviations: what was acknowledged comes back once a sample of its share can hardly be by chance any more."""

_NO_PERSON = frozenset({"organisation_number"})
"""What belongs to a company. A sole trader's number is also an identity number, and found as one."""
_WORDS = re.compile(r"[^\s,;<>()\"'|]+")


@dataclass(frozen=True, slots=True)
class Discovery:
    """Something that looks personal and isn't declared. It holds no value.

    Attributes:
        path: the place in a JSON document, or an empty text.
        category: what the values look like.
        hits: sampled values that do.
        examined: sampled values that weren't empty.
        where: what the data map says of the column.
        acknowledged: somebody has answered for it, and the share hasn't grown since.
    """

    system: str
    table: str
    column: str
    path: str
    category: str
    hits: int
    examined: int
    where: Where
    acknowledged: bool

    @property
    def share(self) -> float:
        """Return the share of values that look personal, 0 to 1."""
        return self.hits / self.examined


def judge(  # noqa: PLR0913, PLR0917 - the caller has each
    system: str,
    watched: Watched,
    values: Values,
    answers: Iterable[Acknowledged],
    normaliser: Normaliser,
    fields: Fields,
) -> Iterator[Discovery]:
    """Yield what looks personal in a table's sample.

    Args:
        system: the table's system.
        watched: the table and its columns.
        values: sampled values per column.
        answers: what the map acknowledges in this table.
        normaliser: reads identifiers as a run does.
        fields: which keys of documents may be told.
    """
    known = {(each.column, each.path, each.looks_like): each.share for each in answers}
    for column, where in watched.columns.items():
        for path, seen in _seen(values[column], normaliser, fields):
            if covered(path, watched.declared.get(column, ())):
                continue
            limit = known.get((column, path, seen.category))
            answered = limit is not None and lower_bound(seen.hits, seen.examined, GROWN) <= limit
            yield Discovery(
                system, watched.table, column, path, seen.category, seen.hits, seen.examined, where, answered
            )


def _seen(values: Sequence[object], normaliser: Normaliser, fields: Fields) -> Iterator[tuple[str, Seen]]:
    """Yield what a column's values look like, by their place in a document where they are documents.

    Several keys may share a path that doesn't tell them: they are judged together and each for itself, and of each
    category it is told where it is commonest.
    """
    found = documents(values)
    by_path = {"": [list(values)]} if found is None else values_by_path(found, fields)
    for path, lists in by_path.items():
        alone = [each for each in lists if len(each) >= ALONE] if len(lists) > 1 else []
        likeliest: dict[str, Seen] = {}
        for below in (list(chain.from_iterable(lists)), *alone):
            seen = _worth_telling(below, normaliser)
            if seen is not None and seen.share >= likeliest.get(seen.category, seen).share:
                likeliest[seen.category] = seen
        yield from ((path, seen) for seen in likeliest.values())


def _worth_telling(values: Sequence[object], normaliser: Normaliser) -> Seen | None:
    """Return the likeliest category of the values, or None where nothing looks personal."""
    for seen in look_at(values, normaliser):
        if seen.category in _NO_PERSON:
            continue
        if seen.category in EXACT:
            if seen.hits >= LEAST_VALUES and seen.share >= LEAST_SHARE:
                return seen
        elif seen.share >= MOST_LIKELY:
            return _inside(values, normaliser) or seen
    return _inside(values, normaliser)


def _inside(values: Sequence[object], normaliser: Normaliser) -> Seen | None:
    """Return what is exact in form among the words of longer texts."""
    texts = [set(_telling(value)) for value in values if isinstance(value, str) and value.strip()]
    words = sorted(set().union(*texts))
    exact = [seen.category for seen in look_at(words, normaliser) if seen.category in EXACT - _NO_PERSON]
    kinds = {word: {seen.category for seen in look_at([word], normaliser)} for word in words} if exact else {}
    hits = {each: sum(1 for text in texts if any(each in kinds[word] for word in text)) for each in exact}
    likely = max(hits, key=lambda category: hits[category], default=None)
    if likely is None or hits[likely] < LEAST_VALUES or hits[likely] < LEAST_SHARE * len(texts):
        return None
    return Seen(likely, hits[likely], len(texts))


def _telling(text: str) -> Iterator[str]:
    """Yield the words of a text that could be an address or a number."""
    for word in _WORDS.findall(text):
        if any(character.isdigit() or character == "@" for character in word):
            yield word.strip(".:!?")
