"""`twin view`: a picture of a run. Contributed to the command line by entry point; VTK is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def view(
    run: Annotated[Path, typer.Argument(help="Run folder")],
    png: Annotated[Path, typer.Option(help="Picture to write")],
    at: Annotated[str, typer.Option(help='Time of day, as "17:30" or "day 2, 08:30"')] = "17:30",
    size: Annotated[str, typer.Option(help="Width x height in pixels")] = "1600x1000",
) -> None:
    """Draw a run in 3D at one moment: buildings, streets by congestion, vehicles, dark areas."""
    from visualisation.picture import draw

    print(draw(run, png, at, size))
