#!/bin/sh
# Clippy in rustc's place: cargo builds our own crate with it, and so needs no second build of all
# dependencies, as `cargo clippy` does.
#
# usage: RUSTC_WORKSPACE_WRAPPER=scripts/clippy-rustc.sh cargo build
exec clippy-driver "$@" -D warnings
