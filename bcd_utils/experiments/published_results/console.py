"""One published row, in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.published_results.checks import Check, check_row, found_in_words
from bcd_utils.experiments.published_results.fits import reported_of
from bcd_utils.experiments.published_results.rows import Published, Row

MOST_SHOWN = 3  # test sets


def print_row(console: Console, row: Row, published: Published) -> Check:
    """Print what a row states and what fits it."""

    def say(text: str, style: str = "") -> None:
        console.print(escape(text), style=style, soft_wrap=True)

    check = check_row(row, published)
    say(row.name, "bold")
    say(f"{row.source} (known from: {', '.join(row.known)}; kind: {row.kind})")
    if row.states:
        say(f"states that {row.states} ({row.place})")
    if row.note:
        say(f"note: {row.note}")
    say(found_in_words(check.outcome, check.says), "green" if check.fits else "yellow")
    if check.tried:
        say(f"{check.fitting:,} of {check.tried:,} test sets fit")
    if check.number_of_sizes is not None:
        say(f"sizes of a test set that allow the accuracy: {check.sizes}")
    for name, fits in check.further.items():
        say(f"{name}, on the same images: {'fits too' if fits else 'fits none of these test sets'}")
    if len(check.fits) > MOST_SHOWN:
        say(f"Examined below are the first {MOST_SHOWN}.")
    console.print()
    return check


def alternatives_of(row: Row, check: Check) -> list[Reported]:
    """What a row prints beside the first test sets that fit, or the one it states, to be examined in full."""
    found = {(tuple(fit.counts.items()), fit.rounding): fit.how for fit in check.fits}
    found = found or ({(tuple(row.test.items()), "nearest"): "stated"} if row.test and row.scores else {})
    return [
        reported_of(row, dict(counts), rounding, source=f"Test set {how}; digits rounded: {rounding}")
        for (counts, rounding), how in list(found.items())[:MOST_SHOWN]
    ]
