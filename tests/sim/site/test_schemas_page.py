from tilewright.sim.schemas.documents import Document
from tilewright.sim.schemas.shapes import list_of, map_of, maybe, numbers, text, whole
from tilewright.sim.schemas.typed import closed
from tilewright.sim.site.schemas_page import schemas_page


def test_every_field_has_a_row_with_its_path():
    item = closed({"name": text("A | name.")})
    schema = {
        "title": "x",
        **closed(
            {
                "schema": {"const": "tilewright.thing/2", "description": "Kind."},
                "config": closed({"rows": whole("Rows.")}),
                "items": list_of(item, "Several."),
                "by_name": map_of(closed({"used": whole("So many.")}), "By name."),
                "maybe": maybe(closed({"x": whole("Of it.")}, "A point.")),
                "counts": numbers("integer", ["a", "b"], "Counted."),
            },
            "What it is.",
        ),
    }
    page = schemas_page([Document(name="tilewright.thing/2", written_by="`do`", schema=schema)])
    head = "| [`tilewright.thing/2`](#thing) | `do` | [thing-2.json](schemas/thing-2.json) |"
    assert head in page
    for row in (
        "| `schema` | `tilewright.thing/2` | Kind. |",
        "| `items` | list of object | Several. |",
        "| `items[].name` | string | A \\| name. |",
        "| `by_name.*.used` | integer | So many. |",
        "| `maybe` | object or null | A point. |",
        "| `maybe.x` | integer | Of it. |",
        "| `counts` | object | Counted. Names: `a`, `b` |",
    ):
        assert row in page
    assert "config.rows" not in page
    assert "[configuration](configuration.md)" in page
