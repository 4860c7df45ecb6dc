//! The stack that `local up` brings up, in life and after a crash.

use super::Examined;
use crate::support::{DOCTOR, World, eventually, is_free};

fn doctor(world: &World, code: i32) -> Examined {
    Examined::of(world.command(DOCTOR).env("AWS_ENDPOINT_URL_DYNAMODB", world.endpoint()), code)
}

#[test]
fn a_stack_is_up_on_its_ports_or_was_killed_and_left_things_behind() {
    let mut world = World::new();
    world.set_url("postgres", "password", "cruddur");
    world.up(&[]).succeeds();
    world.cruddur(["db", "setup"]).succeeds();
    world.cruddur_on_endpoint(["ddb", "schema-load", "--stream"]).succeeds();
    let examined = doctor(&world, 0);
    assert_eq!(examined.with_status("warn"), [""; 0]);
    let pid = world.pid();
    let ports =
        format!("dynamodb on port {}, postgresql on port {}", world.dynamodb_port, world.postgres_port);
    let up = examined.finding("local stack", &format!("up (process {pid}): {ports}"));
    assert_eq!(up.value("pid"), pid);

    world.kill_stack();
    eventually("DynamoDB is gone", || is_free(world.dynamodb_port).then_some(()));
    let examined = doctor(&world, 1);
    examined
        .finding("local stack", "is left over from a stack that was killed")
        .is("warn", "cruddur local down");
    examined.finding("local stack", "dynamodb on port").is("warn", "cruddur local up --detach");

    world.kill_all();
    eventually("PostgreSQL is gone", || is_free(world.postgres_port).then_some(()));
    let examined = doctor(&world, 1);
    let stale = examined.finding("local stack", &format!("a stack (process {pid}) was killed"));
    assert_eq!(stale.is("warn", "cruddur local down").value("stale_pid"), pid);

    world.down().succeeds();
    let examined = doctor(&world, 1);
    assert!(!examined.with_status("warn").iter().any(|text| text.contains("killed")));
}
