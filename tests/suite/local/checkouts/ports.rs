//! Which stack gets which ports.

use std::fs;

use super::{Checkouts, url};
use crate::support::{COGNITO_ENDPOINT, Run, is_free, sql};

#[test]
fn the_ports_of_the_settings_go_to_whom_the_flag_says() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    checkouts.up("two", &[]).succeeds();
    checkouts.down("two");
    // Those of a stack that runs stay with it, and nothing is changed.
    let stack = checkouts.stack("one");
    for words in [&["--ports", "fixed"][..], &[&format!("--postgres-port={}", checkouts.postgres.asked)]] {
        checkouts
            .up("two", words)
            .exits_with(1)
            .says(&format!("belongs to {}, which is running", checkouts.named("one")))
            .says(&format!("cruddur local down --data-dir {}", stack.display()));
    }
    assert_eq!([checkouts.ports("one"), checkouts.ports("two")], [checkouts.asked(), checkouts.instead(0)]);

    checkouts.down("one");
    let says = format!("port {} belonged to {}, which has ", checkouts.asked()[1], checkouts.named("one"));
    checkouts.up("two", &["--ports", "fixed"]).succeeds().says(&says);
    assert_eq!(checkouts.ports("two"), checkouts.asked());
    // The other one does not find that one's services for its own.
    let lost = checkouts.cruddur("one", &["ddb", "list-tables"]).exits_with(1);
    lost.says("cannot reach DynamoDB").says("cruddur local up");
    let up = checkouts.up("one", &[]).succeeds();
    up.says(&format!("port {} belongs to {}", checkouts.asked()[0], checkouts.named("two")));
    sql(&url(checkouts.ports("one")[1]), "CREATE TABLE kept (word text)");
    assert_eq!(sql(&url(checkouts.asked()[1]), "SELECT to_regclass('kept')"), [["∅"]]);

    // The flag is for one start; the ports stay.
    checkouts.down("two");
    checkouts.up("two", &[]).succeeds();
    assert_eq!(checkouts.ports("two"), checkouts.asked());
    checkouts.up("two", &["--ports", "fixed"]).succeeds().says("already running");
    checkouts.up("two", &["--ports", "free"]).exits_with(1).says("keeps its ports");
    checkouts.down("two");
    checkouts.up("two", &["--ports", "free"]).succeeds();
    let ports = checkouts.ports("two");
    assert!(ports.iter().zip(checkouts.asked()).all(|(port, asked)| *port != asked), "{ports:?}");
    checkouts.cruddur("two/app", &["ddb", "list-tables"]).succeeds();
}

#[test]
fn an_exported_variable_counts_as_it_is() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    let exported = [
        ("CONNECTION_URL", url(checkouts.postgres.asked), checkouts.postgres.asked),
        (COGNITO_ENDPOINT, format!("http://localhost:{}", checkouts.cognito.asked), checkouts.cognito.asked),
    ];
    for (name, value, port) in exported {
        let up = Run::of(checkouts.command("two", &["local", "up", "--detach"]).env(name, value));
        up.exits_with(4)
            .says(&format!("{name}: port {port} belongs to {}", checkouts.named("one")))
            .says(&format!("unset {name}"))
            .says("--ports fixed");
        assert!(checkouts.instead(0).into_iter().all(is_free), "nothing was started");
    }
    // In its own checkout it is right.
    let mut same = checkouts.command("one", &["local", "up", "--detach"]);
    Run::of(same.env("CONNECTION_URL", url(checkouts.postgres.asked))).succeeds().says("already running");

    checkouts.up("two", &[]).succeeds();
    let mut other = checkouts.command("two", &["db", "wait"]);
    let other = Run::of(other.env("CONNECTION_URL", url(checkouts.postgres.asked))).succeeds();
    other.says(&format!("localhost:{}/cruddur", checkouts.asked()[1]));
    let own = checkouts.cruddur("two", &["db", "wait"]).succeeds();
    own.says(&format!("localhost:{}/cruddur", checkouts.instead(0)[1]));
    let endpoint = format!("http://localhost:{}", checkouts.dynamodb.asked);
    let flag = checkouts.cruddur("two", &["ddb", "list-tables", "--endpoint-url", &endpoint]).succeeds();
    flag.says(&endpoint);
}

#[test]
fn other_settings_are_followed() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    checkouts.up("two", &[]).succeeds();
    checkouts.down("two");
    let settings = checkouts
        .settings()
        .replace(&checkouts.postgres.asked.to_string(), &checkouts.postgres.instead[2].to_string());
    fs::write(checkouts.folder("two/.env"), settings).unwrap();
    checkouts.up("two", &[]).succeeds();
    let ports = checkouts.ports("two");
    assert_eq!(ports, [checkouts.instead(0)[0], checkouts.instead(2)[1], checkouts.instead(0)[2]]);
}

#[test]
fn a_damaged_file_is_an_error_where_it_matters() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    checkouts.up("two", &[]).succeeds();
    let file = checkouts.stack("two").join("ports.json");
    let good = fs::read(&file).unwrap();
    fs::write(&file, "{").unwrap();
    for words in [&["ddb", "list-tables"][..], &["db", "wait"], &["local", "up"], &["local", "env"]] {
        let run = checkouts.cruddur("two", words).exits_with(4);
        run.says(&format!("{} is damaged", file.display())).says(&format!("rm {}", file.display()));
    }
    let endpoint = format!("http://localhost:{}", checkouts.instead(0)[0]);
    checkouts.cruddur("two", &["ddb", "list-tables", "--endpoint-url", &endpoint]).succeeds();
    checkouts.cruddur("one", &["ddb", "list-tables"]).succeeds();

    fs::write(&file, good).unwrap();
    let mode = |mode| fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    mode(0o666);
    let run = checkouts.cruddur("two", &["ddb", "list-tables"]).exits_with(3);
    run.says(&format!("{} is not read: any user can write it", file.display()));
    mode(0o600);
    checkouts.cruddur("two", &["ddb", "list-tables"]).succeeds();
}
