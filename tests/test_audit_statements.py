"""P-values, shares, intervals and sums printed beside the rows, worked out again."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence import DataError, audit_tables, load
from evidence.audit.statements import FIGURES, p_values
from evidence.tables.schema import STATEMENTS
from tests.test_audit_table import of

HEADER = ",".join(column.name for column in STATEMENTS)


def write(topic: Path, *rows: str) -> None:
    lines = [f"st-{place},alder-2001,{row}" for place, row in enumerate(rows, start=1)]
    (topic / "statements.csv").write_text("\n".join([HEADER, *lines]) + "\n")


CASES = {  # beside,figure,printed,low,high,events,total,events_2,total_2,parts,notes
    "Fisher": ("alder-2001.1,p-value,0.27,,,3,46,0,30,,", "agrees", "ok", "Fisher 0.274"),
    "below": (",p-value,<0.05,,,1,30,20,30,,", "agrees", "ok", "p <0.05 for 1 of 30"),
    "above": (",p-value,>0.05,,,4,38,5,40,,", "agrees", "ok", "agrees: Fisher"),
    "not below": (",p-value,<0.05,,,4,38,5,40,,", "no test gives it", "error", "Fisher 1.00"),
    "no test": (",p-value,0.6171,,,3,15,1,15,,", "no test gives it", "error", "Fisher 0.598"),
    "one-sided": (",p-value,0.515,,,4,38,3,37,,", "one-sided only", "warning", "one-sided 0.515"),
    "few": (",p-value,0.044,,,6,30,1,30,,", "unsuitable test", "warning", "count of 3.5"),
    "many": (",p-value,0.244,,,21,44,16,45,,", "agrees", "ok", "agrees: chi-square"),
    "nobody": (",p-value,1,,,0,10,0,12,,", "agrees", "ok", "agrees: Fisher"),
    "share": (",share,7,,,34,479,,,,", "agrees", "ok", "34/479 = 7.10%"),
    "wrong share": (",share,31,,,66,231,,,,", "contradicts its count", "error", "28.57%"),
    "no such share": (",share,26.8,,,,69,,,,", "impossible percentage", "error", "18/69"),
    "inside": (",interval,10.2,6.0,15.1,,,,,,", "agrees", "ok", "lies in its interval"),
    "outside": (
        ",interval,2.262,0.272,0.717,,,,,,", "outside its interval", "error", "inverse is 0.442"),
    "none at all": (",interval,0,0.1,0.2,,,,,,", "outside its interval", "error", "lies outside"),
    "sum": (",sum,304,,,,,,,115+124+65,", "adds up", "ok", "115 + 124 + 65 = 304"),
    "wrong sum": (",sum,10.2,,,,,,,7.4+3.1,", "does not add up", "error", "7.4 + 3.1 = 10.5"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_printed_figure_is_worked_out_again(topic: Path, name: str) -> None:
    row, verdict, severity, words = CASES[name]
    write(topic, row)
    one = of(audit_tables(load(topic)), "st-1", "statement")
    assert (one.verdict, one.severity) == (verdict, severity)
    assert words in f"{one.reason} {one.evidence}"


def test_every_kind_of_figure_has_a_case() -> None:
    assert {row.split(",")[1] for row, *_ in CASES.values()} == set(FIGURES)
    [kinds] = [column.choices for column in STATEMENTS if column.name == "figure"]
    assert set(kinds) == set(FIGURES)


def test_no_chi_square_is_made_of_nothing() -> None:
    assert set(p_values(0, 10, 0, 12)) == {"Fisher", "Fisher, one-sided"}
    assert set(p_values(10, 10, 12, 12)) == {"Fisher", "Fisher, one-sided"}


BROKEN = {
    "p-value of one": (",p-value,0.2,,,3,46,,30,,", "a p-value needs events and total of both"),
    "too many": (",p-value,0.2,,,3,46,31,30,,", "events_2 (31) must not exceed total_2 (30)"),
    "share of none": (",share,26.8,,,,,,,,", "a share needs its total"),
    "share above all": (",share,126.8,,,,9,,,,", "a share must lie between 0 and 100"),
    "half an interval": (",interval,1,0.5,,,,,,,", "an interval needs low and high"),
    "no parts": (",sum,3,,,,,,,,", "write the parts of the sum as 115+124+65"),
    "one part": (",sum,3,,,,,,,3,", "write the parts of the sum as 115+124+65"),
    "unknown row": ("alder-2001.8,sum,3,,,,,,,1+2,", "beside is 'alder-2001.8'; it is not in stud"),
    "unknown kind": (",mean,3,,,,,,,1+2,", "figure is 'mean'; use p-value, share, interval, sum"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_statement_is_named_with_file_and_line(topic: Path, kind: str) -> None:
    row, message = BROKEN[kind]
    write(topic, ",sum,3,,,,,,,1+2,", row)
    with pytest.raises(DataError) as caught:
        load(topic)
    assert message in str(caught.value) and "data/statements.csv: 1 problem\n  line 3" in str(
        caught.value
    )


def test_the_real_contradictions_beside_the_rows() -> None:
    found = {one.subject: one.verdict for one in audit_tables(load(), ["statement"])}
    quiet = {"agrees", "one count fits", "adds up"}
    assert {name for name, verdict in found.items() if verdict in quiet} == {
        "st-01", "st-02", "st-06", "st-07", "st-26", "st-30", "st-33",
    }  # fmt: skip
    assert found["st-24"] == "impossible percentage"
    assert found["st-29"] == "outside its interval"
    assert found["st-05"] == "no test gives it" and found["st-04"] == "unsuitable test"
