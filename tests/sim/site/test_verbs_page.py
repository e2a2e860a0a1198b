import argparse

from tilewright.sim.cli import VERBS, parser
from tilewright.sim.site.verbs_page import verbs_page


def example():
    top = argparse.ArgumentParser()
    verbs = top.add_subparsers(metavar="VERB")
    go = verbs.add_parser("go", help="walk | run")
    go.add_argument("where", metavar="PLACE", help="a place")
    go.add_argument("--pace", choices=("slow", "fast"), default="slow", help="how fast")
    go.add_argument("--far", action="store_true", help="beyond")
    go.add_argument("--by", required=True, type=int, help="when")
    group = go.add_argument_group("configuration")
    group.add_argument("--set", metavar="K=V", help="a field")
    box = verbs.add_parser("box", help="boxes").add_subparsers(metavar="open")
    box.add_parser("open", help="look inside")
    return top


def test_a_page_has_every_argument_with_meaning_and_default():
    page = verbs_page(example())
    assert "| [`go`](#go) | walk \\| run |" in page
    assert "```\npython -m sim go PLACE --by BY [options]\n```" in page
    assert "| `--pace slow\\|fast` | how fast; default: slow |" in page
    assert "| `--far` | beyond |" in page
    assert "### box open\n\nLook inside.\n\n```\npython -m sim box open\n```" in page
    _, _, shared = page.partition("## Options of a configuration")
    assert page.count("`--set K=V`") == shared.count("`--set K=V`") == 1


def test_every_option_of_every_verb_has_a_meaning():
    page = verbs_page(parser("x"))
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 60
    assert not [row for row in rows if row.endswith("|  |")]
    assert all(f"\n## {name}\n" in page for name in VERBS)
