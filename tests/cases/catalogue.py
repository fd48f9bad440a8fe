"""The ids of the catalogue of cases, and why some of them have no test yet.

A case that this engine can decide is a test named ``test_case_<id>_...``, beside the code that decides it. What waits
for later work is listed here with the reason, so that nothing is left out in silence.
"""

from __future__ import annotations

_IDS = {
    "A": "01 02 03 05 06 07 08 09 10 11 13 14 17 18",
    "B": "01 02 03 04 06 07 09 10 11 12 13 14 16 18 19 20 21 22",
    "C": "01 02 03 04 05 06 07 08 09 10 11 13 15 16 17 18 22",
    "D": "01 02 04 05 07 08 09 10 12 14 15",
    "E": "01 02 03 04 05 07 08 09 10 11 12 14 15 17",
    "F": "01 03 04 05 06 08 09 10 11",
    "G": "01 03 04 06 07 08 09 10 11 12 14",
    "H": "01 02 03 04 06 07 08 09 10 11 12 13 15 16 17 18 20 21 22 23 24 25 26",
    "I": "01 02 03 04 05 06 09 10 11 12",
    "J": "01 03 04 05 06 07 08 09 10 11 12 13 14 15 17 18 20",
    "K": "01 02 03 04 06 07 09 10",
}
CATALOGUE = frozenset(f"{letter}{number}" for letter, numbers in _IDS.items() for number in numbers.split())

_WAITING = {
    "no aggregates are made or released yet: rows are deleted, and what stays for other purposes is never called "
    "anonymous, so there is nothing whose k, l or cell size could be measured": "B19 I03 I04 I05 I06 I11",
    "no age is computed: a consent that a child gave (2 kap. 4 § dataskyddslagen) has to be found by somebody": "C17",
    "recipients aren't told of erasures and objections yet: the report's part 11 says so": "E08 H21 H22",
    "backups and archives are outside what a run reaches: the report's part 10 says so": "H08 H26",
    "a place without a data map isn't looked for: a map of its own brings it in, discovery will find it": (
        "H10 H11 H16 H25"
    ),
    "event stores and message logs aren't a kind of system that can be mapped": "H17",
    "a property of the database's storage that a run can't measure": "H23",
    "who may read what is the source system's business: the report's part 12 says that it isn't measured": "K06",
    "a text isn't read for what it says: it goes whole with its column group": "K10",
}
WAITING = {name: reason for reason, names in _WAITING.items() for name in names.split()}
"""Case id -> why no test decides it yet."""
