"""JSON documents, judged by their schemas as docs/schemas/ has them."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"


@cache
def _validator(file_name):
    return Draft202012Validator(json.loads((SCHEMAS / file_name).read_text()))


def faults(document):
    """What is wrong with a document, a line each; none where it is one of its schema."""
    kind = document.get("schema", "tilewright.trace")
    file_name = kind.removeprefix("tilewright.").replace("/", "-") + ".json"
    found = _validator(file_name).iter_errors(document)
    return [f"{'.'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in found]
