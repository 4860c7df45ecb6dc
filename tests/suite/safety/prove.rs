//! The first few of the cases of `make prove`.

use std::path::Path;

use crate::support::{Run, World};

#[test]
fn what_is_killed_disturbed_or_run_twice_loses_nothing_and_shows_no_secret() {
    let world = World::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let attacks = ["target/moto/bin/python", "tests/prove"].map(|path| root.join(path));
    let mut exec = world.command(["local", "exec", "--"]);
    exec.args(attacks).arg(env!("CARGO_BIN_EXE_cruddur")).env("PROVE_CASES", "16").env("PROVE_SEED", "1");
    let run = Run::of(&mut exec).succeeds();
    assert!(run.stdout.ends_with("\n0 failed\n"), "{}", run.stdout);
}
