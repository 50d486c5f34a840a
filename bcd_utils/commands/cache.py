"""``bcd cache``: what is kept to be not computed again."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from bcd_utils.reporting.console import console, print_table


def cache(
    prune: Annotated[
        str,
        typer.Option(metavar="STUDY", help="Remove what only this study uses; '(no study)': what none does."),
    ] = "",
) -> None:
    """List what is kept to be not computed again, for which study, and how large it is.

    Example: [bold]bcd cache --prune phantom[/bold]
    """
    from bcd_utils.utils import cache_contents
    from bcd_utils.utils.paths import cache_folder, readable

    if prune:
        freed = cache_contents.prune(prune)
        console.print(f"Freed {freed:,} bytes; runs that need it again make it anew.")
        return
    columns = ("study", "kind", "entries", "bytes", "for it alone")
    found = cache_contents.contents()
    rows = cache_contents.table(found)
    print_table(columns, ((*row[:2], *(f"{number:,}" for number in row[2:])) for row in rows))
    total = sum(entry.bytes for entry in found)
    console.print(f"{total:,} bytes in {escape(readable(cache_folder()))}", soft_wrap=True)
