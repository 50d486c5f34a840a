"""``bcd fetch``, ``datasets`` and ``inspect``: images, before there is a study of them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from bcd_utils.reporting.console import console, print_table, say_where


def fetch(
    name: Annotated[
        str, typer.Argument(help="A data set (see bcd datasets), or a network whose ImageNet weights to get.")
    ],
) -> None:
    """Download a data set into data/raw, or a network's weights into Keras' cache; half a data set is resumed.

    Example: [bold]bcd fetch busi[/bold]
    """
    from bcd_utils.datasets import catalogue
    from bcd_utils.study.networks import NETWORKS

    if name in NETWORKS:
        from bcd_utils.models.backbones import fetch_weights

        place = fetch_weights(NETWORKS[name])
    else:
        wanted = catalogue.find(name)
        console.print(escape(catalogue.terms(wanted)), soft_wrap=True)
        place = catalogue.fetch(wanted)
    say_where("Fetched", place)


def datasets() -> None:
    """List the data sets: what they hold, their licence, and where they are here.

    Example: [bold]bcd datasets[/bold]
    """
    from bcd_utils.datasets import catalogue

    print_table(catalogue.COLUMNS, catalogue.table(), show_lines=True)
    console.print("bcd fetch NAME downloads one, or says how to get it.")


def inspect(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A folder or archive with images.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="source.KEY=VALUE", help="Say what the folder does not; may be repeated."
        ),
    ] = None,
) -> None:
    """Say what is understood of a folder of images, and print the section to paste into a study.

    Example: [bold]bcd inspect ~/images --set 'source.classes={benign: [B], malignant: [M]}'[/bold]
    """
    from bcd_utils.datasets.first_look import first_look
    from bcd_utils.study.loading import source_of

    with console.status("looking") as status:
        source = source_of({"dataset": "folder", "data_dir": folder}, list(overrides or []))
        parts = first_look(source, lambda done, total: status.update(f"{done} of {total} images opened"))
        for title, part in parts:
            console.print(f"[bold]{escape(title)}[/bold]")
            if isinstance(part, str):
                console.print(escape(part), soft_wrap=True)
                continue
            print_table(part.columns, part.itertuples(index=False))
