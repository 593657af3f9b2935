# Thin aliases: what happens is written in Python, in scripts/ and config/management/.
# Everything runs on a bare machine: Python 3.11, Node 20 and make are enough.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv/bin
MANAGE := $(VENV)/python manage.py
BOOTSTRAP := $(PYTHON) scripts/bootstrap.py
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo dev test test-quick faults faults-quick soak check smoke lock clean \
	install-demo install-dev

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | \
	while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: install-demo ## Start the whole product with demo data (ARGS="--port 8080")
	@exec $(MANAGE) demo --end-with-parent $(ARGS)

dev: install-dev ## Start the product for development, restarted on changes
	@exec $(MANAGE) dev --end-with-parent $(ARGS)

test: install-dev ## Run the whole test suite (ARGS="tests/schedules -x")
	$(VENV)/python -m pytest -n auto $(ARGS)

test-quick: install-dev ## Run the tests that take no more than a few seconds each
	$(VENV)/python -m pytest -n auto -m "not slow" $(ARGS)

faults: install-dev ## Hurt a whole installation in every listed way (SEED=… SHARD=1/2)
	FAULTS=1 $(VENV)/python -m pytest -n 0 -p no:randomly -m "faults and not soak" tests/faults $(ARGS)

faults-quick: install-dev ## The faults that continuous integration inflicts
	FAULTS=1 $(VENV)/python -m pytest -n 0 -p no:randomly -m "faults and quick" tests/faults $(ARGS)

soak: install-dev ## Random mishaps for MINUTES (60), each round checked
	MINUTES=$(or $(MINUTES),60) $(VENV)/python -m pytest -n 0 -p no:randomly -m soak tests/faults $(ARGS)

check: install-dev ## Lint, format, types, layers, migrations, deployment, API schema
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy .
	$(VENV)/lint-imports
	$(MANAGE) services --throwaway -- $(MANAGE) makemigrations --check --dry-run
	$(VENV)/python scripts/production_like.py $(MANAGE) check --deploy --fail-level WARNING
	$(MANAGE) spectacular --validate --fail-on-warn --file /dev/null

smoke: install-demo ## Start everything, let one scheduled run succeed, stop: one line
	@exec $(MANAGE) smoke $(ARGS)

lock: install-dev ## Compile the requirements files anew (UPGRADE=--upgrade moves pins)
	$(VENV)/python -m pip install --quiet uv
	for name in requirements requirements-demo requirements-dev; do \
		$(VENV)/uv pip compile $$name.in --output-file $$name.txt --python-version 3.11 \
			--generate-hashes --no-header --no-annotate --no-emit-index-url $(UPGRADE) \
			--quiet || exit 1; \
	done

clean: ## Remove the embedded data, caches and the virtual environment
	test ! -f .data/postgres/outside || rm -rf "$$(cat .data/postgres/outside)"
	rm -rf .data .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path "*/node_modules/*" -prune -exec rm -rf {} +

install-demo:
	@$(BOOTSTRAP) demo

install-dev:
	@$(BOOTSTRAP) dev
