"""``python -m include.retention.cli`` is ``gallring``."""

from include.retention.cli.main import app

app(prog_name="gallring")
