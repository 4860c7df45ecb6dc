# make demo: from a fresh clone to a seeded conversation.  make test: every lint and test, but for the
# slim build's lints (make slim).
# Both use Cargo's dev profile, so that what one has built the other need not
# (docs/building.md has the measurements).

CARGO ?= cargo
CRUDDUR = target/debug/cruddur

.DEFAULT_GOAL := help
.PHONY: help demo test bare mutants prove bench profile dist test-dist lint slim build postgres moto ruff programs \
	install install-shell pictures clean

help:
	@echo 'make demo     build, and run the main job on a stack that is gone afterwards'
	@echo 'make test     formatting, lints and every test'
	@echo 'make slim     lints of the build without the local stack'
	@echo 'make bare     the first two in a bare Debian, as root and as a user with sudo'
	@echo 'make prove    attack every command for PROVE_S seconds, and count what is lost or shown'
	@echo 'make bench    measure cruddur against what it replaces, and write docs/benchmarks.md'
	@echo 'make profile  measure where its CPU time goes, with perf, and write docs/profile.md'
	@echo 'make mutants  change the code in 1,000 places, and see which changes no test notices'
	@echo 'make dist     every package of this commit, in dist'
	@echo 'make test-dist  install, use, upgrade and remove them in bare Debians'
	@echo 'make install  build with optimizations into Cargo'\''s bin folder'
	@echo 'make install-shell  man pages and completions into PREFIX, by default ~/.local'
	@echo 'make pictures draw docs/pictures from what the commands print'

demo: postgres build
	@$(CRUDDUR) --no-env-file local exec -- scripts/demo.sh $(CRUDDUR)

# More than cores, for many tests wait for another process; 24 at most, for they share one PostgreSQL,
# which takes 100 connections.
TEST_THREADS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 5 ? 5 * n : 24)))

# A snapshot that differs fails, and nothing is written: docs/contributing.md
test: postgres moto programs lint
	INSTA_UPDATE=no RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --locked

bare:
	@scripts/bare.sh

mutants: postgres moto programs
	@$(CARGO) install --locked --quiet --root target/mutants cargo-mutants@27.1.0
	@PATH="$(CURDIR)/target/mutants/bin:$$PATH" python3 scripts/mutants

# tests/prove/__main__.py has the variables.
prove: postgres moto programs build
	@$(CARGO) test --locked --quiet --no-run
	@$(CRUDDUR) --no-env-file local exec -- target/moto/bin/python tests/prove $(CURDIR)/$(CRUDDUR)

# scripts/bench/__main__.py has the variables.
bench: postgres
	@scripts/ensure-peers.sh
	@$(CARGO) build --locked --quiet --release --bin cruddur --example bare-load --example late
	@target/release/cruddur --no-env-file local exec -- target/bench/venv/bin/python scripts/bench $(CURDIR)/target/release/cruddur

# The same program as `make bench` measures, but with its symbols.
profile: postgres
	@$(CARGO) rustc --locked --quiet --release --bin cruddur -- -C strip=none
	@target/release/cruddur --no-env-file local exec -- python3 scripts/bench/profiled.py $(CURDIR)/target/release/cruddur

# scripts/dist/__main__.py has the variables.
dist:
	@scripts/ensure-venv.sh dist/venv scripts/dist/requirements.txt ziglang
	@target/dist/venv/bin/python scripts/dist

test-dist:
	@scripts/test-dist.sh

lint: ruff
	$(CARGO) fmt --check
	target/ruff/bin/ruff check --quiet
	RUSTC_WORKSPACE_WRAPPER=scripts/clippy-rustc.sh $(CARGO) build --locked --all-targets

slim:
	$(CARGO) clippy --locked --no-default-features -- -D warnings

build:
	@$(CARGO) build --locked

postgres:
	@scripts/ensure-postgres.sh

moto:
	@scripts/ensure-venv.sh moto tests/emulators/requirements.txt moto

ruff:
	@scripts/ensure-venv.sh ruff scripts/ruff-requirements.txt ruff

programs:
	@scripts/ensure-test-programs.sh

install:
	$(CARGO) install --locked --path .

# The man pages and completions of the cruddur on the PATH.
PREFIX ?= $(HOME)/.local
SHARE = $(DESTDIR)$(PREFIX)/share
install-shell:
	cruddur man --dir '$(SHARE)/man/man1'
	mkdir -p '$(SHARE)/bash-completion/completions' '$(SHARE)/zsh/site-functions' '$(SHARE)/fish/vendor_completions.d'
	cruddur completions bash > '$(SHARE)/bash-completion/completions/cruddur'
	cruddur completions zsh > '$(SHARE)/zsh/site-functions/_cruddur'
	cruddur completions fish > '$(SHARE)/fish/vendor_completions.d/cruddur.fish'

# Real output, drawn by a Python library that nothing else uses.
pictures: postgres build
	python3 -m venv target/pictures
	target/pictures/bin/pip --quiet install rich==15.0.0
	target/pictures/bin/python scripts/pictures.py $(CRUDDUR) docs/pictures

clean:
	$(CARGO) clean
