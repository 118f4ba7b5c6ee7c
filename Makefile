# Each target is one line over the `mentorship` command or a tool of .venv. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help up down reset status test check chaos bench bench-matching generate containers asyncapi
MENTORSHIP := .venv/bin/mentorship

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

up: .venv/.complete ## start the whole platform on this machine
	@$(MENTORSHIP) up $(ARGS)

down: .venv/.complete ## stop it; its data stays
	@$(MENTORSHIP) down

reset: .venv/.complete ## stop it and forget its data
	@$(MENTORSHIP) reset --yes

status: .venv/.complete ## what runs and what waits
	@$(MENTORSHIP) status

test: .venv/.complete ## every test, on real NATS and PostgreSQL
	@.venv/bin/python -m matching.worker.compiling # once a machine: tests would each wait for it
	@.venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder tests $(ARGS)

check: .venv/.complete ## what CI runs before the tests: style, types, rules, files
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports && .venv/bin/python -m contracts.generate --check && $(MENTORSHIP) topology generate --check && $(MENTORSHIP) events --check && .venv/bin/hadolint deploy/Dockerfile && .venv/bin/python -m pytest -q -p no:randomly tests/deploy/test_kubernetes.py

generate: .venv/.complete ## write schemas, documents and consumers anew
	@.venv/bin/python -m contracts.generate && $(MENTORSHIP) topology generate && $(MENTORSHIP) events --write

chaos: .venv/.complete ## the fault runs at full size: 1,000 kills, about an hour
	@.venv/bin/python -m matching.worker.compiling
	@CHAOS=full .venv/bin/python -m pytest -s tests/chaos $(ARGS)

bench: .venv/.complete ## measure speed against limits of the same run
	@.venv/bin/python -m tests.bench $(ARGS)

bench-matching: .venv/.complete ## the matching engine beside what others use
	@.venv/bin/python -m tests.bench.matching $(ARGS)

asyncapi: .venv/.complete ## show AsyncAPI documents to the AsyncAPI tool (Node)
	@deploy/asyncapi.sh

containers: ## start the same platform in containers
	@docker compose up --build --wait && mkdir -p .mentorship && rm -rf .mentorship/containers && docker compose cp secrets:/volumes/home .mentorship/containers

.venv/.complete: uv.lock pyproject.toml $(wildcard services/*/pyproject.toml shared/*/pyproject.toml)
	@deploy/bootstrap.sh
