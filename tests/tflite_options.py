"""Options of any operator for `tests.tflite_builder`, by the names of the file format's schema."""

import flatbuffers
import tflite

from tests.tflite_builder import Options


def options(table: str, **values) -> Options:
    """The options table `table` (e.g. "GatherOptions") with these scalar fields (e.g. Axis=1)."""

    def write(b: flatbuffers.Builder) -> int:
        getattr(tflite, f"{table}Start")(b)
        for name, value in values.items():
            getattr(tflite, f"{table}Add{name}")(b, value)
        return getattr(tflite, f"{table}End")(b)

    return table, write
