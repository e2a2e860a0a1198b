import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.sweep.points_file import read_points


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_csv_has_a_header_and_empty_cells_are_left_to_the_base(tmp_path):
    path = write(tmp_path, "p.csv", "\ufeffrows, cpu\n4, imac\n\n0x10,\n")
    assert read_points(path) == [{"rows": 4, "cpu": "imac"}, {"rows": 16}]


def test_json_is_a_list_of_objects(tmp_path):
    path = write(tmp_path, "p.json", '[{"rows": 4, "cpu": "imac"}, {}]')
    assert read_points(path) == [{"rows": 4, "cpu": "imac"}, {}]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.txt", "rows\n4\n", r"\.csv or a \.json"),
        ("p.csv", "", "no points"),
        ("p.csv", "rows\n", "no points"),
        ("p.csv", "rows,rows\n4,4\n", "twice"),
        ("p.csv", "rows,cols\n4,4\n8\n", "line 3.*1 values for 2"),
        ("p.csv", "row\n4\n", "line 2.*did you mean rows"),
        ("p.csv", "rows\nmany\n", "line 2.*whole number"),
        ("p.csv", 'rows\n"4\n', "no.* CSV"),
        ("p.csv", f"rows\n{'4' * 200_000}\n", "no.* CSV"),
        ("p.json", f"[{'4' * 5000}]", "no.* JSON"),
        ("p.json", "[" * 200_000, "no.* JSON"),
        ("p.json", "{}", "list of objects"),
        ("p.json", "[", "no.* JSON"),
        ("p.json", "[4]", "entry 1.*object"),
        ("p.json", '[{}, {"rows": true}]', "entry 2.*whole number"),
    ],
)
def test_what_is_no_list_is_refused_by_file_and_entry(tmp_path, name, text, said):
    with pytest.raises(RequestError, match=said) as refused:
        read_points(write(tmp_path, name, text))
    assert name in str(refused.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RequestError, match="cannot be read"):
        read_points(tmp_path / "none.csv")


def test_a_word_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "p.json").write_text('[{"cpu": "\\ud800"}]')
    with pytest.raises(RequestError, match=r"entry 1: cpu = .*must be a word"):
        read_points(tmp_path / "p.json")


def test_a_list_without_an_end_is_refused(tmp_path):
    (tmp_path / "p.csv").symlink_to("/dev/zero")
    with pytest.raises(RequestError, match="not a regular file"):
        read_points(tmp_path / "p.csv")
