"""Figures as files: the same bytes from the same figure, on any day and in any folder."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, TiffImagePlugin

from .. import __version__, files
from ..errors import SynthesisError, choose
from ..tables.export import save_table
from .picture import figure_of, left_with
from .style import DEFAULT
from .text import clean

FONT_CHAIN = "'DejaVu Sans', Verdana, Geneva, sans-serif"
"""Fonts for text in an SVG, all about as wide as the one that was measured."""


@dataclass(frozen=True)
class Provenance:
    """Where a figure comes from; it goes into the file with it.

    Attributes:
        question: key of the question that it answers.
        data: fingerprint of the data, as `Tables.fingerprint`.
        version: of this library.
    """

    question: str = ""
    data: str = ""
    version: str = __version__

    def __str__(self) -> str:
        parts = {"question": self.question, "data": self.data and f"sha256 {self.data}"}
        said = [f"{name}: {clean(value)}" for name, value in parts.items() if value]
        return "; ".join([*said, f"made by: fbss-evidence {self.version}"])


@dataclass(frozen=True)
class _Said:
    """What a file says beside its picture."""

    alt: str
    title: str
    dpi: int = 72
    source: str = ""


def save_figure(
    fig_or_ax: Figure | Axes,
    path: str | os.PathLike[str],
    *,
    alt: str | None = None,
    title: str | None = None,
    dpi: int = 300,
    provenance: Provenance | None = None,
) -> Path:
    """Write a figure in the format of the file's suffix, ready for a journal.

    PDF embeds TrueType fonts, SVG keeps text as text, TIFF is LZW-compressed without transparency.
    All carry the alt text: SVG as title and desc, PNG as text chunk, PDF as subject, TIFF as image
    description. Nothing about the time, the folder or the machine enters the file.

    Args:
        fig_or_ax: the figure, or any Axes of it.
        path: where to; the folder must exist. The file is complete or not there.
        alt: text read in place of the figure; `forest` and its family leave theirs with the Axes.
        title: short title; the alt text's first sentence without one.
        dpi: pixels per inch of PNG and TIFF.
        provenance: question, data and version, written into the file: PDF keywords, PNG text chunk
            "Source", SVG metadata, TIFF software tag.

    Returns:
        The path.

    Raises:
        SynthesisError: an unknown suffix (the known ones are listed), a bad dpi.
        EvidenceError: a missing folder, or what the system says when it cannot write.
    """
    path = Path(path)
    write = choose(WRITERS, path.suffix.lower(), f"file suffix of {path.name!r}:")
    if not 1 <= dpi <= 2400:
        raise SynthesisError(f"dpi must lie between 1 and 2400, such as 300; it is {dpi!r}")
    figure = figure_of(fig_or_ax)
    alt = describe(figure) if alt is None else alt
    said = _Said(alt, _title(title, alt), dpi, str(provenance) if provenance else "")
    return files.write(path, write(figure, said))


def figure_table(fig_or_ax: Figure | Axes) -> pd.DataFrame:
    """The table of what a figure shows, at full precision; several plots stand below each other.

    Raises:
        SynthesisError: a figure that no function of this library drew.

    >>> from evidence import forest, pool
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> figure_table(forest(pool(frame)))["kind"].tolist()
    ['study', 'study', 'study', 'pooled', 'prediction']
    """
    tables = [table for table, _ in left_with(fig_or_ax) if table is not None]
    if not tables:
        raise SynthesisError("this figure carries no table; draw it with a function of PLOTS")
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def save_figure_table(fig_or_ax: Figure | Axes, figure: str | os.PathLike[str]) -> Path:
    """Write the table of what a figure shows as CSV beside the figure's file.

    Args:
        fig_or_ax: the figure, or any Axes of it.
        figure: the figure's file; the table has the same name with the suffix `.csv`.

    Returns:
        The path of the table.
    """
    return save_table(figure_table(fig_or_ax), Path(figure).with_suffix(".csv"))


def svg_text(
    fig_or_ax: Figure | Axes, *, alt: str | None = None, title: str | None = None, salt: str
) -> str:
    """The figure as an SVG element to put into a page.

    It scales with its column, is one image to a screen reader, and takes its colours from the
    page's custom properties `--figure-ink`, `--figure-paper` and so on (the names in
    `ForestStyle.colours`), with the figure's own colours where the page sets none.

    Args:
        fig_or_ax: the figure, or any Axes of it.
        alt: as in `save_figure`.
        title: as in `save_figure`.
        salt: a name that is unique in the page; all ids start with it.

    Raises:
        SynthesisError: a salt that cannot be part of an id.
    """
    if not re.fullmatch(r"[A-Za-z][\w-]*", salt):
        raise SynthesisError(
            f"salt must start with a letter and hold letters, digits, - and _ only; it is {salt!r}"
        )
    figure = figure_of(fig_or_ax)
    alt = describe(figure) if alt is None else alt
    width = figure.get_size_inches()[0] * 72
    size = f'style="width:100%;max-width:{width / 0.75:.0f}px;height:auto"'
    return _element(_raw_svg(figure), _Said(alt, _title(title, alt)), salt, size, themed=True)


def svg_document(figure: Figure, said: _Said | None = None) -> str:
    """The figure as a standalone SVG file of its own physical size."""
    alt = describe(figure)
    said = said or _Said(alt, _title(None, alt))
    width, height = figure.get_size_inches() * 72
    size = f'width="{width:.2f}pt" height="{height:.2f}pt"'
    element = _element(_raw_svg(figure), said, "figure", size, themed=False)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{element}\n'


def describe(figure: Figure) -> str:
    """The alt text that the drawing functions left with the figure's Axes; empty without one."""
    labels = [str(axes.get_label()) for axes in figure.axes]
    return " ".join(label for label in labels if label and not label.startswith(("<", "_")))


def _title(title: str | None, alt: str) -> str:
    return title or re.split(r"(?<=[^\d])\. ", alt, maxsplit=1)[0].rstrip(".") or "Figure"


def _render(figure: Figure, form: str, metadata: dict[str, str | None], dpi: int = 72) -> bytes:
    buffer = io.BytesIO()
    fixed: dict[str, Any] = {
        "pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "evidence",
    }  # fmt: skip
    with matplotlib.style.context(["default", fixed]):
        figure.savefig(buffer, format=form, metadata=metadata, dpi=dpi)
    return buffer.getvalue()


def _pdf(figure: Figure, said: _Said) -> bytes:
    fields = {"Title": said.title, "Subject": said.alt, "CreationDate": None}
    if said.source:
        fields["Keywords"] = said.source
    return _render(figure, "pdf", fields)


def _png(figure: Figure, said: _Said) -> bytes:
    fields = {"Title": said.title, "Description": said.alt, "Software": None}
    if said.source:
        fields["Source"] = said.source
    return _render(figure, "png", fields, said.dpi)


def _svg(figure: Figure, said: _Said) -> bytes:
    return svg_document(figure, said).encode()


def _tiff(figure: Figure, said: _Said) -> bytes:
    picture = Image.open(io.BytesIO(_render(figure, "png", {}, said.dpi))).convert("RGB")
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = said.alt.encode("ascii", "backslashreplace").decode()
    if said.source:
        tags[305] = said.source.encode("ascii", "backslashreplace").decode()
    buffer = io.BytesIO()
    resolution = (said.dpi, said.dpi)
    picture.save(buffer, "TIFF", compression="tiff_lzw", dpi=resolution, tiffinfo=tags)
    return buffer.getvalue()


def _raw_svg(figure: Figure) -> str:
    fields = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    return _render(figure, "svg", fields).decode()


def _element(raw: str, said: _Said, salt: str, size: str, *, themed: bool) -> str:
    """An SVG of matplotlib's SVG made accessible, with ids of its own and a chain of fonts."""
    head = re.search(r'<svg [^>]*viewBox="([^"]+)"[^>]*>', raw)
    if head is None:
        raise SynthesisError("matplotlib wrote an SVG that cannot be read; check its version")
    body = raw[head.end() : raw.rindex("</svg>")]
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.S)
    body = _own_ids(body, salt)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, count=1, flags=re.S)
    body = body.replace("'DejaVu Sans'", FONT_CHAIN)
    body = re.sub(r"\s*\n\s*", "\n", body)
    if themed:
        for name, colour in DEFAULT.colours().items():
            body = body.replace(f": {colour}", f": var(--figure-{name}, {colour})")
    source = f"\n<metadata>{escape(said.source)}</metadata>" if said.source else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{head[1]}" {size} stroke-linejoin="round" role="img" '
        f'aria-labelledby="{salt}-title {salt}-desc">\n'
        f'<title id="{salt}-title">{escape(said.title)}</title>\n'
        f'<desc id="{salt}-desc">{escape(said.alt)}</desc>{source}{body}</svg>'
    )


def _own_ids(body: str, salt: str) -> str:
    """Keep only the ids that something refers to, each starting with the salt."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', body))

    def named(match: re.Match[str]) -> str:
        return f' id="{salt}-{match[1]}"' if match[1] in used else ""

    body = re.sub(r' id="([^"]+)"', named, body)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{salt}-", body)


Writer = Callable[[Figure, _Said], bytes]

WRITERS: dict[str, Writer] = {
    ".pdf": _pdf,
    ".svg": _svg,
    ".png": _png,
    ".tiff": _tiff,
    ".tif": _tiff,
}
"""Formats by suffix: figure and what the file says -> the bytes of the file."""
