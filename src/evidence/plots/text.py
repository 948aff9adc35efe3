"""Text measured before it is drawn: widths in font sizes, lines broken to fit."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import matplotlib
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

ASCENT = 0.76  # of a capital letter with room for an accent, in font sizes
DESCENT = 0.24
CAPITAL = 0.73  # height of a capital letter
LINE = 1.25  # from one line of a cell to the next, in font sizes
_SIZE = 100  # measured once at 100 pixels, far from the pixel grid's rounding
_RENDERER = RendererAgg(1, 1, 72)  # type: ignore[no-untyped-call]
INDENT = "\N{EM SPACE}"  # before every line of what belongs to a group
_HYPHEN = re.compile(r"(?<=[-–/])(?=\w)")  # where a word may break before it must
_SPACE = re.compile(r"[ \t\r\n\f\v]+")


def font(fonts: tuple[str, ...], size: float, *, bold: bool = False) -> FontProperties:
    """The font of a text, independent of any global setting."""
    return FontProperties(family=list(fonts), size=size, weight="bold" if bold else "normal")


def clean(text: object) -> str:
    r"""One line of printable text: control characters and runs of blanks become one space.

    >>> clean(" Lebow\n2011\x07 ")
    'Lebow 2011'
    """
    kept = "".join(
        " " if unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") else sign
        for sign in str(text)
    )
    return _SPACE.sub(" ", kept).strip(" ")


@contextmanager
def unhinted() -> Iterator[None]:
    """Letters at their true widths; one setting is changed and put back.

    `matplotlib.rc_context` copies every setting, which took most of the time of a long figure.
    """
    before = matplotlib.rcParams["text.hinting"]
    matplotlib.rcParams["text.hinting"] = "no_hinting"
    try:
        yield
    finally:
        matplotlib.rcParams["text.hinting"] = before


@lru_cache(maxsize=20_000)
def width(text: str, fonts: tuple[str, ...], bold: bool = False) -> float:
    """The width of one line in font sizes, a little on the safe side.

    A sign that no font has is counted as a full square, the width another font will give it.
    """
    if not text:
        return 0.0
    # matplotlib warns of missing glyphs again, and is heard, when it draws
    with unhinted(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        drawn, _, _ = _RENDERER.get_text_width_height_descent(  # type: ignore[no-untyped-call]
            text, font(fonts, _SIZE, bold=bold), False
        )
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return float(1.02 * drawn / _SIZE + 0.05 + 0.45 * wide)


def wrap(text: str, room: float, fonts: tuple[str, ...], bold: bool = False) -> tuple[str, ...]:
    """The text in lines no wider than `room` font sizes; a word breaks only if it must.

    >>> wrap("long name of a study", 6.0, ("DejaVu Sans",))
    ('long name', 'of a study')
    >>> wrap("four-year follow-up", 5.0, ("DejaVu Sans",))
    ('four-year', 'follow-up')
    """
    if text.startswith(INDENT):
        inner = wrap(text.removeprefix(INDENT), room - width(INDENT, fonts, bold), fonts, bold)
        return tuple(INDENT + line for line in inner)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joint = " " if line else ""
        for part in _HYPHEN.split(word):
            if width(line + joint + part, fonts, bold) <= room:
                line += joint + part
            else:
                if line:
                    lines.append(line)
                *full, line = _pieces(part, room, fonts, bold)
                lines.extend(full)
            joint = ""
    return (*lines, line)


def _pieces(word: str, room: float, fonts: tuple[str, ...], bold: bool) -> list[str]:
    """A word cut where it must be; an accent stays with its letter."""
    pieces, piece = [], ""
    for sign in word:
        fits = width(piece + sign, fonts, bold) <= room
        if piece and not fits and not unicodedata.combining(sign):
            pieces.append(piece)
            piece = sign
        else:
            piece += sign
    return [*pieces, piece]
