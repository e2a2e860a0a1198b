"""The command line: parses, hands over, and turns errors into exit statuses."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from hw.spec.config import FIELDS, PRESETS, Config, load_config
from hw.spec.errors import RequestError
from sim.files import make_folder, require_writable, write_atomically
from sim.progress import Progress

BACKENDS = ("rtl", "model", "functional")


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line as any other wrong request."""

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message}; see {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    top = _Parser(
        prog="tilewright",
        description="Run a quantised network on a TinyDL accelerator, as RTL, bit for bit.",
        allow_abbrev=False,
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_run(verbs.add_parser("run", help="simulate one inference", allow_abbrev=False))
    _add_zoo(verbs.add_parser("zoo", help="the built-in networks", allow_abbrev=False))
    verilog = verbs.add_parser("verilog", help="write the chip's Verilog", allow_abbrev=False)
    _add_config_options(verilog)
    verilog.add_argument("--out", type=Path, required=True, metavar="DIR")
    verilog.set_defaults(handle=_verilog)
    _add_config(verbs.add_parser("config", help="presets and their values", allow_abbrev=False))
    return top


def handle(arguments: list[str]) -> None:
    """Do what the command line asks. Raises TilewrightError."""
    options = parser().parse_args(arguments)
    options.handle(options)


def _add_config_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", default="default", help=f"one of {', '.join(PRESETS)}")
    parser.add_argument("--config", type=Path, metavar="F.toml", help="values over the preset's")
    parser.add_argument("--rows", metavar="N", help="short for --set rows=N")
    parser.add_argument("--cols", metavar="N", help="short for --set cols=N")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="sets",
        metavar="KEY=VALUE",
        help=f"any of {', '.join(FIELDS)}",
    )


def _config(options: argparse.Namespace) -> Config:
    given = {key: getattr(options, key) for key in ("rows", "cols")}
    short = [f"{key}={value}" for key, value in given.items() if value is not None]
    return load_config(options.preset, options.config, [*short, *options.sets])


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", required=True, help=".onnx or .tflite file, or a built-in network (vww.onnx)"
    )
    parser.add_argument("--backend", choices=BACKENDS, default="rtl")
    _add_config_options(parser)
    parser.add_argument(
        "--input", type=Path, metavar="F.npy|F.npz", help="default: a seeded signal"
    )
    parser.add_argument("--json", type=Path, metavar="F", help="write the result")
    parser.add_argument("--report", type=Path, metavar="F.html", help="write the report as a page")
    parser.add_argument("--trace", type=Path, metavar="F.json", help="write a trace for Perfetto")
    parser.add_argument("--waves", type=Path, metavar="F.fst", help="write waveforms of the RTL")
    parser.set_defaults(handle=_run)


def _run(options: argparse.Namespace) -> None:
    from sim.run import RunRequest, run

    run(
        RunRequest(
            model=options.model,
            config=_config(options),
            backend=options.backend,
            input=options.input,
            json=options.json,
            report=options.report,
            trace=options.trace,
            waves=options.waves,
        ),
        Progress(),
    )


def _add_zoo(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="zoo_verb", required=True, metavar="list|export")
    verbs.add_parser("list", help="names and topologies").set_defaults(handle=_zoo_list)
    export = verbs.add_parser("export", help="write a network as a QDQ ONNX file")
    export.add_argument("name", metavar="NAME")
    export.add_argument("out", type=Path, metavar="OUT.onnx")
    export.set_defaults(handle=_zoo_export)


def _zoo_list(_: argparse.Namespace) -> None:
    from sim.zoo import ZOO_NAMES, zoo_topology

    for name in ZOO_NAMES:
        print(f"{name}  {zoo_topology(name).title}; synthetic weights")


def _zoo_export(options: argparse.Namespace) -> None:
    from sim.zoo import zoo_model

    require_writable(options.out)
    write_atomically(options.out, zoo_model(options.name))
    print(options.out)


def _verilog(options: argparse.Namespace) -> None:
    config = _config(options)
    make_folder(options.out)
    from hw.generate import verilog

    with Progress().step("Generating Verilog"):
        files = verilog(config)
    for name, text in files.items():
        write_atomically(options.out / name, text)
        print(options.out / name)


def _add_config(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="config_verb", required=True, metavar="list|show")
    verbs.add_parser("list", help="presets").set_defaults(handle=_config_list)
    show = verbs.add_parser("show", help="every value, as a file for --config")
    _add_config_options(show)
    show.set_defaults(handle=_config_show)


def _config_list(_: argparse.Namespace) -> None:
    for name, values in PRESETS.items():
        changes = ", ".join(f"{key}={value}" for key, value in values.items())
        print(f"{name}: {changes or 'every default'}")


def _config_show(options: argparse.Namespace) -> None:
    for key, value in _config(options).flat().items():
        print(f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}")
