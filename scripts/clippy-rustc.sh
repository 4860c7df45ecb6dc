#!/bin/sh
# Clippy in rustc's place for our own crate, so that it uses the dependencies that are built;
# `cargo clippy` checks all of them again.
#
# usage: RUSTC_WORKSPACE_WRAPPER=scripts/clippy-rustc.sh cargo build
exec clippy-driver "$@" -D warnings
