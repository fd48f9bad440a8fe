"""The schedule that is shipped, and what loading makes of a schedule."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from include.retention.errors import ConfigurationError
from include.retention.policy.checks import enforceable, overdue_reviews
from include.retention.policy.load import load_policy, load_schedule
from include.retention.policy.model import EVIDENCE_PURPOSE, EndsAtOnce, Keep, Period, Schedule
from include.retention.policy.statutes import STATUTES
from include.retention.terms import LawfulBasis, Scope
from tests.policy import samples

POLICY = Path(__file__).resolve().parents[2] / "include" / "policy"


@pytest.fixture(scope="module")
def shipped() -> Schedule:
    """The schedule of the sample company."""
    return load_schedule(POLICY / "retention_schedule.yaml")


def load_changed(directory: Path, change: dict[str, object]) -> Schedule:
    samples.write_policy(directory, samples.merged(samples.valid("schedule"), change), {})
    return load_schedule(directory / "retention_schedule.yaml")


def test_every_purpose_that_the_published_policy_implies_is_there(shipped: Schedule) -> None:
    assert set(shipped.purposes) == {
        "DELIVERY",
        "REPRESENTATION",
        "ORDER_FULFILMENT",
        "INVOICING",
        "CREDIT_CHECK",
        "ACCOUNTING",
        "OSS",
        "WARRANTY_CONSUMER",
        "WARRANTY_BUSINESS",
        "GUARANTEE",
        "PRODUCT_LIABILITY",
        "CLAIM",
        "CLAIM_RECEIVABLE",
        "CLAIM_AGAINST_US",
        "MARKETING_CUSTOMER",
        "MARKETING_FORMER",
        "PROSPECTING",
        "MEETINGS",
        "CALL_PROOF",
        "SECURITY_LOG",
        "SUPPRESSION",
        EVIDENCE_PURPOSE,
    }


@pytest.mark.parametrize(
    ("purpose", "keep"),
    [
        ("ACCOUNTING", Keep((Period(years=7),), to_year_end=True)),
        ("OSS", Keep((Period(years=10),), to_year_end=True)),
        ("WARRANTY_CONSUMER", Keep((Period(years=3), Period(months=2)))),
        ("WARRANTY_BUSINESS", Keep((Period(years=2),))),
        ("CREDIT_CHECK", Keep((Period(days=30),))),
        ("MARKETING_FORMER", Keep((Period(months=12),))),
        ("PROSPECTING", Keep((Period(months=6),))),
        ("SECURITY_LOG", Keep((Period(months=6),))),
        ("CLAIM_RECEIVABLE", Keep((Period(years=3),))),
        ("CLAIM_AGAINST_US", Keep((Period(years=10),))),
        ("DELIVERY", Keep((Period(),))),
    ],
)
def test_periods_are_those_of_the_law_and_of_the_decisions(shipped: Schedule, purpose: str, keep: Keep) -> None:
    assert shipped.purposes[purpose].keep == keep


def test_every_rule_may_be_enforced(shipped: Schedule) -> None:
    assert enforceable(shipped) == ()


def test_marketing_ends_on_objection_and_nothing_statutory_does(shipped: Schedule) -> None:
    objection = EndsAtOnce("objection", Scope.SUBJECT, "consent")
    for purpose in shipped.purposes.values():
        assert (objection in purpose.ends_at_once) is purpose.marketing
        if purpose.statutory:
            assert not purpose.ends_at_once
            assert not purpose.yields_to_erasure
            assert purpose.lawful_basis is LawfulBasis.LEGAL_OBLIGATION


def test_identity_numbers_and_id_copies_have_no_prospect_purpose(shipped: Schedule) -> None:
    """Sentence S9, case K04."""
    for category in ("identity_number", "id_copy", "payment"):
        allowed = shipped.categories[category].only_for
        assert allowed
        assert not [name for name in allowed if shipped.purposes[name].marketing]
    assert shipped.categories["id_copy"].only_for == {"CREDIT_CHECK"}


def test_every_recipient_is_named_somewhere(shipped: Schedule) -> None:
    used = {recipient for purpose in shipped.purposes.values() for recipient in purpose.recipients}
    assert set(shipped.recipients) - used == {"management"}, "in some cases only: question Q5"


def test_the_statutes_are_stated_once_in_the_schedule(shipped: Schedule) -> None:
    for event, statute in STATUTES.items():
        rules = [purpose for purpose in shipped.purposes.values() if purpose.starts == event and purpose.statutory]
        assert [rule.keep for rule in rules] == [statute.keep]


def test_case_a14_oss_passes_the_published_ceiling_and_is_reported() -> None:
    notices = [notice for notice in load_policy(POLICY).notices if notice.code == "PAST_PUBLISHED_CEILING"]
    assert [notice.key for notice in notices] == ["purposes.OSS.keep"]
    assert notices[0].table is None


@pytest.mark.parametrize(
    ("amendments", "told"),
    [
        ([{"keep": "P10Y"}], []),
        ([{"keep": "P10Y"}, {"keep": "P10Y", "to_year_end": True}], [1]),
        ([{"keep": "P11Y", "events_from": "2027-01-01"}, {"keep": "P12Y"}], [0, 1]),
    ],
)
def test_case_a14_a_rule_that_passes_the_ceiling_by_its_amendment_is_reported_too(
    tmp_path: Path, amendments: list[dict[str, object]], told: list[int]
) -> None:
    common = {"in_force": "2027-07-01", "source": "Beslut"}
    change = {"purposes": {"DELIVERY": {"amendments": [common | each for each in amendments]}}}
    content = samples.merged(samples.valid("schedule"), change)
    policy = load_policy(samples.write_policy(tmp_path, content, {"shop": samples.valid("map")}))
    keys = [each.key for each in policy.notices if each.code == "PAST_PUBLISHED_CEILING"]
    assert keys == [f"purposes.DELIVERY.amendments[{place}].keep" for place in told] + ["purposes.OSS.keep"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"referral_period": "P7D"}, []),
        ({"referral_period": "P3M"}, []),
        ({"referral_period": "P4M"}, ["referral_period"]),
        ({"execution_window": "P7D"}, []),
        ({"execution_window": "P6D"}, ["execution_window"]),
        ({"execution_window": "P20Y"}, ["execution_window"]),
        ({"execution_window": "P0D", "referral_period": "P1Y"}, ["referral_period", "execution_window"]),
    ],
)
def test_periods_of_waiting_that_nobody_would_choose_are_told(
    tmp_path: Path, change: dict[str, str], told: list[str]
) -> None:
    content = samples.merged(samples.valid("schedule"), change)
    policy = load_policy(samples.write_policy(tmp_path, content, {"shop": samples.valid("map")}))
    assert [notice.key for notice in policy.notices if notice.code == "UNUSUAL_WAIT"] == told


def test_case_e04_a_period_ends_marketing_to_former_customers(shipped: Schedule) -> None:
    assert shipped.purposes["MARKETING_FORMER"].keep.periods == (Period(months=12),)


def test_case_j12_without_source_or_approver_a_rule_is_for_dry_runs_only(tmp_path: Path) -> None:
    change = {"purposes": {"OSS": {"approved_by": " "}, "ACCOUNTING": {"source": ""}}, "parameters": {"FORMER": {}}}
    content = samples.merged(samples.valid("schedule"), change)
    del content["parameters"]["FORMER"]["approved_by"]
    samples.write_policy(tmp_path, content, {})
    schedule = load_schedule(tmp_path / "retention_schedule.yaml")
    assert {(problem.code, problem.key) for problem in enforceable(schedule)} == {
        ("NO_APPROVER", "purposes.OSS.approved_by"),
        ("NO_SOURCE", "purposes.ACCOUNTING.source"),
        ("NO_APPROVER", "parameters.FORMER.approved_by"),
    }


def test_reviews_are_overdue_from_the_day_after(tmp_path: Path) -> None:
    schedule = load_changed(tmp_path, {})
    assert overdue_reviews(schedule, date(2027, 1, 1)) == ()
    late = overdue_reviews(schedule, date(2027, 1, 2))
    assert {problem.key for problem in late} == {"parameters.FORMER.review_on", "purposes.DELIVERY.review_on"}


def test_a_parameter_counts_wherever_it_is_named(tmp_path: Path) -> None:
    schedule = load_changed(
        tmp_path,
        {
            "parameters": {"FORMER": {"keep": ["P1Y", "P1M"], "to_year_end": True}},
            "purposes": {
                "DELIVERY": {
                    "amendments": [
                        {
                            "in_force": "2027-07-01",
                            "keep": {"parameter": "FORMER"},
                            "events_from": "2027-01-01",
                            "source": "Beslut",
                        }
                    ]
                }
            },
        },
    )
    keep = Keep((Period(years=1), Period(months=1)), to_year_end=True)
    assert schedule.purposes["MARKETING"].keep == keep
    (amendment,) = schedule.purposes["DELIVERY"].amendments
    assert (amendment.in_force, amendment.keep, amendment.events_from) == (date(2027, 7, 1), keep, date(2027, 1, 1))


def test_a_longer_statutory_period_may_be_announced(tmp_path: Path) -> None:
    """Case J03: a new law lengthens a duty, with its transition."""
    amendment = {"in_force": "2028-01-01", "keep": "P8Y", "to_year_end": True, "source": "Ny lag"}
    schedule = load_changed(tmp_path, {"purposes": {"ACCOUNTING": {"amendments": [amendment]}}})
    assert schedule.purposes["ACCOUNTING"].amendments[0].keep.periods == (Period(years=8),)


def test_the_digest_follows_the_content_and_nothing_else(tmp_path: Path) -> None:
    original = samples.DATA / "valid_schedule.yaml"
    digest = load_schedule(original).digest
    assert len(digest) == 64
    assert load_changed(tmp_path, {}).digest == digest, "another layout, without comments"
    assert load_changed(tmp_path, {"purposes": {"MARKETING": {"keep": "P12M"}}}).digest != digest


def test_mailboxes_are_compared_in_lower_case(tmp_path: Path) -> None:
    assert load_changed(tmp_path, {}).generic_mailboxes == {"info"}


def test_a_problem_is_a_line_that_a_person_can_act_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_changed(tmp_path, {"purposes": {"DELIVERY": {"keep": "P3650D", "retain": "P1Y"}}})
    text = str(caught.value)
    assert "2 problems in the configuration" in text
    assert "retention_schedule.yaml:" in text
    assert "purposes.DELIVERY.keep: counts days" in text
    assert "Write years and months: P10Y, not P3650D. [YEARS_AS_DAYS]" in text
