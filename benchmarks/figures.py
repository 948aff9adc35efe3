"""How long figures take after import, against what is promised: a report, not a test."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from evidence import Synthesis, forest, pool, save_figure

LIMITS = {
    "forest plot to SVG, 20 studies": (20, 0.3),
    "forest plot to SVG, 500 studies": (500, 3.0),
}
TIMES = 5


def answer(k: int) -> Synthesis:
    """An answer of k studies with made-up counts."""
    frame = pd.DataFrame(
        {
            "study_id": [f"Author {index} {1970 + index % 50}" for index in range(k)],
            "events": [index % 40 for index in range(k)],
            "total": [40 + index for index in range(k)],
        }
    )
    return pool(frame)


def seconds(run: Callable[[], object]) -> tuple[float, float, float]:
    """The first run, the median of the following ones, and their median of processor time."""
    clock, work = [], []
    for _ in range(TIMES + 1):
        start, busy = time.perf_counter(), time.process_time()
        run()
        clock.append(time.perf_counter() - start)
        work.append(time.process_time() - busy)
    return clock[0], statistics.median(clock[1:]), statistics.median(work[1:])


def main() -> None:
    """Print one line per promise.

    Seconds of the first run (which reads the fonts), the median of the others, the processor time
    of these, the limit, and median over limit.
    """
    print(f"{'':<34}{'first':>8}{'median':>8}{'busy':>8}{'limit':>8}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (k, limit) in LIMITS.items():
            pooled = answer(k)

            def run(pooled: Synthesis = pooled) -> None:
                save_figure(forest(pooled, title="A title"), Path(folder) / "figure.svg")

            first, usual, busy = seconds(run)
            ratio = usual / limit
            numbers = f"{first:>8.2f}{usual:>8.2f}{busy:>8.2f}{limit:>8.2f}{ratio:>8.2f}"
            print(f"{name:<34}{numbers}")


if __name__ == "__main__":
    main()
