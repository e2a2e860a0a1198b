"""Where Programs start beside every CPU but the smallest."""

from hw.spec.registers import program_base
from hw.spec.soc_config import SocConfig

PROGRAM_BASE = program_base(SocConfig())
