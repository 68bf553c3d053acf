# srgan-report: two commands matter, `make report` and `make test`; `make help` lists the others.

PYTHON  ?= python3
PARAMS  ?= params/demo.yaml
RUN     ?= $(basename $(notdir $(PARAMS)))
OVERLAY ?=
SWEEP   ?= params/sweeps/adversarial_weight.yaml
ARGS    ?=

VENV  := .venv
BIN   := $(VENV)/bin
# Two processes of one thread each, for two cores.
TESTS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile
READY := $(VENV)/.ready-$(shell cksum < requirements.lock | cut -d' ' -f1)

.PHONY: help env report sweep test test-fast test-all coverage bench bench-gpu test-browser reproduce-reference lint docs notebooks lab lock clean

help:
	@echo "make report [PARAMS=params/x.yaml] [RUN=name] [OVERLAY=params/overlays/quick.yaml]   run the study and write results/RUN/report.html"
	@echo "make sweep SWEEP=params/sweeps/x.yaml   run all combinations that it names and compare them in results/sweeps/x/report.html"
	@echo "make test        checks and tests, about five minutes       make test-all    the slow tests, under half an hour"
	@echo "make coverage    both with the share of lines that they run"
	@echo "make test-browser  the report and the notebooks in Chromium"
	@echo "make bench       measured ratios against plain code, a few minutes (ARGS=--quick, ARGS='--peer PATH')"
	@echo "make bench-gpu   everything tried on a GPU in nine minutes: losses against the CPU's, speed, SRGAN trained (ARGS=--tiny: on the CPU)"
	@echo "make reproduce-reference  train the first reference models again, two and a half hours and more, and judge the shipped ones"
	@echo "make docs        the documentation with the library's API, in build/docs/index.html"
	@echo "make notebooks   notebooks/*.ipynb from notebooks/source/*.py"
	@echo "make lab         JupyterLab on the notebooks        make lock        resolve requirements.lock again"

env: $(READY)

# uv installs the locked environment in seconds; where it cannot be had, pip does the same in about a minute.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the environment into $(VENV) (torch is large: about 5 GB once unpacked)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv && $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes --python $(BIN)/python -r requirements.lock \
	  || $(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-*; touch $@

report: $(READY)
	@$(BIN)/srgan run $(PARAMS) --run $(RUN) $(foreach file,$(OVERLAY),--overlay $(file)) $(ARGS)

sweep: $(READY)
	@$(BIN)/srgan sweep $(SWEEP) $(foreach file,$(OVERLAY),--overlay $(file)) $(ARGS)

# The checks of the code run beside the tests, some of which wait.
test: $(READY)
	@$(MAKE) --no-print-directory --jobs 2 lint test-fast

test-fast: $(READY)
	@$(TESTS) -m "not slow and not browser" $(ARGS)

test-all: $(READY)
	@$(TESTS) -m slow $(ARGS)

# The lines of the two packages that both sets of tests run, in kernels and subprocesses as well.
coverage: $(READY)
	@rm -f .coverage .coverage.*
	@$(TESTS) --cov --cov-report= -m "not slow and not browser"
	@$(TESTS) --cov --cov-append --cov-report=term:skip-covered -m slow

test-browser: $(READY)
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { echo "Chromium is needed: apt-get install chromium"; exit 1; }
	@$(BIN)/python -m pytest -m browser $(ARGS)

# Trains the shipped SRCNN, and the SRResNet from which the others were trained, and judges the shipped models.
reproduce-reference: $(READY)
	@$(BIN)/srgan run params/reference.yaml --run reference_run $(ARGS)
	@$(BIN)/python -m scripts.publish_reference reference_run srcnn=srcnn
	@$(BIN)/python -m scripts.judge_reference

bench: $(READY)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-gpu: $(READY)
	@$(BIN)/python -m benchmarks.gpu $(ARGS)

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check srgan_lib srgan_report tests scripts benchmarks
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pyright --pythonpath $(BIN)/python

docs: $(READY)
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs build/docs
	@echo "build/docs/index.html"

notebooks: $(READY)
	@$(BIN)/python -m scripts.write_notebooks

lab: $(READY)
	@$(BIN)/python -m ipykernel install --sys-prefix >/dev/null
	@JUPYTER_PREFER_ENV_PATH=1 $(BIN)/jupyter lab notebooks

lock:
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev pyproject.toml --output-file requirements.lock

clean:
	rm -rf results/demo build *.egg-info
