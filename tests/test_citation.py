"""CITATION.cff has what version 1.2.0 of the format demands, and tells this version."""

import tomllib
from pathlib import Path

import yaml

from tilewright.sim.version import VERSION

PROJECT = Path(__file__).parents[1]
CITATION = yaml.safe_load((PROJECT / "CITATION.cff").read_text())

# Of the Citation File Format 1.2.0: keys that must be there, and those that may.
REQUIRED = {"cff-version", "message", "title", "authors"}
OPTIONAL = {
    "abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords", "license",
    "license-url", "preferred-citation", "references", "repository", "repository-artifact",
    "repository-code", "type", "url", "version",
}  # fmt: skip
ENTITY, PERSON = {"name"}, {"family-names", "given-names"}


def test_keys_are_those_of_the_format():
    assert set(CITATION) >= REQUIRED
    assert set(CITATION) <= REQUIRED | OPTIONAL
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] in ("software", "dataset")
    assert CITATION["authors"]
    assert all(set(author) >= ENTITY or PERSON & set(author) for author in CITATION["authors"])
    assert len(CITATION["keywords"]) == len(set(CITATION["keywords"]))
    for key in ("message", "title", "abstract"):
        assert isinstance(CITATION[key], str), key


def test_version_and_licence_are_the_packages():
    assert CITATION["version"] == VERSION
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert CITATION["license"] == project["license"]
