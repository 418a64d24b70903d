# Atelier: `make` lists what it can do.

.DEFAULT_GOAL := help

BIN := .venv/bin
PROMPT ?= a red circle on a blue background
# Pure logic, where types say the most; the rest leans on libraries that have none.
TYPED := api/stack families/resolution.py families/contract.py families/descriptors.py \
         strategies/params strategies/queues.py strategies/policy.py strategies/forecast.py \
         strategies/rates.py workers/pools.py workers/patience.py gpu/requests.py gpu/cache.py
export PROMPT PYTHON

.PHONY: help install run demo test lint bench train-pocket constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

install: .venv/.installed ## the virtual environment with everything Atelier needs

run: .venv/.installed ## start everything and print its addresses; Ctrl-C stops it
	@exec $(BIN)/python -m api.stack run

demo: .venv/.installed ## draw PROMPT through the REST API and save the picture
	@exec $(BIN)/python -m api.stack demo --prompt="$$PROMPT"

test: .venv/.installed-dev ## lint, types, import rules, then every test (ARGS go to pytest)
	@deploy/chromium.sh
	$(BIN)/ruff check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadscope $(ARGS)

lint: .venv/.installed-dev ## what ruff says
	$(BIN)/ruff check .

bench: .venv/.installed ## measure; ONLY=R2,R6 measures some
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(ARGS)

train-pocket: .venv/.installed ## train the pocket models from scratch
	$(BIN)/python -m gpu.pocket.train $(ARGS)

constraints: .venv/.installed-dev ## pin what is installed now; torch's build depends on the machine
	$(BIN)/python -m pip freeze --all | grep -v -i -E '^(pip=|torch|triton|nvidia-|cuda-)' > constraints.txt

clean: ## remove the environment and caches, never the data
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A file of its own for each state of the environment: it is written last, so a failed install is no install.
.venv/.installed: requirements.txt constraints.txt deploy/environment.sh
	@deploy/environment.sh .venv requirements.txt $@

.venv/.installed-dev: requirements-dev.txt requirements.txt constraints.txt deploy/environment.sh
	@deploy/environment.sh .venv requirements-dev.txt $@
