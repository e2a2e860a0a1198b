"""C firmware of the RISC-V core, kept as package data so that an installed copy finds it."""
