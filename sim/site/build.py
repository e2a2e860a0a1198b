"""The documentation site: ``python -m sim.site [DIR]`` builds it from docs/, top to bottom.

Zensical renders the pages and checks every link between them; a warning ends the build. What it is
given is laid out first: the pages of docs/, and those that stand elsewhere in the project, with
links between all of them as links between pages of the site.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.extras import install_command
from tilewright.sim.files import make_folder
from tilewright.sim.site.navigation import navigation
from tilewright.sim.version import origin_line

PROJECT = Path(__file__).resolve().parents[2]
CONFIGURATION = "zensical.toml"
ELSEWHERE = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "firmware.md": "firmware/README.md",
}
"""Pages of the site that do not stand in docs/."""

ASSETS = ("iframe-worker.js", "site.css")
"""Files beside this one that the pages load from their folder assets/."""

PAGES, SITE = "pages", "site"

_MARK = Path("assets") / ASSETS[0]
"""Tells a site from any other folder."""

_LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[)#])")
_ITEM = re.compile(r"[-*] |1\. ")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def build_site(out: Path, project: Path = PROJECT) -> None:
    """Build the site of ``project`` into ``out``, whose former content it replaces.

    Raises RequestError where the navigation and the pages do not fit each other, or Zensical or the
    pages are missing, CheckError with Zensical's words where it has something to complain about.
    """
    if not (project / CONFIGURATION).is_file():
        raise RequestError(f"{project}: has no {CONFIGURATION}; the site is built in a checkout")
    if out.exists() and not (out / _MARK).is_file() and not _is_empty(out):
        raise RequestError(f"{out}: is no site that was built before; name another folder")
    make_folder(out.parent)
    with tempfile.TemporaryDirectory(prefix=".site-", dir=out.parent) as folder:
        root = Path(folder)
        lay_out(project, root)
        _run_zensical(root)
        if out.exists():
            shutil.rmtree(out)
        (root / SITE).rename(out)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def lay_out(project: Path, root: Path) -> None:
    """Write Zensical's project into ``root``: its configuration and all pages."""
    docs = project / "docs"
    sources = {path.relative_to(docs).as_posix(): path for path in sorted(docs.rglob("*.md"))}
    sources |= {name: project / path for name, path in ELSEWHERE.items()}
    shutil.copytree(docs, root / PAGES)
    for name, source in sources.items():
        text = _relinked(source.read_text(encoding="utf-8"), name, source, sources)
        (root / PAGES / name).write_text(with_lists_apart(text), encoding="utf-8")
    assets = root / PAGES / "assets"
    assets.mkdir()
    for name in ASSETS:
        shutil.copyfile(Path(__file__).with_name(name), assets / name)
    # YAML is what Zensical reads besides TOML, which Python cannot write, and JSON is YAML.
    (root / "zensical.yml").write_text(json.dumps(_configuration(project, sources)))


def _configuration(project: Path, sources: Mapping[str, Path]) -> dict[str, Any]:
    settings = tomllib.loads((project / CONFIGURATION).read_text(encoding="utf-8"))["project"]
    plugins = [{name: options} for name, options in settings["plugins"].items()]
    return {
        **settings,
        "docs_dir": PAGES,
        "site_dir": SITE,
        "nav": navigation(settings["nav"], sources),
        "plugins": plugins,
        "copyright": origin_line(),
    }


def _relinked(text: str, name: str, source: Path, sources: Mapping[str, Path]) -> str:
    """The page's text, with links to files of the project as links to the site's pages of them."""
    pages = {os.path.normpath(path): page for page, path in sources.items()}

    def link(found: re.Match[str]) -> str:
        page = pages.get(os.path.normpath(source.parent / found[1]))
        return found[1] if page is None else os.path.relpath(page, Path(name).parent)

    return _LINK.sub(link, text)


def with_lists_apart(text: str) -> str:
    """Markdown with an empty line before each list that interrupts a paragraph.

    CommonMark and GitHub need none, Python-Markdown shows such a list as part of the paragraph.
    """
    found: list[str] = []
    fenced = paragraph = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        begins = bool(_ITEM.match(line))
        if begins and paragraph and not fenced:
            found.append("")
        found.append(line)
        paragraph = bool(line.strip()) and not begins and (paragraph or not line.startswith(" "))
    return "\n".join(found) + "\n"


def _run_zensical(root: Path) -> None:
    command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", "zensical.yml"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return
    said = _COLOUR.sub("", run.stdout + run.stderr).partition("Traceback")[0].strip()
    if "No module named" in said:
        raise RequestError(f"the site is built by Zensical; add it: {install_command('docs')}")
    raise CheckError(f"the site has faults:\n{said}")
