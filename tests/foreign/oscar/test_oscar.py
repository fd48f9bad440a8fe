"""django-oscar through a whole run on every database, row by row, and the shop still takes orders afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.foreign.environment import django
from tests.foreign.oscar.expected import TODAY, expected
from tests.integration.harness import Gallring, databases
from tests.integration.test_whole_run import assert_reported, assert_second_run_is_idle
from tests.second_schema.test_second_schema import differences

SYSTEM = "oscar"
HERE = Path(__file__).parent


def made(url: sa.URL) -> None:
    """Let Oscar's own migrations make the schema, and its own models the rows."""
    django(HERE, url, "-m", "django", "migrate", "--verbosity", "0")
    django(HERE, url, str(HERE / "app" / "fill.py"))


@pytest.mark.parametrize("backend", ["sqlite", "postgres", "mariadb"])
def test_former_customers_go_and_the_shop_goes_on(backend: str, tmp_path: Path) -> None:
    with databases(backend, [SYSTEM], tmp_path) as urls, pytest.MonkeyPatch.context() as patch:
        made(urls[SYSTEM])
        gallring = Gallring(tmp_path / "var", urls, patch)
        patch.setenv("GALLRING_POLICY", str(HERE / "policy"))
        gallring.set_clock(datetime.combine(TODAY, time(11), UTC))
        wanted = expected(gallring.dump())
        assert gallring.whole("first", as_of=TODAY) == "DONE"
        wrong = differences(gallring.dump(), wanted)
        assert not wrong, "\n".join(wrong)
        assert gallring.ledger("first", "not_done") == []
        assert_reported(gallring, "first", "DONE")
        assert_second_run_is_idle(gallring, TODAY)
        assert django(HERE, urls[SYSTEM], str(HERE / "app" / "fill.py"), "order").split() == ["6", "6", "9.99", "2"]
