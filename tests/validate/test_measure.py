"""Each check turns red on its own defect, and on no other; a faultless act leaves every check green."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import sqlalchemy as sa

from include.retention.terms import IdentifierKind
from tests.validate.world import Damage, World, json_of


def test_a_faultless_act_leaves_nothing_unexpected(done: World) -> None:
    found = done.measure()
    assert done.wrong() == set()
    assert found["unexpected"].notna().all()
    examined = found.set_index(["check", "table"])["examined"]
    assert examined["DELETED_GONE", "invoice"] == 3
    assert examined["ERASED_EMPTY", "customer"] == 5
    assert examined["RETAINED_PRESENT", "subscriber"] == 3
    assert examined["RETAINED_UNCHANGED", "customer"] == 7
    assert examined["SUMS", "invoice"] == 2  # 2024 and no fiscal year at all; nothing of 2017 stays


DAMAGE: dict[str, tuple[Damage, set[tuple[str, str]]]] = {
    "a retained row is gone": (
        lambda world: world.delete("subscriber", "S-4"),
        {("RETAINED_PRESENT", "subscriber"), ("BALANCE", "subscriber")},
    ),
    "a reference row is gone": (
        lambda world: world.delete("fiscal_year", 2017),
        {("RETAINED_PRESENT", "fiscal_year"), ("BALANCE", "fiscal_year")},
    ),
    "a retained column group is empty": (
        lambda world: world.sql("UPDATE customer SET phone = NULL WHERE customer_id = 4"),
        {("RETAINED_UNCHANGED", "customer")},
    ),
    "a voucher is masked": (
        lambda world: world.sql("UPDATE invoice SET recipient = NULL WHERE invoice_id = 13"),
        {("RETAINED_UNCHANGED", "invoice")},
    ),
    "an amount has changed by an öre": (
        lambda world: world.sql("UPDATE invoice SET amount = 1234.55 WHERE invoice_id = 13"),
        {("SUMS", "invoice")},
    ),
    "an amount has moved to another fiscal year": (
        lambda world: world.sql("UPDATE invoice SET year_id = 2017 WHERE invoice_id = 14"),
        {("SUMS", "invoice")},
    ),
    "a line without column groups has another amount": (
        lambda world: world.sql("UPDATE invoice_line SET amount = amount + 0.01 WHERE invoice_id = 13"),
        {("SUMS", "invoice_line")},
    ),
    "a number is missing in its series": (
        lambda world: world.sql("UPDATE invoice SET number = NULL WHERE invoice_id = 13"),
        {("SERIES", "invoice")},
    ),
    "a number has moved to a series that differs in case alone": (
        lambda world: world.sql("UPDATE invoice SET series = 'a' WHERE invoice_id = 13"),
        {("SERIES", "invoice")},
    ),
    "an erased file is back": (
        lambda world: (world.copies / "canary" / "31_thumb.jpg").touch(),
        {("FILES_GONE", "id_copy")},
    ),
    "a retained row has lost its file": (
        lambda world: (world.copies / "canary" / "32.jpg").unlink(),
        {("FILES_KEPT", "id_copy")},
    ),
    "the disk with the files isn't there": (
        lambda world: shutil.rmtree(world.copies),
        {("FILES_GONE", "id_copy")},
    ),
    "somebody who objected to everything is on the list": (
        lambda world: world.sql("UPDATE subscriber SET email = ' List1@EXAMPLE.com' WHERE subscriber_id = 'S-4'"),
        {("SUPPRESSED_ABSENT", "subscriber")},
    ),
    "an objector has come back in a new row": (
        lambda world: world.sql("INSERT INTO subscriber VALUES ('S-9', NULL, '070-174 06 53')"),
        {("SUPPRESSED_ABSENT", "subscriber")},
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_each_defect_turns_its_own_check_red(done: World, name: str) -> None:
    damage, expected = DAMAGE[name]
    damage(done)
    assert done.wrong() == expected


def test_case_j20_a_row_that_was_due_and_remains_is_seen_though_the_ledger_forgot_it(planned: World) -> None:
    planned.take_baseline()
    planned.act(skip=[("invoice", 12)])
    planned.items = planned.items[planned.items["key"] != json_of(12)]
    assert planned.wrong() == {("DELETED_GONE", "invoice")}


def test_a_batch_that_was_never_run_is_seen(planned: World) -> None:
    planned.take_baseline()
    planned.act(skip=[("subscriber", "S-2")])
    planned.set_state("subscriber", "S-2", "not_done")
    assert planned.wrong() == {("DELETED_GONE", "subscriber")}


def test_a_column_group_that_was_due_and_still_holds_something_is_seen_and_named(done: World) -> None:
    done.sql("UPDATE customer SET phone = '+46701740601' WHERE customer_id = 1")
    assert done.wrong() == {("ERASED_EMPTY", "customer")}
    found = done.measure()
    row = found[(found["check"] == "ERASED_EMPTY") & (found["table"] == "customer")].iloc[0]
    assert row["unexpected"] == 1
    assert row["title_sv"].endswith("(kolumngrupper: phone)")


def test_a_value_half_erased_is_still_there(done: World) -> None:
    done.sql("UPDATE customer SET email = 'gallrad-2@gallring.invalid ' WHERE customer_id = 1")
    assert done.wrong() == {("ERASED_EMPTY", "customer")}


def test_the_ledger_must_not_claim_more_than_is_gone(done: World) -> None:
    done.deleted["invoice"] += 1
    assert done.wrong() == {("BALANCE", "invoice")}


def test_the_ledger_must_not_forget_what_is_gone(done: World) -> None:
    done.deleted["subscriber"] -= 1
    assert done.wrong() == {("BALANCE", "subscriber")}


def test_a_broken_reference_is_seen(done: World) -> None:
    with done.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("UPDATE invoice SET customer_id = 99 WHERE invoice_id = 14")
        connection.commit()
    assert done.wrong() == {("FOREIGN_KEYS", "invoice")}


def test_orphans_from_before_are_not_laid_at_the_acts_door(planned: World) -> None:
    with planned.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("UPDATE invoice SET customer_id = 99 WHERE invoice_id = 14")
        connection.commit()
    planned.take_baseline()
    planned.act()
    assert planned.wrong() == set()


def test_drift_is_left_alone_and_told(planned: World) -> None:
    planned.take_baseline()
    planned.act(skip=[("invoice", 12)])
    planned.sql("UPDATE invoice SET amount = 7, number = 900 WHERE invoice_id = 12")
    planned.sql("UPDATE customer SET phone = '+46701740609' WHERE customer_id = 3")
    planned.set_state("invoice", 12, "drift")
    planned.set_state("customer", 3, "drift")
    assert planned.wrong() == set()
    titles = planned.measure().set_index(["check", "table"])["title_en"]
    assert titles["DELETED_GONE", "invoice"].endswith("under a legal hold: 1)")
    assert titles["ERASED_EMPTY", "customer"].endswith("under a legal hold: 1)")


def test_whom_an_objection_after_the_plan_leaves_on_a_list_the_next_run_takes(planned: World) -> None:
    planned.sql("INSERT INTO subscriber VALUES ('S-9', 'late@example.com', NULL)")
    planned.take_baseline()
    planned.act()
    planned.objected_since = [("late@example.com", IdentifierKind.EMAIL, "all")]
    assert planned.wrong() == set()
    titles = planned.measure().set_index(["check", "table"])["title_en"]
    assert titles["SUPPRESSED_ABSENT", "subscriber"].endswith(
        "(objections after the plan, which the next run takes: 1)"
    )
    planned.suppressed += planned.objected_since
    assert planned.wrong() == {("SUPPRESSED_ABSENT", "subscriber")}, "one that the plan knew of"


def test_a_held_record_may_stay_also_on_a_marketing_list(planned: World) -> None:
    planned.take_baseline()
    planned.act(skip=[("subscriber", "S-1")])
    assert planned.wrong() == {("DELETED_GONE", "subscriber"), ("SUPPRESSED_ABSENT", "subscriber")}
    planned.held["subscriber"] = [json_of("S-1")]
    assert planned.wrong() == set()


def test_rows_added_while_the_act_ran_are_counted_apart(done: World) -> None:
    done.sql("INSERT INTO invoice VALUES (21, 5, 2024, 'A', 104, 50, 'CANARY new')")
    done.sql("INSERT INTO subscriber VALUES ('S-8', 'new@example.com', NULL)")
    assert done.wrong() == set()
    titles = done.measure().set_index(["check", "table"])["title_sv"]
    assert titles["BALANCE", "invoice"].endswith("(tillkomna rader: 1)")


def test_rows_that_came_and_went_between_the_decision_and_the_act(planned: World) -> None:
    planned.sql("INSERT INTO invoice VALUES (21, 5, 2024, 'A', 104, 50, 'CANARY new')")
    planned.delete("subscriber", "S-5")
    planned.take_baseline()
    planned.act()
    assert planned.wrong() == set()
    planned.sql("UPDATE invoice SET amount = 51 WHERE invoice_id = 21")
    assert planned.wrong() == {("SUMS", "invoice")}


def test_a_row_lost_among_others_gained_is_seen(done: World) -> None:
    done.sql("INSERT INTO subscriber VALUES ('S-8', 'new@example.com', NULL)")
    done.delete("subscriber", "S-4")
    assert done.wrong() == {("RETAINED_PRESENT", "subscriber"), ("BALANCE", "subscriber")}


def test_a_number_that_a_deleted_and_a_retained_row_share_is_no_gap(done: World) -> None:
    # Invoices 16 (due) and 17 (stays) are both B 2.
    assert ("SERIES", "invoice") not in done.wrong()


def test_an_objection_to_one_channel_leaves_the_others_alone(done: World) -> None:
    # +46701740653 may not be texted; nothing was said about the same person's e-mail.
    done.sql("UPDATE subscriber SET email = '+46701740653@example.com' WHERE subscriber_id = 'S-3'")
    assert done.wrong() == set()


def test_an_erased_pointer_refers_to_no_file(planned: World) -> None:
    planned.take_baseline()
    planned.act(skip=[("id_copy", 31)])
    planned.sql("UPDATE id_copy SET path = NULL WHERE copy_id = 31")
    assert planned.wrong() == {("DELETED_GONE", "id_copy")}


def test_the_baseline_holds_no_value_of_the_source(planned: World) -> None:
    planned.sql("INSERT INTO subscriber VALUES ('CANARY-7', 'canary7@example.com', NULL)")
    planned.delete("subscriber", "S-5")
    planned.take_baseline()
    kept = json.loads(json.dumps(planned.baseline))
    for counted in kept["tables"].values():
        del counted["top"]  # A key, as staging holds them all.
    text = str(kept).lower()
    assert not [word for word in ("canary", "s-5", "2024", "example.com", "list") if word in text]
    assert {kind.kind for frame in planned.witnesses.values() for kind in frame.dtypes} == {"i"}


def test_a_due_row_that_went_before_the_act_is_told_by_its_hash_alone(planned: World) -> None:
    planned.delete("subscriber", "S-1")
    planned.take_baseline()
    assert len(planned.baseline["tables"]["subscriber"]["gone"]) == 1
    planned.act()
    planned.deleted["subscriber"] -= 1
    assert planned.wrong() == set()


IDLE: dict[str, tuple[Damage, set[tuple[str, str]]]] = {
    "a row of counted keys is gone": (
        lambda world: world.delete("id_copy", 33),
        {("RETAINED_PRESENT", "id_copy"), ("BALANCE", "id_copy"), ("FILES_GONE", "id_copy")},
    ),
    "another row came": (
        lambda world: world.sql("INSERT INTO customer VALUES (9, 'CANARY new', NULL, NULL)"),
        set(),
    ),
    "a row is gone while another came above it": (
        lambda world: (
            world.sql("INSERT INTO customer VALUES (9, 'CANARY new', NULL, NULL)"),
            world.sql("UPDATE id_copy SET customer_id = 9 WHERE copy_id = 33"),
            world.sql("UPDATE invoice SET customer_id = 9 WHERE customer_id = 6"),
            world.delete("customer", 6),
        ),
        {("RETAINED_PRESENT", "customer"), ("BALANCE", "customer")},
    ),
    "a row has another key": (
        lambda world: world.sql("UPDATE id_copy SET copy_id = 30 WHERE copy_id = 33"),
        {("RETAINED_PRESENT", "id_copy")},
    ),
    "a column group is empty": (
        lambda world: world.sql("UPDATE customer SET phone = NULL WHERE customer_id = 4"),
        {("RETAINED_UNCHANGED", "customer")},
    ),
    "a row with a text for a key is gone while others came": (
        lambda world: (
            world.delete("subscriber", "S-4"),
            world.sql("INSERT INTO subscriber VALUES ('S-8', 'new@example.com', NULL)"),
            world.sql("INSERT INTO subscriber VALUES ('S-9', 'newer@example.com', NULL)"),
        ),
        {("RETAINED_PRESENT", "subscriber"), ("BALANCE", "subscriber")},
    ),
    "a voucher is gone while others came": (
        lambda world: (
            world.delete("invoice", 17),
            world.sql("INSERT INTO invoice VALUES (1, 5, 2024, 'B', 2, 5, 'CANARY low')"),
            world.sql("INSERT INTO invoice VALUES (2, 5, 2024, 'B', 3, 5, 'CANARY low')"),
        ),
        {
            ("RETAINED_PRESENT", "invoice"),
            ("BALANCE", "invoice"),
            ("SUMS", "invoice"),
            ("SERIES", "invoice"),
        },
    ),
}


@pytest.mark.parametrize("name", IDLE)
def test_a_week_in_which_nothing_is_due_sees_defects_too(idle: World, name: str) -> None:
    damage, expected = IDLE[name]
    idle.take_baseline()
    damage(idle)
    assert idle.wrong() == expected


def test_a_week_in_which_nothing_is_due_keeps_no_witness_of_counted_keys(idle: World) -> None:
    idle.take_baseline()
    assert set(idle.witnesses) == {"invoice", "invoice_line", "subscriber"}


def test_a_row_added_below_the_highest_key_is_no_row_lost(done: World) -> None:
    done.sql("INSERT INTO customer VALUES (0, 'CANARY low', 'low@example.com', NULL)")
    assert done.wrong() == set()
    titles = done.measure().set_index(["check", "table"])["title_sv"]
    assert titles["BALANCE", "customer"].endswith("(tillkomna rader: 1)")


def test_a_row_added_below_the_highest_key_hides_no_row_lost_and_none_emptied(done: World) -> None:
    done.sql("INSERT INTO customer VALUES (0, 'CANARY low', 'low@example.com', '+46701740600')")
    done.sql("UPDATE customer SET phone = NULL WHERE customer_id = 5")
    done.sql("INSERT INTO id_copy VALUES (30, 3, 'canary/33.jpg')")
    done.delete("id_copy", 33)
    assert done.wrong() == {
        ("RETAINED_UNCHANGED", "customer"),
        ("RETAINED_PRESENT", "id_copy"),
        ("BALANCE", "id_copy"),
    }


def test_sums_leave_out_rows_added_below_the_highest_key(done: World) -> None:
    done.sql("INSERT INTO invoice VALUES (1, 5, 2024, 'B', 7, 50, 'CANARY low')")
    assert done.wrong() == set()
    done.sql("UPDATE invoice SET amount = amount + 1 WHERE invoice_id = 17")
    assert done.wrong() == {("SUMS", "invoice")}


def test_a_retained_number_that_becomes_another_is_a_gap(done: World) -> None:
    done.sql("UPDATE invoice SET number = 108 WHERE invoice_id = 13")
    assert done.wrong() == {("SERIES", "invoice")}


def test_where_nothing_has_changed_no_table_is_read_row_by_row(done: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("include.retention.validate.retained.walk", refuse)
    assert done.wrong() == set()


def test_each_table_is_scanned_by_one_statement(done: World) -> None:
    statements: list[str] = []
    sa.event.listen(done.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    done.measure()
    for table in ("fiscal_year", "customer", "invoice", "invoice_line", "id_copy"):
        scans = [each for each in statements if re.search(f'FROM "{table}"(?! AS)', each)]
        whole = [each for each in scans if " IN (" not in each.rpartition("WHERE")[2] or "WHERE" not in each]
        files = int(table == "id_copy")  # Its paths are held against the disk.
        assert len(whole) == 1 + files, (table, whole)
