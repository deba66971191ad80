# The two commands: `make run` (the built-in story, answered) and `make test`. Each sets up what it needs.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: run test check setup setup-test requirements clean

run: .venv/ready ## A substation fails in a town of 5,000: compare with a weekday, answer, report
	$(BIN)/twin demo

test: .venv/ready-test ## All tests
	$(BIN)/python -m pytest

check: .venv/ready-test ## Style, types
	$(BIN)/ruff check .
	$(BIN)/mypy twin

setup: .venv/ready
setup-test: .venv/ready-test

.venv/ready: requirements.txt pyproject.toml
	sh tools/setup.sh requirements.txt
	@touch $@

.venv/ready-test: requirements-test.txt pyproject.toml
	sh tools/setup.sh requirements-test.txt
	@touch $@ .venv/ready

requirements: ## Lock the versions again, with hashes
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements.txt
	uv pip compile pyproject.toml --extra test --extra oracle --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements-test.txt

clean:
	rm -rf .venv build dist *.egg-info
