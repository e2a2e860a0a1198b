"""Where Programs start beside every CPU but the smallest."""

from tilewright.hw.spec.registers import program_base
from tilewright.hw.spec.soc_config import SocConfig

PROGRAM_BASE = program_base(SocConfig())
