"""The site's navigation: what zensical.toml lists, and the decisions of docs/adr/."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from tilewright.hw.spec.errors import RequestError

EVERY = "/*"
"""Ends an entry that stands for every page of a folder, by name."""


def navigation(listed: list[Any], pages: Mapping[str, Path]) -> list[Any]:
    """The entries of the navigation, with page names of ``pages`` (name to its Markdown file).

    Raises RequestError for an entry without a page, and for pages that no entry names.
    """
    entries = _completed(listed, pages)
    if forgotten := sorted(set(pages) - set(_names(entries))):
        raise RequestError(
            f"zensical.toml: the navigation has no entry for {', '.join(forgotten)}; add one"
        )
    return entries


def _completed(listed: list[Any], pages: Mapping[str, Path]) -> list[Any]:
    found: list[Any] = []
    for entry in listed:
        ((title, target),) = entry.items()
        if isinstance(target, list):
            found.append({title: _completed(target, pages)})
        elif target.endswith(EVERY):
            found.append({title: list(_of_folder(target.removesuffix("*"), pages))})
        elif target in pages:
            found.append(entry)
        else:
            raise RequestError(f"zensical.toml: {title!r} in the navigation: no page {target}")
    return found


def _of_folder(folder: str, pages: Mapping[str, Path]) -> Iterator[dict[str, str]]:
    for name in sorted(pages):
        if name.startswith(folder):
            first_line = pages[name].read_text(encoding="utf-8").partition("\n")[0]
            yield {first_line.lstrip("# "): name}


def _names(entries: Collection[Any]) -> Iterator[str]:
    for entry in entries:
        for target in entry.values():
            if isinstance(target, list):
                yield from _names(target)
            else:
                yield target
