"""The DPO's report, gallringsprotokoll: collected from the ledger, written as HTML, JSON and CSV.

``collect`` builds one frozen tree, ``ReportData``; ``write_report`` turns it into files. Nothing here reads a source
system: the report can hold no more than the ledger does, which is counts, names of tables and rules.
"""

from include.retention.report.collect import ChainState, Inputs, collect
from include.retention.report.history import read_heads, read_history
from include.retention.report.model import ReportData
from include.retention.report.parts import Chain, PastRun
from include.retention.report.promises import Promise, load_promises
from include.retention.report.render_html import render_html
from include.retention.report.render_json import summary
from include.retention.report.write import write_report

__all__ = [
    "Chain",
    "ChainState",
    "Inputs",
    "PastRun",
    "Promise",
    "ReportData",
    "collect",
    "load_promises",
    "read_heads",
    "read_history",
    "render_html",
    "summary",
    "write_report",
]
