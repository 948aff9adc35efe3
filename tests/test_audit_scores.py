"""Means, SDs, arms, complements, addresses and overlaps: reference cases, brute force, errors."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations_with_replacement
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import Audit, DataError, SynthesisError, audit_tables, load
from evidence.audit.means import (
    binary_sd_is_possible,
    largest_sd,
    mean_can_be_tested,
    possible_sums,
    rounded,
    sd_is_possible,
)
from evidence.tables.overlaps import largest_free
from tests.editing import cell, edit
from tests.test_audit_table import of


def sd_texts(values: tuple[int, ...], digits: int) -> set[str]:
    """The sample SD of whole numbers, rounded either way where it stands half-way."""
    n = len(values)
    variance = Fraction(n * sum(v * v for v in values) - sum(values) ** 2, n * (n - 1))
    root = math.sqrt(variance)
    return {
        f"{root:.{digits}f}",
        f"{root + 1e-12:.{digits}f}",
        f"{max(root - 1e-12, 0):.{digits}f}",
    }


def test_what_samples_give_is_possible_and_most_of_the_rest_is_not() -> None:
    for n in (2, 3, 5):
        given: dict[str, set[str]] = {}
        for values in combinations_with_replacement(range(7), n):
            given.setdefault(f"{sum(values) / n:.2f}", set()).update(sd_texts(values, 2))
        for units in range(601):
            mean = f"{units / 100:.2f}"
            assert bool(possible_sums(mean, n)) >= (mean in given)
            if n < 5:
                assert bool(possible_sums(mean, n)) == (mean in given)
        for mean, sds in given.items():
            assert all(sd_is_possible(mean, sd, n) for sd in sds)


@given(st.lists(st.integers(0, 10), min_size=2, max_size=40), st.integers(0, 3))
def test_correctly_rounded_scores_are_never_called_impossible(
    values: list[int], digits: int
) -> None:
    n = len(values)
    mean = f"{sum(values) / n:.{digits}f}"
    [*sds] = sd_texts(tuple(values), digits)
    assert sum(values) in possible_sums(mean, n)
    assert all(sd_is_possible(mean, sd, n) for sd in sds)
    assert min(float(sd) for sd in sds) <= largest_sd(
        f"{sum(values) / n:.12f}", n, 0, 10
    ) + 1e-6 + (0.5 * 10**-digits)


@given(st.integers(0, 60), st.integers(2, 60), st.integers(1, 3))
def test_correctly_rounded_yes_and_no_are_never_called_impossible(
    yes: int, n: int, digits: int
) -> None:
    yes = min(yes, n)
    values = (1,) * yes + (0,) * (n - yes)
    for sd in sd_texts(values, digits):
        assert binary_sd_is_possible(f"{yes / n:.{digits}f}", sd, n)


def test_published_cases() -> None:
    # Brown and Heathers 2017: 28 people cannot have the mean 5.19
    assert not possible_sums("5.19", 28)
    # Heathers and Brown 2019: mean 0.36, SD 0.11, n 20 is impossible
    assert not binary_sd_is_possible("0.36", "0.11", 20)


def test_parity_rules_an_sd_out() -> None:
    # the sum is 62; only 317 as sum of squares would give 2.47, and 317 is odd
    assert not sd_is_possible("3.44", "2.47", 18) and sd_is_possible("3.44", "2.50", 18)
    assert sd_is_possible("0.50", "0.71", 2) and not sd_is_possible("0.00", "0.71", 2)


def test_what_cannot_be_tested() -> None:
    assert mean_can_be_tested("1.90", 22) and not mean_can_be_tested("7.4", 51)
    assert not mean_can_be_tested("9", 28)


def test_broken_numbers_are_refused() -> None:
    with pytest.raises(SynthesisError, match="'abc' is not a printed number"):
        rounded("abc")
    for test in (sd_is_possible, binary_sd_is_possible):
        with pytest.raises(SynthesisError, match="needs at least 2 people; n is 1"):
            test("1", "1", 1)
    assert largest_sd("5", 1, 0, 10) == 0.0


HEADER = (
    "row_id,study_id,cohort,arm,role,comparison,design,population,population_as_reported,"
    "intervention,intervention_as_reported,outcome,outcome_as_reported,scale,time_basis,"
    "follow_up_months,n,mean_before,sd_before,mean_after,sd_after,p_value,exclude_because,"
    "exclude_detail,source_type,source_locator,source_url,citation_verified,notes\n"
)


def scored(topic: Path, n: str, mean: str, sd: str) -> Audit:
    edit(
        topic,
        lambda text: text.replace(
            "[scales]", '[scales]\nroof-10 = { label = "R", definition = "R.", low = 0, high = 10 }'
        ),
        "vocabulary.toml",
    )
    row = (
        "alder-2001.s1,alder-2001,alder-2001,all,single,,survey,new-houses,houses,slate,slate,"
        f"owner-pleased,pleased,roof-10,fixed,12,{n},{mean},{sd},,,,,,abstract,Results,,yes,\n"
    )
    (topic / "scores.csv").write_text(HEADER + row)
    return of(audit_tables(load(topic)), "alder-2001.s1 before", "score")


@pytest.mark.parametrize(
    ("n", "mean", "sd", "verdict", "severity", "words"),
    [
        ("22", "1.91", "1.51", "possible", "ok", "can have the mean"),
        ("22", "1.90", "1.51", "no mean of whole numbers", "warning", "41/22 = 1.86; 42/22 = 1.91"),
        ("18", "3.44", "2.46", "no SD of whole numbers", "warning", "cannot have the SD 2.46"),
        ("51", "7.4", "2.5", "cannot be tested", "note", "every mean such as 7.4 exists"),
        ("25", "5.00", "0.30", "perhaps a standard error", "warning", "an SD of 1.50"),
        ("22", "1.91", "", "possible", "ok", ""),
    ],
)
def test_a_printed_score(
    topic: Path, n: str, mean: str, sd: str, verdict: str, severity: str, words: str
) -> None:
    one = scored(topic, n, mean, sd)
    assert (one.verdict, one.severity) == (verdict, severity)
    assert words in f"{one.reason} {one.evidence}"


@pytest.mark.parametrize(
    ("n", "mean", "sd", "words"),
    [("22", "11.0", "1.5", "outside the scale"), ("20", "5.00", "5.30", "can be at most 5.13")],
)
def test_what_no_scale_allows_is_refused_before_an_audit(
    topic: Path, n: str, mean: str, sd: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        scored(topic, n, mean, sd)


def test_the_real_scores_that_whole_numbers_cannot_give() -> None:
    found = {one.subject: one.verdict for one in audit_tables(load(), ["score"])}
    assert found["plif-rldh-22.s3 after"] == "no mean of whole numbers"
    assert found["plif-rldh-22.s5 before"] == "no SD of whole numbers"


def whole_row(topic: Path, events: str, total: str) -> None:
    edit(
        topic,
        lambda text: (
            text
            + "cedar-2010.3,cedar-2010,cedar-2010,all,single,,survey,new-houses,houses,slate,slate,"
            f"leaking-roof,leaking,fixed,12,{events},{total},,reported,,,abstract,Results,,yes,\n"
        ),
    )


@pytest.mark.parametrize(
    ("events", "total", "verdict"), [("20", "175", "add up"), ("21", "175", "do not add up"),
                                     ("20", "176", "do not add up")],
)  # fmt: skip
def test_arms_make_the_row_for_all(topic: Path, events: str, total: str, verdict: str) -> None:
    whole_row(topic, events, total)
    subject = "cedar-2010.3 and cedar-2010.1 and cedar-2010.2"
    one = of(audit_tables(load(topic)), subject, "arms")
    assert one.verdict == verdict and "events 11 + 9 = 20" in one.evidence


def test_complements_are_seen_by_counts_and_percentages(topic: Path) -> None:
    assert audit_tables(load(topic), ["complement"]) == []
    edit(topic, cell("birch-2004.1", "events", "1"))
    edit(topic, cell("birch-2004.1", "printed_percent", "4"))
    one = of(audit_tables(load(topic)), "birch-2004.1 and birch-2004.2", "complement")
    assert one.severity == "warning" and one.evidence == "1 + 24 = 25"
    edit(topic, cell("birch-2004.1", "printed_percent", ""))
    assert audit_tables(load(topic), ["complement"]) == []


def test_the_real_complements() -> None:
    found = {one.subject for one in audit_tables(load(), ["complement"])}
    assert found == {"suh-2017.1 and suh-2017.3", "suh-2017.2 and suh-2017.4"}


def test_an_address_that_names_another_work_is_told(topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "source_url", "https://doi.org/10.1234/roof.2001"))
    assert of(audit_tables(load(topic)), "alder-2001", "reference").verdict == "agrees"
    edit(topic, cell("alder-2001.1", "source_url", "https://doi.org/10.1234/roof.2002"))
    one = of(audit_tables(load(topic)), "alder-2001", "reference")
    assert (one.verdict, one.severity) == ("another work", "error")
    edit(topic, cell("alder-2001.1", "source_type", "secondary"))
    assert not audit_tables(load(topic), ["reference"])


def test_a_work_that_is_there_twice_and_a_year_that_differs(topic: Path) -> None:
    def change(text: str) -> str:
        return text.replace("title = {Slate against reed}", "title = {Roofs in the rain}").replace(
            "year = {2004}", "year = {2005}"
        )

    edit(topic, change, "references.bib")
    found = audit_tables(load(topic))
    assert of(found, "alder-2001 and cedar-2010", "reference").verdict == "there twice"
    assert of(found, "birch-2004", "reference").verdict == "another year"


def test_cohorts_of_one_group_of_authors_may_overlap(topic: Path) -> None:
    assert not audit_tables(load(topic), ["overlap"])
    edit(
        topic,
        lambda text: text.replace("Cedar, C. and Elm, E. and Fir, F.", "Birch, B. and Elm, E."),
        "references.bib",
    )
    [one] = audit_tables(load(topic), ["overlap"])
    assert one.subject == "birch-2004 and cedar-2010" and "they share Birch B" in one.reason
    assert one.evidence.startswith("leaks: 11.3% of 3 cohorts, ")
    assert one.evidence.endswith("% of the 2 that surely differ")
    edit(topic, lambda text: text.replace("year = {2010}", "year = {2015}"), "references.bib")
    assert not audit_tables(load(topic), ["overlap"])


def test_the_largest_set_without_an_overlap_is_that_of_trying_all() -> None:
    names = "abcdef"
    weights = dict(zip(names, (5.0, 9.0, 4.0, 7.0, 3.0, 8.0), strict=True))
    pairs = {("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f"), ("a", "f")}
    best = max(
        sum(weights[n] for n in chosen)
        for mask in range(64)
        for chosen in [{n for i, n in enumerate(names) if mask >> i & 1}]
        if not any(set(pair) <= chosen for pair in pairs)
    )
    found = largest_free(weights, pairs)
    assert sum(weights[n] for n in found) == best
    assert not any(set(pair) <= found for pair in pairs)
