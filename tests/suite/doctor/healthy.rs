//! Nothing to find.

use super::Examined;
use crate::support::{DOCTOR, Run, Sandbox};

#[test]
fn a_healthy_stack_has_nothing_to_mend() {
    let sandbox = Sandbox::healthy();
    let examined = sandbox.doctor(0);
    assert_eq!(examined.with_status("fail"), [""; 0]);
    assert_eq!(examined.with_status("warn"), [""; 0]);
    assert!(examined.run.stderr.contains("all is well"), "{}", examined.run.stderr);
    let server = examined.finding("postgresql", "no TLS, clock ");
    assert!(server.text().contains(&format!("at 127.0.0.1:{}/{}", server.value("port"), sandbox.database())));
    let version = server.value("version").as_str().unwrap();
    let sql = "SELECT split_part(current_setting('server_version'), ' ', 1)";
    assert_eq!(sandbox.sql(sql), [[version]]);
    assert!(server.value("clock_difference_seconds").as_f64().unwrap().abs() < 60.0);
    let users =
        examined.finding("postgresql", "3 users, 3 of them still MOCK, as no user pool is configured");
    assert_eq!((users.value("users"), users.value("mock_users")), (&3.into(), &3.into()));
    let table = examined.finding("dynamodb", "matches its definition");
    assert_eq!(table.value("place"), &sandbox.endpoint());
    examined.finding("dynamodb", "its stream is on, with NEW_IMAGE");
    examined.finding("local stack", &format!("dynamodb, not ours, on port {}", sandbox.port()));
    examined.finding("credentials", "use dummy credentials");
    examined.finding("cruddur", &format!("version {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn nothing_is_written() {
    let sandbox = Sandbox::healthy();
    let contents = || {
        (
            sandbox.sql("SELECT u::text FROM users u UNION ALL SELECT a::text FROM activities a ORDER BY 1"),
            sandbox.items(),
            sandbox.describe("cruddur-messages"),
        )
    };
    let before = contents();
    sandbox.doctor(0);
    assert_eq!(contents(), before);
}

#[test]
fn the_screen_fits_a_terminal_and_says_each_status_in_letters() {
    let sandbox = Sandbox::healthy();
    sandbox.cruddur(["ddb", "stream", "disable"]).succeeds();
    let run = Run::of(&mut sandbox.command(DOCTOR)).succeeds().says("1 warning");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines.len() <= 24, "{}", run.stdout);
    assert!(lines.iter().any(|line| line.starts_with("ok    postgresql ")), "{}", run.stdout);
    let stream = lines.iter().position(|line| line.starts_with("warn") && line.contains("its stream is off"));
    assert_eq!(lines[stream.expect("a warning") + 1].trim(), "→ cruddur ddb stream enable");
}

#[test]
fn the_env_file_is_named_with_what_it_sets() {
    let sandbox = Sandbox::healthy();
    sandbox.write(
        ".env",
        "DDB_MESSAGE_TABLE=cruddur-messages\nCONNECTION_URL=postgresql://nobody@localhost/x\n",
    );
    let examined = sandbox.doctor(0);
    let file = examined.finding("cruddur", "/.env sets DDB_MESSAGE_TABLE");
    assert_eq!(file.value("variables"), &serde_json::json!(["DDB_MESSAGE_TABLE"]), "the environment wins");
    let examined = Examined::of(sandbox.command(DOCTOR).arg("--no-env-file"), 0);
    examined.finding("cruddur", "no .env file is read");
}

#[test]
fn another_cruddur_on_the_path_is_pointed_out() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::healthy();
    std::fs::create_dir(sandbox.path().join("bin")).unwrap();
    let other = sandbox.write("bin/cruddur", "#!/bin/sh\n");
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", sandbox.path().join("bin").display(), std::env::var("PATH").unwrap());
    let examined = Examined::of(sandbox.command(DOCTOR).env("PATH", path), 0);
    assert_eq!(examined.finding("cruddur", "another cruddur comes first on the PATH").status(), "warn");
}
