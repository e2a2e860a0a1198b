"""Runs the notebooks of docs/: `python -m tests.tilewright.notebooks` writes their outputs anew."""

import os
import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = sorted((PROJECT / "docs" / "notebooks").glob("*.ipynb"))
PICTURE = "image/png"


def executed(path: Path, folder: Path) -> Any:
    """The notebook with the outputs of now, run in ``folder``. Raises CellExecutionError."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, "PYTHONPATH": str(PROJECT)})
    for cell in notebook.cells:
        # When it ran, and with which Python, is no part of a notebook.
        cell.metadata.pop("execution", None)
    notebook.metadata.pop("language_info", None)
    return notebook


def shown(notebook: Any) -> list[list[str]]:
    """What each cell shows, as far as it is the same on every machine: texts, not pixels."""
    return [
        [_shown(output) for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _shown(output: Any) -> str:
    if output.output_type == "stream":
        return f"{output.name}: {output.text}"
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    if PICTURE in output.data:
        return PICTURE
    # Spaces between columns are a matter of pandas' version.
    return re.sub(r"\s+", " ", output.data["text/plain"])


def main() -> None:
    """Write all of them."""
    for path in NOTEBOOKS:
        nbformat.write(executed(path, path.parent), path)


if __name__ == "__main__":
    main()
