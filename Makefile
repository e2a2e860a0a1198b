# Everything runs from .venv, which the targets set up themselves from pyproject.toml.
# Needs Python >= 3.11 (with venv) and make; the rest comes from PyPI, a C++ compiler included.

PYTHON ?= python3
JOBS   ?= 2
MODEL  ?= vww.onnx
BOARD  ?= ulx3s-85f
VENV   := .venv
BIN    := $(VENV)/bin
C_FILES = $(wildcard firmware/*.[ch] firmware/*/*.[ch] tests/firmware/host/*.[ch] verification/cosim/compression/*.h \
            verification/gates/evaluation/*.[ch] sim/model/replay/*.[ch] sim/model/cpu/iss/*.[ch] sim/model/memory/*.h \
            tests/sim/model/memory/*.c)

.PHONY: run test slow fuzz hostile fpga performance docs pages lint format benchmark clean
.DELETE_ON_ERROR:

run: $(VENV)/run.stamp ## simulate one network (MODEL=..., ARGS=...)
	@$(BIN)/python -m sim run --model $(MODEL) $(ARGS)

test: $(VENV)/test.stamp ## all tests but the slow ones
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

slow: $(VENV)/test.stamp ## the tests that take minutes
	@$(BIN)/python -m pytest -n $(JOBS) -m slow $(ARGS)

fuzz: $(VENV)/test.stamp ## 20,000 odd networks through importers, mapper and functional backend (ARGS="--seed 1")
	@$(BIN)/python -m tests.fuzz $(ARGS)

hostile: $(VENV)/test.stamp ## damaged files, caches and Programs, odd names, full disks, killed sweeps (ARGS="--seed 1 --scale 2")
	@$(BIN)/python -m tests.hostile $(ARGS)

fpga: $(VENV)/fpga.stamp ## a bitstream (BOARD=..., ARGS="--rows 8 --cols 8")
	@$(BIN)/python -m sim fpga --board $(BOARD) --out build/$(BOARD) $(ARGS)

performance: $(VENV)/run.stamp ## cycles of the MLPerf Tiny networks on several arrays
	@$(BIN)/python -m sim.measure.performance $(ARGS)

docs: $(VENV)/docs.stamp ## the documentation site into build/site; a broken link is an error
	@$(BIN)/python -m sim.site $(ARGS)

pages: $(VENV)/test.stamp ## what pages take from the code, commands and notebooks, written anew (minutes)
	@$(BIN)/python -m hw.generate docs
	@$(BIN)/python -m sim.site --write
	@$(BIN)/python -m tilewright.api.reference
	@$(BIN)/python -m sim.measure.documents --write $(ARGS)
	@$(BIN)/python -m tests.tilewright.notebooks

lint: $(VENV)/test.stamp ## formatting, rules, types, import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/lint-imports
	@$(if $(C_FILES),$(BIN)/clang-format --dry-run -Werror $(C_FILES))

format: $(VENV)/test.stamp ## rewrite the sources in the project's format
	@$(BIN)/ruff check --fix --exit-zero
	@$(BIN)/ruff format
	@$(if $(C_FILES),$(BIN)/clang-format -i $(C_FILES))

benchmark: $(VENV)/run.stamp ## speed of the simulation under cocotb and in bare C++ (ARGS=...)
	@$(BIN)/python -m verification.cosim.benchmark $(ARGS)

clean: ## remove .venv and caches of this checkout
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .import_linter_cache

# A stamp is written last, so an interrupted set-up is taken up again.
$(VENV)/run.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "$(PYTHON) is missing or older than Python 3.11; name another: make PYTHON=python3.12" >&2; \
	  exit 2; }
	@echo "Setting up $(VENV) (once; downloads about 240 MB, 1.0 GB on the disk)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --editable .
	@touch $@

$(VENV)/fpga.stamp: pyproject.toml $(VENV)/run.stamp
	@echo "Adding placement and routing for FPGAs to $(VENV) (downloads about 110 MB, 0.4 GB on the disk)"
	@$(BIN)/python -m pip install --disable-pip-version-check --editable '.[fpga]'
	@touch $@

$(VENV)/docs.stamp: pyproject.toml $(VENV)/run.stamp
	@echo "Adding the site generator to $(VENV)"
	@$(BIN)/python -m pip install --disable-pip-version-check --editable '.[docs]'
	@touch $@

$(VENV)/test.stamp: pyproject.toml $(VENV)/fpga.stamp $(VENV)/docs.stamp
	@echo "Adding the test tools to $(VENV) (downloads about 190 MB, 0.6 GB on the disk)"
	@$(BIN)/python -m pip install --disable-pip-version-check --editable '.[test]'
	@touch $@
