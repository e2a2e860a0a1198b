import json

import pytest


@pytest.fixture
def saved(result, tmp_path):
    """Writes the fixture's result, changed by a function, and gives the path."""

    def write(name, change=lambda document: None):
        document = json.loads(json.dumps(result.to_dict()))
        change(document)
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return path

    return write
