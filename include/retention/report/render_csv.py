"""report.csv: one row per table, for a spreadsheet.

Excel with Swedish settings opens a file on a double click only where the separator is a semicolon, and reads å, ä
and ö only where UTF-8 is announced by a byte order mark. An unknown count is an empty cell, never a zero.
"""

from __future__ import annotations

import csv
import io

from include.retention.report.figures import TableFigures
from include.retention.report.model import ReportData

COLUMNS = (
    "run_id", "as_of", "mode", "outcome", "system", "table", "title_sv", "title_en", "read", "population", "due",
    "plan_delete", "plan_anonymise", "nothing_left", "kept", "referred", "referred_too", "not_personal", "closed",
    "held", "deleted", "anonymised", "changed", "not_done", "overdue", "overdue_days", "files_deleted",
    "files_absent", "files_refused", "sums_hold",
)  # fmt: skip
ENCODING = "utf-8-sig"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render_csv(data: ReportData) -> str:
    """Return the table, without the byte order mark that ``ENCODING`` puts first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    for system in data.systems:
        for table in system.tables:
            writer.writerow({name: _cell(value) for name, value in _row(data, table).items()})
    return text.getvalue()


def _row(data: ReportData, table: TableFigures) -> dict[str, str | int | None]:
    plan, acted = table.planned, table.acted
    return {
        "run_id": data.run.run_id,
        "as_of": data.run.as_of.isoformat() if data.run.as_of else None,
        "mode": data.run.mode.value,
        "outcome": data.outcome.value,
        "system": table.system,
        "table": table.table,
        "title_sv": table.title.sv,
        "title_en": table.title.en,
        "read": table.read,
        "population": plan.population if plan else None,
        "due": plan.due if plan else None,
        "plan_delete": plan.delete if plan else None,
        "plan_anonymise": plan.anonymise if plan else None,
        "nothing_left": plan.nothing_left if plan else None,
        "kept": plan.retain if plan else None,
        "referred": plan.refer if plan else None,
        "referred_too": plan.refer_too if plan else None,
        "not_personal": plan.not_personal if plan else None,
        "closed": plan.closed if plan else None,
        "held": plan.held if plan else None,
        "deleted": acted.deleted if acted else None,
        "anonymised": acted.anonymised if acted else None,
        "changed": acted.changed if acted else None,
        "not_done": acted.not_done if acted else None,
        "overdue": plan.overdue if plan else None,
        "overdue_days": plan.overdue_days if plan else None,
        "files_deleted": acted.files_deleted if acted else None,
        "files_absent": acted.files_absent if acted else None,
        "files_refused": acted.files_refused if acted else None,
        "sums_hold": ("yes" if all(each.holds for each in table.sums) else "no") if table.sums else None,
    }


def _cell(value: str | int | None) -> str | int | None:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
