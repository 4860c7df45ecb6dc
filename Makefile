# make demo: from a fresh clone to a seeded conversation.  make test: everything that must hold.
# Both use Cargo's dev profile, so that what one has built the other need not
# (docs/building.md has the measurements).

CARGO ?= cargo
CRUDDUR = target/debug/cruddur

.DEFAULT_GOAL := help
.PHONY: help demo test lint build postgres moto install clean

help:
	@echo 'make demo     build, and run the main job on a stack that is gone afterwards'
	@echo 'make test     formatting, lints and every test'
	@echo 'make install  build with optimizations into Cargo'\''s bin folder'

demo: postgres build
	@$(CRUDDUR) --no-env-file local exec -- scripts/demo.sh $(CRUDDUR)

test: postgres moto lint
	$(CARGO) test --locked

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --no-default-features -- -D warnings

build:
	@$(CARGO) build --locked

postgres:
	@scripts/ensure-postgres.sh

moto:
	@scripts/ensure-moto.sh

install:
	$(CARGO) install --locked --path .

clean:
	$(CARGO) clean
