"""Cutting parts out of a JSON text: what goes, and that nothing else moves by a byte."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.retention.json_paths import EACH, JsonPath, Members, Step, covered, overlapping, parse_path
from include.retention.json_text import UnreadableJsonError, without


def path(text: str, *, keep_key: bool = False) -> JsonPath:
    """Return a path that can be read."""
    steps = parse_path(text)
    assert steps is not None
    return JsonPath(text, steps, "email", "contact", keep_key)


def cut(text: str, *paths: str, keep_key: bool = False) -> str:
    """Return a document without some paths."""
    return without(text, [path(each, keep_key=keep_key) for each in paths])


@pytest.mark.parametrize(
    ("before", "paths", "after"),
    [
        ('{"email":"a@b.se","n":1.50}', ["$.email"], '{"n":1.50}'),
        ('{"n":1.50 , "email":"a@b.se"}', ["$.email"], '{"n":1.50}'),
        ('{ "a": 1,\n  "email": "x",\n  "b": 2 }', ["$.email"], '{ "a": 1,\n  "b": 2 }'),
        ('{"email": "x"}', ["$.email"], "{}"),
        ('{"email": "x", "b": {"email": "stays"}}', ["$.email"], '{"b": {"email": "stays"}}'),
        ('{"c": {"email": "x", "n": 1E+2}}', ["$.c.email"], '{"c": {"n": 1E+2}}'),
        ('{"c": [{"email": "x", "n": 1}, {"n": 2}]}', ["$.c[*].email"], '{"c": [{"n": 1}, {"n": 2}]}'),
        ('["a@b.se", "c@d.se"]', ["$[*]"], "[]"),
        (
            '{"w": {"jdoe": {"mail": "x", "n": 1.0}, "a b":{ "n":2,"mail":[] } }}',
            ["$.w.*.mail"],
            '{"w": {"jdoe": {"n": 1.0}, "a b":{ "n":2 } }}',
        ),
        ('{"w" : { "jdoe": 1 , "kim":[{}] }, "n":1.50}', ["$.w.*"], '{"w" : {  }, "n":1.50}'),
        ('{"w": [{"jdoe": {"mail": 1}}, 2], "*": 3}', ["$.w.*.mail"], '{"w": [{"jdoe": {}}, 2], "*": 3}'),
        ('{"w": {"*": 1, "jdoe": 2}}', ['$.w."*"'], '{"w": {"jdoe": 2}}'),
        ('{"a": {"x": 1, "y": 2}, "b": {"x": 3}, "c": 4}', ["$.*.x", "$.a.y"], '{"a": {}, "b": {}, "c": 4}'),
        ('{"mail": ["a", "b"], "n": 1}', ["$.mail[*]"], '{"mail": [], "n": 1}'),
        ('{"a b": 1, "c": 2}', ['$."a b"'], '{"c": 2}'),
        ('{"e-mail": 1, "c": 2}', ["$.e-mail"], '{"c": 2}'),
        ('{"\\u0065mail": "x", "n": "\\u00e5"}', ["$.email"], '{"n": "\\u00e5"}'),
        ('{"email": 1, "n": 2, "email": 3, "n": 4}', ["$.email"], '{"n": 2, "n": 4}'),
        (' \n{"email": 1}\t', ["$.email"], " \n{}\t"),
        ('{"a": 1, "b": 2, "c": 3}', ["$.a", "$.c"], '{"b": 2}'),
        ('{"n": 123456789012345678901234567890.10, "a": 1}', ["$.a"], '{"n": 123456789012345678901234567890.10}'),
    ],
)
def test_what_goes_and_what_stays(before: str, paths: list[str], after: str) -> None:
    assert cut(before, *paths) == after


@pytest.mark.parametrize(
    "text", ["null", "5", '"email"', "[]", "{}", "", "  ", '{"a": null}', '{"emails": 1}', "[[1]]"]
)
def test_a_path_that_isnt_there_changes_nothing(text: str) -> None:
    assert cut(text, "$.email", "$.c[*].email", "$.a.b.c") == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"c": {"email": 1}}', '{"c": {}}'),
        ('{"c": [{"email": 1}, 5, null, {"email": 2}]}', '{"c": [{}, 5, null, {}]}'),
        ('{"c": [[{"email": 1}]]}', '{"c": [[{"email": 1}]]}'),
    ],
)
def test_a_name_asked_of_an_array_is_asked_of_its_elements(before: str, after: str) -> None:
    assert cut(before, "$.c.email") == after


def test_every_element_of_what_is_no_array_is_the_thing_itself() -> None:
    assert cut('{"c": {"email": 1, "n": 2}}', "$.c[*].email") == '{"c": {"n": 2}}'
    assert cut('{"mail": "a@b.se", "n": 2}', "$.mail[*]") == '{"n": 2}'
    assert cut('"a@b.se"', "$[*]") == "null"


def test_a_key_that_the_schema_needs_stays() -> None:
    assert cut('{"email" : "x", "n":[1]}', "$.email", keep_key=True) == '{"email" : null, "n":[1]}'
    assert cut('{"email" : null }', "$.email", keep_key=True) == '{"email" : null }'
    assert cut('{"c": [{"p": {"q": 1}}]}', "$.c[*].p", keep_key=True) == '{"c": [{"p": null}]}'


@pytest.mark.parametrize(
    "text",
    [
        '{"email": "KANARIE"',
        '{"email": KANARIE}',
        "{'email': 'KANARIE'}",
        '{"email": "KANARIE"} x',
        '{"email" "KANARIE"}',
        '{"email": "KANARIE",}',
        "KANARIE",
        '{"n": NaN, "email": "KANARIE"}',
        '\ufeff{"email": "KANARIE"}',
        '{"n": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_what_isnt_json_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(UnreadableJsonError) as caught:
        cut(text, "$.email")
    assert "KANARIE" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_number_may_have_more_digits_than_python_converts() -> None:
    digits = "9" * 10_000
    assert cut(f'{{"n": {digits}, "email": 1}}', "$.email") == f'{{"n": {digits}}}'


@pytest.mark.parametrize(
    "text", ["", "$", "email", "$email", "$..email", "$.c[0].email", "$.c[*", '$."a', "$.", "$.a b"]
)
def test_what_is_no_path(text: str) -> None:
    assert parse_path(text) is None


def test_paths_that_reach_the_same_are_found() -> None:
    one, other, inside, apart = path("$.c[*].mail"), path("$.c.mail"), path("$.c.mail.work"), path("$.c.mails")
    assert overlapping([one, other]) == [(one, other)]
    assert overlapping([inside, one]) == [(inside, one)]
    assert overlapping([one, apart]) == []
    every, member, beside = path("$.w.*.mail"), path("$.w.jdoe"), path("$.w.jdoe.phone")
    assert overlapping([every, member]) == [(every, member)]
    assert overlapping([beside, path("$.w.*")]) == [(beside, path("$.w.*"))]
    assert overlapping([every, beside]) == []


def test_what_a_path_covers() -> None:
    declared = [path("$.contacts[*].mail"), path('$."an address"')]
    for text in ("$.contacts[*].mail", "$.contacts.mail", "$.contacts[*].mail.work"):
        assert covered(text, declared)
    for text in ("$.contacts[*].phone", "$.contacts", "$.mail", "$.*", "", "$.contacts[*].*"):
        assert not covered(text, declared)


def test_what_is_said_of_every_member_holds_for_each() -> None:
    for text in ("$.w.*.mail", "$.w.jdoe.mail", "$.w[*].*.mail.work"):
        assert covered(text, [path("$.w.*.mail")]), text
    for text in ("$.w.*", "$.w", "$.w.*.phone", "$.mail"):
        assert not covered(text, [path("$.w.*.mail")]), text
    assert not covered("$.w.*.mail", [path("$.w.jdoe.mail")]), "one member isn't all of them"
    assert covered("$.w.*", [path("$.w.*")])
    assert not covered("$.w.*", [path("$.w.*", keep_key=True)]), "the names stay, and may be people's"
    assert covered("$.w.*.mail", [path("$.w.*", keep_key=True)])


NAMES = st.sampled_from(["a", "b", "åäö", 'q"', ""])
SPACE = st.sampled_from(["", " ", "\n  ", "\t"])
SCALARS = st.sampled_from(["1", "-0.50", "1e5", "null", "true", '"x"', '"\\u00e5\\n"', '"}"', '",["'])


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> str:
    """Return a JSON text as untidily spelt as JSON allows."""
    kind = draw(st.sampled_from(["scalar", "object", "array"])) if depth else "scalar"
    if kind == "scalar":
        return draw(SCALARS)
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        key = f"{json.dumps(draw(NAMES), ensure_ascii=draw(st.booleans()))}{draw(SPACE)}:{draw(SPACE)}"
        value = draw(documents(depth=depth - 1))
        parts.append(draw(SPACE) + (key if kind == "object" else "") + value + draw(SPACE))
    opening, closing = "{}" if kind == "object" else "[]"
    return opening + (",".join(parts) or draw(SPACE)) + closing


STEPS = st.lists(st.one_of(NAMES, st.just(EACH), st.just(Members.ALL)), min_size=1, max_size=3).map(tuple)
PATHS = st.lists(STEPS.map(lambda steps: JsonPath("$", steps, "email", "contact")), min_size=1, max_size=3)


class Pairs(list[tuple[str, Any]]):
    """An object with its doubles, as the plain twin reads it."""


def plain(text: str, paths: Iterable[JsonPath]) -> Any:
    """Return what must be left, found the slow way: one path after the other, on parsed values."""
    value = json.loads(text, object_pairs_hook=Pairs, parse_int=str, parse_float=str)
    for each in paths:
        kept = _plain(value, each.steps)
        value = None if kept is GONE else kept
    return value


GONE = object()


def _plain(value: Any, steps: tuple[Step, ...], *, asked: bool = False) -> Any:
    if not steps:
        return GONE
    if isinstance(value, Pairs):
        if steps[0] is EACH:
            return _plain(value, steps[1:])
        wanted = [steps[0] in {Members.ALL, name} for name, _ in value]
        kept = [
            (name, _plain(each, steps[1:]) if goes else each) for (name, each), goes in zip(value, wanted, strict=True)
        ]
        return Pairs((name, each) for name, each in kept if each is not GONE)
    if isinstance(value, list):
        if steps[0] is EACH:
            found = [_plain(each, steps[1:]) for each in value]
        elif asked:
            return value
        else:
            found = [_plain(each, steps, asked=True) for each in value]
        return [each for each in found if each is not GONE]
    return _plain(value, steps[1:]) if steps[0] is EACH else value


@given(documents(), PATHS)
def test_the_text_that_stays_means_what_a_parser_would_leave(text: str, paths: list[JsonPath]) -> None:
    after = json.loads(without(text, paths), object_pairs_hook=Pairs, parse_int=str, parse_float=str)
    assert after == plain(text, sorted(paths, key=lambda each: -len(each.steps)))


@given(documents(), PATHS)
def test_erasing_twice_changes_nothing(text: str, paths: list[JsonPath]) -> None:
    once = without(text, paths)
    assert without(once, paths) == once


@given(documents(), PATHS)
def test_the_order_of_erasing_doesnt_matter(text: str, paths: list[JsonPath]) -> None:
    one, *others = paths
    if overlapping(paths):
        return
    assert without(without(text, [one]), others) == without(without(text, others), [one]) == without(text, paths)


@given(documents())
def test_a_document_without_the_path_stays_byte_for_byte(text: str) -> None:
    nowhere = path("$.nowhere[*].at.all")
    assert without(text, [nowhere]) == text
