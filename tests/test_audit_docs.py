"""The published power table is what the library computes; the docs name every verdict."""

from __future__ import annotations

from evidence.audit.percentages import power_table
from evidence.audit.text import FIELDS
from evidence.audit.verdicts import VERDICTS
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")


def test_the_power_table_is_current() -> None:
    assert power_table() in PAGE


def test_the_verdicts_are_documented_in_their_order() -> None:
    places = [PAGE.index(f"| {name} |") for name in VERDICTS]
    assert places == sorted(places)


def test_every_field_of_a_text_is_documented() -> None:
    assert f"Fields: {', '.join(FIELDS)}." in PAGE
