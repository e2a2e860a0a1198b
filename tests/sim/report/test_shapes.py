from tilewright.sim.report.shapes import described, dims, window
from tilewright.sim.results.result import Geometry


def test_a_batch_of_one_goes_without_saying():
    assert dims((1, 48, 48, 8)) == "48x48x8"
    assert dims((2, 3)) == "2x3"
    assert dims((7,)) == "7"
    assert dims(()) == "1"


def test_a_window_tells_what_is_not_usual():
    def of(**known):
        return window(Geometry(inputs=(), output=(1, 1), **known))

    assert window(None) == of() == "-"
    assert of(kernel=(3, 3), stride=(1, 1), dilation=(1, 1)) == "3x3"
    assert of(kernel=(3, 1), stride=(2, 2)) == "3x1/2"
    assert of(kernel=(3, 3), stride=(2, 1), dilation=(4, 4)) == "3x3/2x1 dilated 4"


def test_a_line_tells_shapes_and_parts():
    whole = Geometry(inputs=((1, 8, 8, 3),), output=(1, 4, 4, 16), kernel=(3, 3), stride=(2, 2),
                     tiles=1, tile=(4, 4, 16))  # fmt: skip
    assert described(whole) == "8x8x3 → 4x4x16, 3x3/2"
    strips = Geometry(inputs=((1, 9), (1, 9)), output=(1, 9), tiles=1200, tile=(1, 1, 9))
    assert described(strips) == "9 + 9 → 9, in 1,200 parts"
    tiled = Geometry(inputs=((1, 9),), output=(1, 9), tiles=3, tile=(1, 1, 4))
    assert described(tiled) == "9 → 9, in 3 parts of up to 1x1x4"
