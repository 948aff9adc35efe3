"""Moderators of a frame as the columns of a regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import SynthesisError
from ..rates import names_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """The columns of a regression, and how to make them for other values.

    Attributes:
        names: of the columns, the intercept first.
        matrix: shape (k, p).
        levels: categorical moderator -> its levels, the first of which is the reference.
        moderators: in the order they were given.
    """

    names: tuple[str, ...]
    matrix: Array
    levels: Mapping[str, tuple[str, ...]]
    moderators: tuple[str, ...]

    def rows(self, values: pd.DataFrame) -> Array:
        """The design of chosen values of the moderators, one row each.

        Raises:
            SynthesisError: a moderator that is not among the columns, or an unknown level.
        """
        return _columns(values, self.moderators, self.levels)[1]


def design_of(frame: pd.DataFrame, moderators: Sequence[str]) -> Design:
    """Intercept, numeric moderators as they are, others as contrasts with their first level.

    Levels are sorted, so that the reference is the first in alphabetical order.

    Raises:
        SynthesisError: no or unknown moderators, missing values (with the studies), or columns
            that say the same.
    """
    names = tuple(moderators)
    if not names or isinstance(moderators, str):
        raise SynthesisError("moderators must be a list of one or more column names")
    levels = {}
    for name in names:
        if name not in frame.columns:
            known = ", ".join(str(column) for column in frame.columns)
            raise SynthesisError(f"moderator {name!r} is not a column; columns are: {known}")
        missing = frame[name].isna().to_numpy(bool)
        if missing.any():
            who = ", ".join(names_of(frame)[missing])
            raise SynthesisError(f"moderator {name!r} is missing for {who}; leave those rows out")
        if not _is_number(frame[name]):
            levels[name] = tuple(sorted({str(value) for value in frame[name]}))
    labels, matrix = _columns(frame, names, levels)
    if np.linalg.matrix_rank(matrix / np.linalg.norm(matrix, axis=0)) < matrix.shape[1]:
        raise SynthesisError(
            f"the columns {', '.join(labels)} say the same or do not vary; drop a moderator"
        )
    if len(frame) <= matrix.shape[1]:
        raise SynthesisError(
            f"{len(frame)} studies cannot tell {matrix.shape[1]} coefficients and a between-study "
            "variance; use fewer moderators"
        )
    return Design(labels, matrix, levels, names)


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def _columns(
    frame: pd.DataFrame, moderators: Sequence[str], levels: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], Array]:
    names, columns = ["intercept"], [np.ones(len(frame))]
    for name in moderators:
        if name not in frame.columns:
            raise SynthesisError(f"a value of {name!r} is needed")
        if name not in levels:
            names.append(name)
            columns.append(frame[name].to_numpy(float))
            continue
        values = frame[name].astype(str).to_numpy()
        unknown = sorted(set(values) - set(levels[name]))
        if unknown:
            raise SynthesisError(
                f"{name} has no level {unknown[0]!r}; levels are: {', '.join(levels[name])}"
            )
        for level in levels[name][1:]:
            names.append(f"{name}: {level}")
            columns.append((values == level).astype(float))
    return tuple(names), np.column_stack(columns)
