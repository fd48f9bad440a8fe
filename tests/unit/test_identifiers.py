"""One form for each identifier: cases D01 to D07, and what must never be taken for an identifier."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.retention.identifiers import Identifier, Normaliser, Quality, hash_identifiers, identity_candidates
from include.retention.keys import DEMO_KEY, Key, identifier_domain
from include.retention.terms import IdentifierKind
from tests.reference import spellings

TODAY = date(2026, 3, 1)
PLACEHOLDER = "190001010008"
NORMALISER = Normaliser(TODAY, frozenset({PLACEHOLDER}), frozenset({"info", "noreply"}))
KEY = Key(bytes.fromhex(DEMO_KEY))
IDENTITY, ORGANISATION = IdentifierKind.IDENTITY_NUMBER, IdentifierKind.ORGANISATION_NUMBER


def normal(kind: IdentifierKind, value: object) -> str | None:
    return NORMALISER.normalise(kind, value).text


class TestIdentityNumbers:
    """Personnummer and samordningsnummer: twelve digits."""

    @pytest.mark.parametrize(
        "spelling",
        ["198112289874", "19811228-9874", "811228-9874", "8112289874", " 19811228 9874 ", 198112289874, 8112289874],
    )
    def test_case_D02_four_spellings_are_one_person(self, spelling: object) -> None:
        assert normal(IDENTITY, spelling) == "198112289874"

    def test_case_D04_an_open_century_is_ambiguous(self) -> None:
        found = NORMALISER.normalise(IDENTITY, "1212121212")
        assert found == Identifier(IDENTITY, None, Quality.AMBIGUOUS)
        assert identity_candidates("1212121212", TODAY) == {"191212121212", "201212121212"}

    @pytest.mark.parametrize(
        ("spelling", "number"),
        [("121212-1212", "201212121212"), ("121212+1212", "191212121212"), ("191212121212", "191212121212")],
    )
    def test_case_D04_a_separator_or_four_digits_say_which_century(self, spelling: str, number: str) -> None:
        assert normal(IDENTITY, spelling) == number

    @pytest.mark.parametrize("spelling", ["701063-2391", "7010632391", "197010632391", "19701063-2391"])
    def test_case_D05_a_samordningsnummer_is_valid(self, spelling: str) -> None:
        assert normal(IDENTITY, spelling) == "197010632391"

    def test_ten_digits_are_plausible_up_to_120_years(self) -> None:
        assert identity_candidates("0601019870", date(2026, 12, 31)) == {"190601019870", "200601019870"}
        assert identity_candidates("0501019871", date(2026, 12, 31)) == {"200501019871"}

    def test_nobody_is_born_tomorrow(self) -> None:
        assert identity_candidates("2603029873", TODAY) == {"192603029873"}
        assert identity_candidates("260302-9873", TODAY) == frozenset()
        assert identity_candidates("202603029873", TODAY) == frozenset()

    def test_twelve_digits_of_somebody_long_dead_are_still_theirs(self) -> None:
        assert normal(IDENTITY, "188001019804") == "188001019804"

    @pytest.mark.parametrize(
        "value",
        [
            "198112289875",  # Check digit.
            "19811328-9874",  # Month 13.
            "19811261-9874",  # Day 1 + 60 with a wrong check digit.
            "811228 98741", "81122898", "ABC", "-", "0", "000000-0000", "0000000000", "811228/9874", "811228--9874",
            "٨١١٢٢٨٩٨٧٤", "811228-98 74x",
        ],
    )  # fmt: skip
    def test_what_is_no_identity_number_identifies_nobody(self, value: str) -> None:
        assert NORMALISER.normalise(IDENTITY, value) == Identifier(IDENTITY, None, Quality.ABSENT)

    @pytest.mark.parametrize("spelling", [PLACEHOLDER, "19000101-0008", "000101+0008"])
    def test_a_placeholder_identifies_nobody(self, spelling: str) -> None:
        assert NORMALISER.normalise(IDENTITY, spelling).quality is Quality.ABSENT

    @given(
        born=st.dates(date(1890, 1, 1), TODAY),
        serial=st.integers(0, 999),
        coordination=st.booleans(),
        form=st.sampled_from(["{0}{1}{2}", "{0}{1}-{2}", "{1}-{2}", "{1}+{2}", "{1}{2}", " {0} {1} {2} "]),
    )
    def test_every_number_is_read_as_plain_arithmetic_reads_it(
        self, born: date, serial: int, coordination: bool, form: str
    ) -> None:
        birth = f"{born:%y%m}{born.day + 60 * coordination:02}"
        nine = f"{birth}{serial:03}"
        check = next(str(digit) for digit in range(10) if spellings.luhn(nine + str(digit)))
        text = form.format(born.year // 100, birth, f"{serial:03}{check}")
        assert identity_candidates(text, TODAY) == spellings.identity_numbers(text, TODAY)


class TestOrganisationNumbers:
    """Organisation numbers, and those of sole traders, which are somebody's personnummer."""

    @pytest.mark.parametrize(
        "spelling", ["556012-5790", "5560125790", "165560125790", "16556012-5790", "SE556012579001", " 556012 5790"]
    )
    def test_spellings_are_one_company(self, spelling: str) -> None:
        found = NORMALISER.normalise(ORGANISATION, spelling)
        assert (found.kind, found.text) == (ORGANISATION, "5560125790")

    @pytest.mark.parametrize("spelling", ["811228-9874", "19811228-9874", "701063-2391"])
    def test_case_C13_a_sole_traders_is_the_owners_identity_number(self, spelling: str) -> None:
        found = NORMALISER.normalise(ORGANISATION, spelling)
        assert found == NORMALISER.normalise(IDENTITY, spelling)
        assert found.kind is IDENTITY

    def test_a_sole_traders_may_be_ambiguous(self) -> None:
        assert NORMALISER.normalise(ORGANISATION, "1212121212").quality is Quality.AMBIGUOUS

    @pytest.mark.parametrize("value", ["556012-5791", "5560", "", "x", "SE55601257900"])
    def test_what_is_none_identifies_nobody(self, value: str) -> None:
        assert NORMALISER.normalise(ORGANISATION, value).quality is Quality.ABSENT


class TestEmail:
    """Lower case and nothing else: mailboxes may tell dots apart."""

    @pytest.mark.parametrize("address", ["Anna@Iret.SE", "anna@iret.se", " ANNA@iret.se "])
    def test_case_D01_case_tells_nobody_apart(self, address: str) -> None:
        assert normal(IdentifierKind.EMAIL, address) == "anna@iret.se"

    def test_case_D01_dots_and_tags_do(self) -> None:
        forms = ["a.nna@gmail.com", "anna@gmail.com", "anna+news@gmail.com"]
        assert len({normal(IdentifierKind.EMAIL, form) for form in forms}) == 3

    @pytest.mark.parametrize("address", ["anna@firma.example", "anna@example.com", "anna@xn--rksmrgs-5wao1o.se"])
    def test_reserved_and_international_domains_are_addresses(self, address: str) -> None:
        assert normal(IdentifierKind.EMAIL, address) is not None

    def test_an_international_domain_is_one_in_both_forms(self) -> None:
        forms = {normal(IdentifierKind.EMAIL, form) for form in ["å@räksmörgås.se", "å@xn--rksmrgs-5wao1o.se"]}
        assert len(forms) == 1

    def test_composed_and_decomposed_letters_are_one(self) -> None:
        assert normal(IdentifierKind.EMAIL, "bjo\u0308rn@iret.se") == normal(IdentifierKind.EMAIL, "björn@iret.se")

    @pytest.mark.parametrize("address", ["info@firma.se", "INFO@firma.se", "noreply@firma.se"])
    def test_case_C11_a_generic_mailbox_is_nobodys(self, address: str) -> None:
        assert NORMALISER.normalise(IdentifierKind.EMAIL, address).quality is Quality.ABSENT

    @pytest.mark.parametrize("text", ["anna", "anna@", "@iret.se", "anna@iret@se", "a b@iret.se", "saknas", "-"])
    def test_what_is_no_address_identifies_nobody(self, text: str) -> None:
        assert normal(IdentifierKind.EMAIL, text) is None


class TestPhone:
    """E.164."""

    @pytest.mark.parametrize(
        "spelling", ["+46701234567", "0046 70 123 45 67", "070-123 45 67", "+46 (0)70-1234567", "0701234567"]
    )
    def test_case_D07_five_spellings_are_one_number(self, spelling: str) -> None:
        assert normal(IdentifierKind.PHONE, spelling) == "+46701234567"

    def test_other_countries_keep_their_code(self) -> None:
        assert normal(IdentifierKind.PHONE, "+47 22 12 34 56") == "+4722123456"

    @pytest.mark.parametrize("text", ["saknas", "1", "-", "070", "+46"])
    def test_what_is_no_number_identifies_nobody(self, text: str) -> None:
        assert normal(IdentifierKind.PHONE, text) is None


class TestCustomerNumbers:
    """One form, however a system stores them."""

    @pytest.mark.parametrize("value", ["00123", 123, "123", " 1 23 ", 123.0, Decimal("123.00")])
    def test_leading_zeros_blanks_and_types_dont_matter(self, value: object) -> None:
        assert normal(IdentifierKind.CUSTOMER_NUMBER, value) == "123"

    @pytest.mark.parametrize(("value", "text"), [(1.5, "1.5"), ("k-77", "K-77"), ("0K77", "0K77"), ("A 1", "A1")])
    def test_letters_are_upper_case(self, value: object, text: str) -> None:
        assert normal(IdentifierKind.CUSTOMER_NUMBER, value) == text

    @pytest.mark.parametrize("value", ["0", "000", 0, "", "  ", None])
    def test_nought_is_nobodys(self, value: object) -> None:
        assert normal(IdentifierKind.CUSTOMER_NUMBER, value) is None


def hashes(values: list[object], kind: IdentifierKind = IDENTITY, key: Key = KEY) -> list[str | None]:
    found: list[str | None] = hash_identifiers(values, kind, NORMALISER, key).refs.tolist()
    return found


class TestHashes:
    """Columns of identifiers become keyed hashes."""

    def test_one_person_has_one_hash_whatever_the_spelling(self) -> None:
        values = ["198112289874", "811228-9874", None, "1212121212", "nonsense", 8112289874]
        found = hash_identifiers(values, IDENTITY, NORMALISER, KEY)
        expected = KEY.mac(identifier_domain(IDENTITY), "198112289874")
        assert found.refs.tolist() == [expected, expected, None, None, None, expected]
        assert found.ambiguous.tolist() == [False, False, False, True, False, False]

    def test_case_C13_a_sole_trader_has_the_owners_hash(self) -> None:
        found = hash_identifiers(["811228-9874", "556012-5790", None], ORGANISATION, NORMALISER, KEY)
        assert found.refs[0] == hashes(["19811228-9874"])[0]
        assert found.kinds.tolist() == ["identity_number", "organisation_number", "organisation_number"]

    def test_kinds_never_collide(self) -> None:
        assert hashes(["5560125790"], IdentifierKind.CUSTOMER_NUMBER) != hashes(["5560125790"], ORGANISATION)

    def test_another_key_gives_another_hash(self) -> None:
        email = IdentifierKind.EMAIL
        assert hashes(["anna@iret.se"], email, Key(bytes(range(32)))) != hashes(["anna@iret.se"], email)

    def test_no_value_is_in_a_hash(self) -> None:
        (found,) = hashes(["anna@iret.se"], IdentifierKind.EMAIL)
        assert found is not None
        assert "anna" not in found
        assert len(found) == 32

    @pytest.mark.parametrize("values", [[], [None], [None, None]])
    def test_columns_with_nothing_in_them(self, values: list[None]) -> None:
        found = hash_identifiers(values, IDENTITY, NORMALISER, KEY)
        assert found.refs.isna().all()
        assert len(found.refs) == len(found.kinds) == len(found.ambiguous) == len(values)
        assert not found.ambiguous.any()
