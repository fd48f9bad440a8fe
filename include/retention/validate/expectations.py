"""Great Expectations judges the measurements. The only module that imports it: that takes seconds.

Nothing but counts goes in: one frame with one row and a column per measurement. Suites are made in code, one per
kind of check, named by its sentence. What comes out is stored by `CountsOnly` alone, so that no value could be kept
even if one had got in. The context lives in memory; there is no telemetry, no Data Docs and no project on disk.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd

# Great Expectations says two hundred lines while it is imported, and quotes values when a metric fails. Some of its
# loggers set a level of their own, so nothing may pass their common parent.
_logger = logging.getLogger("great_expectations")
_logger.setLevel(logging.CRITICAL + 1)
_logger.propagate = False
_logger.addHandler(logging.NullHandler())

import great_expectations as gx  # noqa: E402
from great_expectations import expectations as gxe  # noqa: E402
from great_expectations.core import ExpectationSuiteValidationResult  # noqa: E402
from great_expectations.data_context import EphemeralDataContext  # noqa: E402
from great_expectations.data_context.store import ValidationResultsStore  # noqa: E402
from great_expectations.data_context.types.base import (  # noqa: E402
    DataContextConfig,
    InMemoryStoreBackendDefaults,
)

from include.retention.errors import ValidationError  # noqa: E402
from include.retention.validate.checks import COLUMNS, TITLES, Check, Measured, frame_of  # noqa: E402

STORE = "counts_only"
COUNTS = ("element_count", "unexpected_count", "observed_value")
"""What a stored result may say, and only as a number."""


class CountsOnly(ValidationResultsStore):  # type: ignore[misc]
    """A results store that keeps outcomes and counts, and blanks everything that may quote data."""

    def store_validation_results(self, suite_validation_result: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as Great Expectations calls it
        """Store a redacted copy."""
        return super().store_validation_results(redacted(suite_validation_result), *args, **kwargs)

    def set(self, key: Any, value: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as above
        """Store a redacted copy, whoever calls."""
        return super().set(key, redacted(value), **kwargs)


def judge(system: str, measurements: pd.DataFrame) -> list[dict[str, Any]]:
    """Judge a system's measurements.

    Args:
        system: name of the system.
        measurements: ``checks.COLUMNS``, as `measure.measure` returns.

    Returns:
        One dict per measurement, in their order, and a last one that says whether anything was measured at all:
        ``check``, ``table``, ``title`` (``sv``, ``en``), ``severity``, ``outcome``, ``examined``, ``unexpected``
        (None where it wasn't measured) and ``limit``. The outcome is ``pass``, ``fail``, or ``error`` where there is
        no verdict: a measurement is missing, or Great Expectations raised, or it dropped the expectation.

    Raises:
        ValidationError: the measurements aren't counts of known checks, or results aren't redacted.
    """
    rows = _with_total(_checked(system, measurements))
    verdicts = _verdicts(system, rows)
    return [
        {
            "check": row.check,
            "table": row.table,
            "title": {"sv": row.title_sv, "en": row.title_en},
            "severity": row.severity,
            "outcome": verdicts.get(_column(place), "error"),
            "examined": int(row.examined),
            "unexpected": None if pd.isna(row.unexpected) else int(row.unexpected),
            "limit": int(row.limit),
        }
        for place, row in enumerate(rows.itertuples(index=False))
    ]


def redacted(result: ExpectationSuiteValidationResult) -> ExpectationSuiteValidationResult:
    """Return a copy of a suite's result with outcomes and counts alone."""
    copy = deepcopy(result)
    copy.meta, copy.suite_parameters = {}, {}
    for each in copy.results:
        each.result = {name: each.result[name] for name in COUNTS if _is_number(each.result.get(name))}
        each.exception_info = {
            "raised_exception": _raised(each.exception_info),
            "exception_message": None,
            "exception_traceback": None,
        }
        each.meta = {}
        each.rendered_content = None
    return copy


def _checked(system: str, measurements: pd.DataFrame) -> pd.DataFrame:
    """Let nothing but counts of known checks pass."""
    missing = [name for name in COLUMNS if name not in measurements.columns]
    if missing:
        raise ValidationError(f"{system}: the measurements lack {', '.join(missing)}.")
    numbers = ("examined", "unexpected", "limit")
    texts = [name for name in numbers if not pd.api.types.is_integer_dtype(measurements[name])]
    if texts:
        raise ValidationError(f"{system}: {', '.join(texts)} of the measurements must be whole numbers.")
    if not set(measurements["check"]) <= set(TITLES):
        raise ValidationError(f"{system}: there is a measurement of an unknown check. Add it to checks.Check.")
    return measurements[list(COLUMNS)]


def _with_total(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the check that something was measured: where nothing is looked at, everything passes."""
    examined = int(rows["examined"].sum())
    total = frame_of([Measured(Check.SOMETHING_MEASURED, "", examined, int(examined == 0))])
    return pd.concat([rows, total], ignore_index=True) if len(rows) else total


def _column(place: int) -> str:
    # Great Expectations substitutes ``$names``, so the map's own names stay out of its configuration.
    return f"measurement_{place}"


def _verdicts(system: str, rows: pd.DataFrame) -> dict[str, str]:
    """Return the outcome per measurement that was judged."""
    context = _context()
    unexpected = rows["unexpected"].astype("float64")
    frame = pd.DataFrame([unexpected.to_numpy()], columns=[_column(place) for place in range(len(rows))])
    source = context.data_sources.add_pandas("measurements")
    batch = source.add_dataframe_asset(system).add_batch_definition_whole_dataframe("all")
    found: dict[str, str] = {}
    for check, of_check in rows.groupby("check", sort=False):
        suite = context.suites.add(_suite(system, Check(str(check)), of_check))
        definition = gx.ValidationDefinition(name=suite.name, data=batch, suite=suite)
        result = redacted(
            context.validation_definitions.add(definition).run(
                batch_parameters={"dataframe": frame},
                result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
            )
        )
        outcomes = {each.expectation_config.kwargs["column"]: _outcome(each) for each in result.results}
        if len(outcomes) != len(result.results):
            raise ValidationError(f"{system}: Great Expectations judged a measurement of {check} twice.")
        found.update(outcomes)
    return found


def _context() -> EphemeralDataContext:
    """Return a context in memory whose results store is ours.

    Raises:
        ValidationError: another store would receive the results.
    """
    # Without this configuration it would prepare Data Docs, pages that load from seven content delivery networks.
    in_memory = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=in_memory))
    context.variables.progress_bars = {"globally": False}
    context.add_store(
        STORE,
        {
            "class_name": CountsOnly.__name__,
            "module_name": CountsOnly.__module__,
            "store_backend": {"class_name": "InMemoryStoreBackend"},
        },
    )
    context.variables.validation_results_store_name = STORE
    if not isinstance(context.validation_results_store, CountsOnly):
        raise ValidationError("Great Expectations would store its results unredacted. Nothing was judged.")
    return context


def _suite(system: str, check: Check, rows: pd.DataFrame) -> gx.ExpectationSuite:
    """Return the suite of one kind of check: one expectation per measurement."""
    return gx.ExpectationSuite(
        name=f"{system}: {TITLES[check].sv} ({TITLES[check].en})",
        expectations=[
            gxe.ExpectColumnMaxToBeBetween(
                column=_column(int(row.Index)),
                min_value=0,
                max_value=int(row.limit),
                severity=row.severity,
                description=f"{system} {row.table}: {row.title_sv} / {row.title_en}",
            )
            for row in rows.itertuples()
        ],
    )


def _outcome(result: Any) -> str:  # noqa: ANN401 - Great Expectations' own, untyped here
    if result.exception_info["raised_exception"] or "observed_value" not in result.result:
        return "error"
    return "pass" if result.success else "fail"


def _raised(info: Mapping[str, Any] | None) -> bool:
    """Return whether an expectation raised; its exceptions stand plain or one level down, by metric."""
    if not info:
        return False
    nested: Iterable[Any] = info.values()
    return bool(info.get("raised_exception")) or any(isinstance(each, Mapping) and _raised(each) for each in nested)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not math.isnan(value)
