"""Great Expectations as the judge: it says what the counts say, and nothing that it could have seen."""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
import pytest
from great_expectations import expectations as gxe
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)

from include.retention.errors import ValidationError
from include.retention.validate import expectations
from include.retention.validate.checks import TITLES, Check, Measured, Severity, frame_of
from include.retention.validate.expectations import CountsOnly, judge
from tests.validate.world import World


def test_the_verdict_is_that_of_the_counts_in_the_order_of_the_measurements() -> None:
    judged = judge(
        "shop",
        frame_of(
            [
                Measured(Check.BALANCE, "invoice", 10, 1),
                Measured(Check.DELETED_GONE, "invoice", 4, 0),
                Measured(Check.BALANCE, "customer", 7, 0),
                Measured(Check.DELETED_GONE, "customer", 3, 2, severity=Severity.WARNING),
                Measured(Check.FOREIGN_KEYS, "invoice", 3, 2, limit=2),
            ]
        ),
    )
    assert [(each["check"], each["table"], each["outcome"]) for each in judged] == [
        ("BALANCE", "invoice", "fail"),
        ("DELETED_GONE", "invoice", "pass"),
        ("BALANCE", "customer", "pass"),
        ("DELETED_GONE", "customer", "fail"),
        ("FOREIGN_KEYS", "invoice", "pass"),
        ("SOMETHING_MEASURED", "", "pass"),
    ]
    assert judged[3] == {
        "check": "DELETED_GONE",
        "table": "customer",
        "title": {"sv": "Rader som skulle raderas är borta", "en": "Rows that were due for deletion are gone"},
        "severity": "warning",
        "outcome": "fail",
        "examined": 3,
        "unexpected": 2,
        "limit": 0,
    }
    assert json.loads(json.dumps(judged)) == judged


def test_less_than_nothing_is_no_count() -> None:
    assert _outcomes([Measured(Check.BALANCE, "invoice", 1, -1)])[0] == "fail"


def test_what_was_not_measured_is_an_error_and_not_a_failure() -> None:
    judged = judge("shop", frame_of([Measured(Check.FILES_GONE, "copy", 0, None), Measured(Check.SUMS, "i", 1, 0)]))
    assert [(each["outcome"], each["unexpected"]) for each in judged] == [("error", None), ("pass", 0), ("pass", 0)]


@pytest.mark.parametrize("measured", [[], [Measured(Check.BALANCE, "invoice", 0, 0)]])
def test_where_nothing_was_looked_at_something_fails(measured: list[Measured]) -> None:
    judged = judge("shop", frame_of(measured))
    assert judged[-1]["check"] == "SOMETHING_MEASURED"
    assert (judged[-1]["outcome"], judged[-1]["examined"]) == ("fail", 0)


def test_a_check_that_examined_nothing_says_so_beside_others_that_did() -> None:
    judged = judge("shop", frame_of([Measured(Check.SUMS, "i", 0, 0), Measured(Check.BALANCE, "i", 5, 0)]))
    assert (judged[0]["outcome"], judged[0]["examined"]) == ("pass", 0)


def test_an_expectation_that_great_expectations_drops_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = expectations._suite

    def losing(*args: Any) -> gx.ExpectationSuite:
        suite = whole(*args)
        suite.expectations = suite.expectations[1:]
        return suite

    monkeypatch.setattr(expectations, "_suite", losing)
    assert _outcomes([Measured(Check.SUMS, "a", 1, 0), Measured(Check.SUMS, "b", 1, 0)]) == ["error", "pass", "error"]


def test_an_expectation_that_raises_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def misspelt(_system: str, check: Check, rows: pd.DataFrame) -> gx.ExpectationSuite:
        kinds = [gxe.ExpectColumnMaxToBeBetween(column=f"no_column_{place}", max_value=0) for place in rows.index]
        return gx.ExpectationSuite(name=check.value, expectations=kinds)

    monkeypatch.setattr(expectations, "_suite", misspelt)
    assert _outcomes([Measured(Check.SUMS, "a", 1, 0)]) == ["error", "error"]


def test_a_measurement_judged_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(_system: str, check: Check, _rows: pd.DataFrame) -> gx.ExpectationSuite:
        kinds = [gxe.ExpectColumnMaxToBeBetween(column="measurement_0", max_value=limit) for limit in (0, 9)]
        return gx.ExpectationSuite(name=check.value, expectations=kinds)

    monkeypatch.setattr(expectations, "_suite", twice)
    with pytest.raises(ValidationError, match="twice"):
        judge("shop", frame_of([Measured(Check.SUMS, "a", 1, 0)]))


def test_results_that_would_go_to_another_store_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectations, "CountsOnly", type("Other", (CountsOnly,), {"__module__": CountsOnly.__module__}))
    monkeypatch.setattr(expectations, "Other", CountsOnly, raising=False)
    with pytest.raises(ValidationError, match="unredacted"):
        judge("shop", frame_of([Measured(Check.SUMS, "a", 1, 0)]))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"check": "NO_SUCH_CHECK"}, "unknown check"),
        ({"unexpected": "CANARY"}, "unexpected of the measurements must be whole numbers"),
        ({"limit": 0.5}, "limit of the measurements must be whole numbers"),
    ],
)
def test_only_counts_of_known_checks_are_judged(change: dict[str, Any], text: str) -> None:
    frame = frame_of([Measured(Check.SUMS, "a", 1, 0)]).astype(dict.fromkeys(change, object)).assign(**change)
    with pytest.raises(ValidationError, match=text) as error:
        judge("shop", frame)
    assert "CANARY" not in str(error.value)


def test_a_frame_without_its_columns_is_refused() -> None:
    with pytest.raises(ValidationError, match="lack limit"):
        judge("shop", frame_of([Measured(Check.SUMS, "a", 1, 0)]).drop(columns="limit"))


def test_names_that_great_expectations_would_substitute_pass_untouched() -> None:
    judged = judge("shop", frame_of([Measured(Check.SUMS, "pris_i_$HOME{x}%s", 1, 0)]))
    assert (judged[0]["table"], judged[0]["outcome"]) == ("pris_i_$HOME{x}%s", "pass")


def test_every_check_has_a_sentence_in_both_languages() -> None:
    assert set(TITLES) == set(Check)
    sentences = [text for title in TITLES.values() for text in (title.sv, title.en)]
    assert len(set(sentences)) == len(sentences) == 2 * len(Check)


def test_no_value_of_a_source_leaves_through_great_expectations(
    done: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    done.delete("subscriber", "S-4")
    done.sql("UPDATE customer SET phone = NULL WHERE customer_id = 4")
    done.sql("UPDATE subscriber SET email = 'list1@example.com' WHERE subscriber_id = 'S-5'")
    contexts = _kept_contexts(monkeypatch)
    caplog.set_level(logging.DEBUG)
    measured = done.measure()
    judged = judge("shop", measured)
    assert {each["outcome"] for each in judged} == {"pass", "fail"}
    out = capfd.readouterr()
    (context,) = contexts
    everything = "\n".join(
        [
            measured.to_csv(),
            json.dumps(judged),
            *_stored(context),
            *(str(suite.to_json_dict()) for suite in context.suites.all()),
            caplog.text,
            out.out,
            out.err,
        ]
    ).lower()
    assert len(_stored(context)) == measured["check"].nunique() + 1
    for value in ("canary", "example.com", "+4670", "s-4", "1234.56", "999999"):
        assert value not in everything


def test_great_expectations_writes_no_line_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    judge("shop", frame_of([Measured(Check.SUMS, "a", 1, 1), Measured(Check.SUMS, "b", 1, None)]))
    out = capfd.readouterr()
    assert (out.out, out.err) == ("", "")
    assert [record for record in caplog.records if record.name.startswith("great_expectations")] == []
    assert list(tmp_path.iterdir()) == []


def test_the_store_blanks_values_and_exceptions_whoever_writes_to_it() -> None:
    context = expectations._context()
    frame = pd.DataFrame({"name": ["CANARY one", "CANARY two"], "age": [7, 7]})
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    kinds = [
        gxe.ExpectColumnValuesToBeInSet(column="name", value_set=["x"]),
        gxe.ExpectColumnMostCommonValueToBeInSet(column="name", value_set=["x"]),
        gxe.ExpectColumnMaxToBeBetween(column="CANARY column", max_value=0),
        gxe.ExpectColumnMaxToBeBetween(column="age", max_value=0),
    ]
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=kinds))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batch, suite=suite))
    raw = definition.run(batch_parameters={"dataframe": frame}, result_format="COMPLETE")
    assert str(raw).count("CANARY") > 5  # The stock result tells all.
    stored = [json.loads(text) for text in _stored(context)]
    assert len(stored) == 1
    results = [(each["success"], each["result"], each["exception_info"]) for each in stored[0]["results"]]
    assert "CANARY" not in str(results)
    assert {name for _, result, _ in results for name in result} <= set(expectations.COUNTS)
    assert [each for each in results if each[2]["raised_exception"]]
    assert stored[0]["statistics"]["evaluated_expectations"] == 4


def test_a_value_set_directly_is_blanked_too() -> None:
    context = expectations._context()
    frame = pd.DataFrame({"name": ["CANARY one"]})
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    raw = batch.get_batch({"dataframe": frame}).validate(
        gxe.ExpectColumnValuesToBeInSet(column="name", value_set=["x"])
    )
    suite = gx.core.ExpectationSuiteValidationResult(
        success=False, results=[raw], suite_name="s", meta={"note": "CANARY"}
    )
    run = RunIdentifier(run_name="r")
    key = ValidationResultIdentifier(ExpectationSuiteIdentifier("s"), run_id=run, batch_identifier="b")
    context.validation_results_store.set(key, suite)
    assert "CANARY" in str(raw)
    assert not [text for text in _stored(context) if "CANARY" in text]


def _outcomes(measured: list[Measured]) -> list[str]:
    return [each["outcome"] for each in judge("shop", frame_of(measured))]


def _kept_contexts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made, fresh = [], expectations._context

    def keep() -> Any:
        made.append(fresh())
        return made[-1]

    monkeypatch.setattr(expectations, "_context", keep)
    return made


def _stored(context: Any) -> list[str]:
    """Return everything in the context's results stores, as text."""
    stores = [
        store for store in context.stores.values() if isinstance(store, gx.data_context.store.ValidationResultsStore)
    ]
    return [json.dumps(store.get(key).to_json_dict()) for store in stores for key in store.list_keys()]
