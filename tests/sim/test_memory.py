"""How much memory the model backend takes, whatever this process has."""

import subprocess
import sys

LIMIT = 300e6

PREDICT = """
from tilewright.hw.spec.config import make_config
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.run.predict import KEPT, Predictor
from tilewright.sim.progress import Progress

predictor = Predictor(open_network("vww", Progress()))
for number in range(KEPT + 4):
    # Each with a mapping of its own, until no more are kept.
    values = {"rows": 2 + number, "cols": 32 - number, "scratchpad_bytes": 16384 << number % 3}
    predictor.predict(make_config(values))
assert predictor.kept == KEPT
for line in open("/proc/self/status"):
    # Not resource.getrusage, which counts what the parent had before this program began.
    if line.startswith("VmHWM"):
        print(int(line.split()[1]) * 1024)
"""


def test_vww_is_predicted_within_the_memory_that_is_promised():
    done = subprocess.run(
        [sys.executable, "-c", PREDICT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 50e6 < int(done.stdout) < LIMIT
