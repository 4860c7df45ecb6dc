//! `make demo`, after the build.

use crate::support::{Run, World};

#[test]
fn the_demo_shows_every_store_and_adds_up_what_it_cost() {
    let world = World::new();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/demo.sh");
    let cruddur = env!("CARGO_BIN_EXE_cruddur");
    let run = Run::of(&mut world.command(["local", "exec", "--", demo, cruddur])).succeeds();
    let lines: Vec<&str> = run.stdout.lines().collect();
    let listed = lines.iter().filter(|line| line.starts_with("nina ") && line.contains("CONFIRMED"));
    let [listed] = listed.collect::<Vec<_>>()[..] else { panic!("{}", run.stdout) };
    let sub = listed.split_whitespace().nth(1).unwrap();
    let has = |part: &str| lines.iter().any(|line| line.contains(part));
    for part in [
        &format!("nina@example.com   MOCK  {sub}"),
        "created the table \"cruddur-messages\"",
        "wrote 62 messages between nina and oscar",
        "1 request, 1 item; $0.0625 a million calls",
        "1 request, 20 items; $0.125 a million calls",
        &format!("access  nina    {sub}"),
        "/us-east-1_LocalPool/.well-known/jwks.json",
    ] {
        assert!(has(part), "no {part:?} in\n{}", run.stdout);
    }
    let sum = "all of DynamoDB: 5 read + 66 write units, 10 requests; $0.000042 on demand in us-east-1";
    assert_eq!(lines.last(), Some(&sum));
}

#[test]
fn a_step_that_fails_ends_the_demo_with_its_code() {
    let world = World::new();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/demo.sh");
    let mut failing = world.command_of(demo, [env!("CARGO_BIN_EXE_cruddur")]);
    // There is no stack here, and nothing to connect to.
    let run = Run::of(&mut failing).exits_with(1);
    assert!(run.stdout.contains("cannot reach PostgreSQL"), "{}", run.stdout);
    assert!(!run.stdout.contains("list-users"), "{}", run.stdout);
}
