"""Groups that should add up, and complements that must not both be pooled."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from ..tables.load import Tables
from .finding import Audit
from .percentages import parse

ARMS = "arms"
COMPLEMENT = "complement"
_SAME = ["study_id", "outcome", "time_basis", "follow_up_months"]
_COMPARED = [*_SAME, "row_id", "arm", "total", "events", "printed_percent"]


def arms(tables: Tables) -> list[Audit]:
    """A finding for every whole group whose row stands beside those of its arms."""
    counted = _counted(tables)
    found = []
    for _, rows in counted.groupby(_SAME, dropna=False, sort=False):
        whole = rows[(rows["arm"] == "all") & (rows["role"] == "single")]
        parts = rows[rows["role"] != "single"]
        if len(whole) == 1 and len(parts) > 1 and parts["arm"].is_unique:
            found.append(_adds_up(whole.iloc[0], parts))
    return found


def _adds_up(whole: pd.Series, parts: pd.DataFrame) -> Audit:
    subject = " and ".join([whole["row_id"], *parts["row_id"]])
    sums = {name: int(parts[name].sum()) for name in ("events", "total")}
    said = "; ".join(
        f"{name} {' + '.join(map(str, parts[name]))} = {sums[name]}, {whole[name]} for all"
        for name in sums
    )
    if all(sums[name] == whole[name] for name in sums):
        return Audit(ARMS, subject, "add up", "ok", "the arms make the whole", said)
    return Audit(
        ARMS, subject, "do not add up", "error", "the arms do not make the row for all", said
    )


def complements(tables: Tables) -> list[Audit]:
    """A finding for two rows of the same patients that add up to all of them, both poolable.

    In small groups two unrelated counts add up by chance, so their printed percentages must make
    100 too.
    """
    counted = _counted(tables)
    counted = counted.loc[counted["exclude_because"].isna(), _COMPARED]
    keys = ["study_id", "arm", "time_basis", "follow_up_months", "total"]
    directions = {key: term.direction for key, term in tables.vocabulary["outcomes"].items()}
    found = []
    for _, rows in counted.groupby(keys, dropna=False, sort=False):
        records = rows.to_dict("records")
        for place, one in enumerate(records):
            for other in records[place + 1 :]:
                opposed = directions[one["outcome"]] != directions[other["outcome"]]
                if (
                    opposed
                    and _make_100(one, other)
                    and one["events"] + other["events"] == one["total"]
                ):
                    found.append(_twice(one, other))
    return found


def _make_100(one: dict[Hashable, Any], other: dict[Hashable, Any]) -> bool:
    """Whether both print a percentage and the two make 100, to a unit of the coarser one."""
    texts = [row["printed_percent"] for row in (one, other)]
    printed = [parse(text) for text in texts if isinstance(text, str)]
    if len(printed) < 2 or any(number.relation for number in printed):
        return False
    gap = abs(sum(100 * number.units / number.whole for number in printed) - 100)
    return gap <= 100 / min(number.whole for number in printed)


def _twice(one: dict[Hashable, Any], other: dict[Hashable, Any]) -> Audit:
    return Audit(
        COMPLEMENT, f"{one['row_id']} and {other['row_id']}", "complements", "warning",
        "a good and a bad outcome of the same patients add up to all of them: exclude one of them "
        "as a complement, if it is one",
        f"{one['events']} + {other['events']} = {one['total']}",
    )  # fmt: skip


def _counted(tables: Tables) -> pd.DataFrame:
    studies = tables.studies
    return studies[studies["events"].notna() & studies["total"].notna()]
