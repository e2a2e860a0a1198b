import re

from tilewright.hw.netlist import unique_modules

RTLIL = """\
attribute \\generator "Amaranth"
module \\top
  cell \\top.a \\a
    connect \\x \\x
  end
  cell \\top.b \\b
    connect \\x \\y
  end
  cell \\top.c \\c
    connect \\x \\y
  end
  cell \\Foreign \\d
  end
end
module \\top.a
  cell \\top.a.leaf \\leaf
  end
end
module \\top.b
  cell \\top.b.leaf \\leaf
  end
end
module \\top.c
  cell \\top.c.leaf \\leaf
  end
end
module \\top.a.leaf
  wire width 1 \\x
end
module \\top.b.leaf
  wire width 1 \\x
end
module \\top.c.leaf
  wire width 2 \\x
end
"""


def test_equal_modules_become_one_from_the_leaves_up():
    text, instances = unique_modules(RTLIL)
    assert re.findall(r"^module \\(\S+)$", text, re.MULTILINE) == [
        "top_a_leaf",
        "top_a",
        "top_c_leaf",
        "top_c",
        "top",
    ]
    assert instances == {"top_a_leaf": 2, "top_a": 2, "top_c_leaf": 1, "top_c": 1, "top": 1}
    assert re.findall(r"^  cell \\(\S+) \\(\w)$", text.rpartition("module")[2], re.MULTILINE) == [
        ("top_a", "a"),
        ("top_a", "b"),
        ("top_c", "c"),
        ("Foreign", "d"),
    ]
