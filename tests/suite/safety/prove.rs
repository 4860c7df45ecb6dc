//! The first few of the cases of `make prove`.

use std::path::Path;

use crate::support::{Run, World};

/// Tries so many cases of these kinds.
fn prove(kinds: &str, cases: &str) {
    let world = World::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let prove = ["target/moto/bin/python", "tests/prove"].map(|path| root.join(path));
    let mut exec = world.command(["local", "exec", "--"]);
    exec.args(prove).arg(env!("CARGO_BIN_EXE_cruddur")).env("PROVE_KINDS", kinds);
    let run = Run::of(exec.env("PROVE_CASES", cases).env("PROVE_SEED", "1")).succeeds();
    assert!(run.stdout.ends_with("\n0 failed\n"), "{}", run.stdout);
}

#[test]
fn what_is_killed_disturbed_or_run_twice_loses_nothing_and_shows_no_secret() {
    prove("kills faults pairs leaks", "16");
}

/// All of them, each in one size: the kernel's limit of CPU time is no measurement.
#[test]
fn what_is_huge_or_deep_or_never_ends_is_read_or_refused() {
    prove("inputs", "160");
}
