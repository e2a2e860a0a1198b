import pickle

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import LONGEST_LINE, LONGEST_NAME, message, printable, shown


def test_what_a_terminal_might_obey_is_no_part_of_a_name():
    assert printable("a\x1b[31m\nb\u202ec\udcff") == "a?[31m?b?c?"
    assert printable(b"conv\xff\n1") == "conv\ufffd?1"
    assert printable("N\u00e4me \U0001f600") == "N\u00e4me \U0001f600"


def test_long_names_are_cut_in_the_middle():
    assert shown("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    cut = shown("begin" + "x" * 5000 + "end")
    assert len(cut) <= LONGEST_NAME
    assert cut.startswith("beginx")
    assert cut.endswith("xend")
    # 5008 letters, of which 220 at the begin and 40 at the end are there.
    assert " ... 4748 letters ... " in cut


def test_lines_of_a_message_stay_lines():
    assert message("one\ttab\ntwo\x1b") == "one\ttab\ntwo?"
    assert [len(line) <= LONGEST_LINE for line in message("x" * 9999 + "\ny").split("\n")] == [
        True,
        True,
    ]


def test_errors_are_fit_for_a_terminal_and_travel_between_processes():
    error = RequestError("net\x1b[31m.onnx: " + "y" * 9999)
    assert str(error).startswith("net?[31m.onnx: yy")
    assert len(str(error)) <= LONGEST_LINE
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
