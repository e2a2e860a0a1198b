from tilewright.sim.site.build import PROJECT
from tilewright.sim.site.generated import generated, write_generated


def test_generated_pages_are_up_to_date():
    for name, text in generated().items():
        assert (PROJECT / "docs" / name).read_text() == text, "run: python -m sim.site --write"


def test_only_what_differs_is_written(tmp_path):
    written = write_generated(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in written} == set(generated())
    (tmp_path / "verbs.md").write_text("old")
    assert write_generated(tmp_path) == [tmp_path / "verbs.md"]
    assert write_generated(tmp_path) == []
