"""Which change moved an answer: each alone, and an order-free share when there are several."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial, sqrt

import pandas as pd

from ..questions import answer, table_of
from ..tables.load import Tables
from ..tables.toml import Question
from .rows import RowChange

EXACT = 8
MIXTURES = 256
SEED = 20260101
Value = Callable[[frozenset[int]], float | None]


@dataclass(frozen=True)
class Cause:
    """What one change did to an answer, in units of the estimate.

    Attributes:
        name: the row, or "questions.toml".
        kind: of the change, a key of `evidence.living.rows.KINDS`, or "protocol".
        alone: the move when only this is changed in the old data.
        undone: the move that remains undone when this alone is taken back from the new data.
        share: its Shapley share; the shares add up to the whole move. None where some mixture of
            old and new has no estimate.
        error: standard error of a sampled share, 0 where it is exact.
    """

    name: str
    kind: str
    alone: float | None
    undone: float | None
    share: float | None
    error: float


@dataclass(frozen=True)
class Attribution:
    """Why an answer moved from its old data to its new.

    Attributes:
        causes: largest share first.
        order: what the order of the rows alone did.
        drawn: how many orders were drawn for the shares; 0 where they come from every order.
    """

    causes: tuple[Cause, ...]
    order: float
    drawn: int


def attribute(
    key: str, old: Tables, new: Tables, changes: Sequence[RowChange]
) -> Attribution | None:
    """Why the answer to a question differs between two states of the tables.

    The changed rows, and the question itself where it was restated, are the players of a
    cooperative game whose value is the estimate; a player's share is its mean effect over every
    order in which the changes could have been made (Shapley 1953). Up to `EXACT` changes every
    mixture is computed; beyond, orders are drawn with a fixed seed, each with its reverse, so many
    that about `MIXTURES` mixtures are computed.

    Returns:
        None where the question is new or nothing that bears on it changed.
    """
    if key not in old.questions or key not in new.questions:
        return None
    before, after = old.questions[key], new.questions[key]
    file = f"{table_of(after)}.csv"
    rows = [one for one in changes if one.file == file and _bears(one, before, after)]
    names = [(one.row, one.kind) for one in rows]
    if before != after:
        names.append(("questions.toml", "protocol"))
    if not names:
        return None
    value = _value(old, new, (before, after), rows)
    everything = frozenset(range(len(names)))
    first, last = value(frozenset()), value(everything)
    drawn = 0 if len(names) <= EXACT else 2 * max(4, MIXTURES // (2 * len(names)))
    shares = _sampled(value, len(names), drawn) if drawn else _exact(value, len(names))
    causes = [
        Cause(
            name, kind,
            alone=_minus(value(frozenset({place})), first),
            undone=_minus(last, value(everything - {place})),
            share=shares[place][0], error=shares[place][1],
        )
        for place, (name, kind) in enumerate(names)
    ]  # fmt: skip
    causes.sort(key=lambda one: (-abs(one.share or 0.0), one.name))
    untouched = answer(_plain(before), old).synthesis.estimate
    return Attribution(tuple(causes), _minus(first, untouched) or 0.0, drawn)


def _bears(change: RowChange, *questions: Question) -> bool:
    return any(set(change.outcomes) & set(one.outcomes) for one in questions)


def _plain(question: Question) -> Question:
    """The question without its restrictions, which have answers of their own."""
    return question.model_copy(update={"sensitivity": ()})


def _value(
    old: Tables, new: Tables, stated: tuple[Question, Question], rows: Sequence[RowChange]
) -> Value:
    """The estimate when some of the changes are made and the others not."""
    table = table_of(stated[1])
    was, now = getattr(old, table), getattr(new, table)
    slots = _slots(was, now, rows)
    wanted = set(stated[0].outcomes) | set(stated[1].outcomes)
    both = pd.concat([was, now], ignore_index=True)
    bearing = both["outcome"].isin(wanted).to_numpy()
    known: dict[frozenset[int], float | None] = {}

    def value(done: frozenset[int]) -> float | None:
        if done not in known:
            places = [was if change is not None and change not in done else now
                      for was, now, change in slots]  # fmt: skip
            kept = [place for place in places if place is not None and bearing[place]]
            mixture = both.iloc[kept].reset_index(drop=True)
            question = stated[stated[0] != stated[1] and len(rows) in done]
            mixed = replace(new, **{table: mixture})
            known[done] = answer(_plain(question), mixed).synthesis.estimate
        return known[done]

    return value


def _slots(
    old: pd.DataFrame, new: pd.DataFrame, rows: Sequence[RowChange]
) -> list[tuple[int | None, int | None, int | None]]:
    """Place in the old rows, place in the new ones behind them, and change, of every row.

    Dropped rows stand where they stood, after the row that came before them.
    """
    was_at = {name: place for place, name in enumerate(old["row_id"])}
    now_at = {name: len(old) + place for place, name in enumerate(new["row_id"])}
    number = {one.row: place for place, one in enumerate(rows)}
    earlier = {one.row: one.was for one in rows if one.kind != "added"}
    slots: dict[str, tuple[int | None, int | None, int | None]] = {}
    for name, place in now_at.items():
        was = was_at.get(earlier.get(name, name))
        change = number.get(name)
        slots[name] = (was, place, change)
    order = list(now_at)
    behind = ""
    renamed = {was: name for name, was in earlier.items() if name in now_at}
    for name in old["row_id"]:
        present = renamed.get(name, name)
        if present not in now_at:
            slots[present] = (was_at[name], None, number.get(name))
            order.insert(order.index(behind) + 1 if behind else 0, present)
        behind = present
    return [slots[name] for name in order]


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


Shares = list[tuple[float | None, float]]


def _exact(value: Value, players: int) -> Shares:
    """Every player's mean effect over all subsets of the others, weighted as over all orders."""
    shares: Shares = []
    for player in range(players):
        others = [one for one in range(players) if one != player]
        total: float | None = 0.0
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for subset in combinations(others, size):
                before = frozenset(subset)
                step = _minus(value(before | {player}), value(before))
                total = None if step is None or total is None else total + weight * step
        shares.append((total, 0.0))
    return shares


def _sampled(value: Value, players: int, drawn: int) -> Shares:
    """Mean effects over drawn orders, each with its reverse (antithetic), and standard errors."""
    draw = random.Random(SEED)
    pairs: list[list[float]] = [[] for _ in range(players)]
    for _ in range(drawn // 2):
        order = draw.sample(range(players), players)
        moves = [0.0] * players
        for path in (order, order[::-1]):
            done: frozenset[int] = frozenset()
            for player in path:
                step = _minus(value(done | {player}), value(done))
                if step is None:
                    return [(None, 0.0)] * players
                moves[player] += step / 2
                done |= {player}
        for player, move in enumerate(moves):
            pairs[player].append(move)
    count = drawn // 2
    found: Shares = []
    for moved in pairs:
        mean = sum(moved) / count
        spread = sum((one - mean) ** 2 for one in moved) / (count - 1)
        found.append((mean, sqrt(spread / count)))
    return found
