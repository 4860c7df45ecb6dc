//! Whether a command asks follows from what it is connected to, and not from a flag.

use std::process::Command;

use crate::support::{
    Answer, DOCTOR, ENCODED_PASSWORD, MoodyPostgres, Run, Sandbox, Shape, Stack, TABLE, USER, disguised, sql,
    stack, text,
};

/// What becomes of a command that destroys.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// It is LOCAL, and done at once.
    Done,
    /// It is this, for this reason, and not done without a confirmation.
    Asks(&'static str, &'static str),
    /// It would be done at once, were somebody there.
    NobodyThere,
}
use Outcome::{Asks, Done, NobodyThere};

const SERVER: Outcome = Asks("PROD", "the server of PROD_CONNECTION_URL");
const ADDRESS: Outcome = Asks("PROD", "the address of PROD_CONNECTION_URL");
const CLUSTER: Outcome = Asks("PROD", "the cluster of PROD_CONNECTION_URL");
const AWS_HOST: Outcome = Asks("PROD", "an AWS host name");
const RDS: Outcome = Asks("PROD", "it says it is Amazon RDS");
const AURORA: Outcome = Asks("PROD", "it says it is Amazon Aurora");
const DYNAMODB: Outcome = Asks("PROD", "it says it is AWS's DynamoDB");
const ELSEWHERE: Outcome = Asks("REMOTE", "not on this machine");

/// Two servers: the one that all tests work on, and one that is production.
struct Servers {
    sandbox: Sandbox,
    production: Stack,
}

impl Servers {
    fn start() -> Self {
        let servers = Self { sandbox: Sandbox::new(), production: Stack::start() };
        servers.sandbox.write("gone.sql", "DROP TABLE users");
        servers
    }

    fn url(&self, hosts: &str) -> String {
        format!("postgresql://{USER}:{ENCODED_PASSWORD}@{hosts}/{}?sslmode=disable", self.sandbox.database())
    }

    fn command(&self, words: &[&str], local: &str, production: &str) -> Command {
        let mut command = self.sandbox.command(words);
        command.env("CONNECTION_URL", local);
        if !production.is_empty() {
            command.env("PROD_CONNECTION_URL", production);
        }
        command
    }

    /// On both servers: the database, and a table in it.
    fn prepare(&self) {
        for server in [stack(), &self.production] {
            let database = self.sandbox.database();
            let found = format!("SELECT FROM pg_database WHERE datname = '{database}'");
            if sql(&server.url("postgres"), &found).is_empty() {
                sql(&server.url("postgres"), &format!("CREATE DATABASE {database}"));
            }
            sql(&server.url(database), "CREATE TABLE IF NOT EXISTS users (word text)");
        }
    }

    /// Whether table and database are there, on a server.
    fn state(&self, server: &Stack) -> [bool; 2] {
        let database = self.sandbox.database();
        let found = format!("SELECT FROM pg_database WHERE datname = '{database}'");
        let database_is_there = !sql(&server.url("postgres"), &found).is_empty();
        let table = "SELECT FROM pg_class WHERE relname = 'users'";
        [database_is_there && !sql(&server.url(database), table).is_empty(), database_is_there]
    }

    /// Lets two commands destroy what `local` leads to, or not.
    #[track_caller]
    fn check(&self, name: &str, local: &str, production: &str, outcome: Outcome) {
        self.prepare();
        let states = || [stack(), &self.production].map(|server| self.state(server));
        for words in [&["db", "schema-load", "gone.sql"][..], &["db", "drop"]] {
            let before = states();
            let run = Run::of(&mut self.command(words, local, production));
            check_outcome(name, &run, "PostgreSQL", outcome);
            match outcome {
                Done => assert_ne!(states(), before, "{name}: {words:?}"),
                Asks(..) | NobodyThere => assert_eq!(states(), before, "{name}: {words:?}"),
            }
        }
        if matches!(outcome, Done) {
            // The other server is none of its business.
            assert_eq!(states().iter().flatten().filter(|is_there| !**is_there).count(), 2, "{name}");
        }
    }
}

#[track_caller]
fn check_outcome(name: &str, run: &Run, service: &str, outcome: Outcome) {
    let said = &run.stderr;
    let first = said.lines().next().unwrap_or_default();
    match outcome {
        Done => {
            assert_eq!(run.code, 0, "{name}: {said}");
            assert!(first.starts_with(&format!("LOCAL {service} at ")), "{name}: {said}");
        }
        Asks(what, why) => {
            assert_eq!(run.code, 3, "{name}: {said}");
            assert!(first.starts_with(&format!("*** {what} *** {service} at ")), "{name}: {said}");
            assert!(first.ends_with(&format!(": {why}")), "{name}: {said}");
            assert!(said.contains("Hint: to confirm add: --yes --confirm "), "{name}: {said}");
        }
        NobodyThere => {
            assert_eq!(run.code, 1, "{name}: {said}");
            assert!(first.starts_with(&format!("LOCAL {service} at ")), "{name}: {said}");
            assert!(!said.contains("confirm"), "{name}: {said}");
        }
    }
}

/// A tunnel to a server on this machine.
fn tunnel(port: u16) -> MoodyPostgres {
    MoodyPostgres::start(vec![Answer::Forward(port)])
}

#[test]
fn what_is_production_s_by_name_or_address_asks() {
    let servers = Servers::start();
    let (here, there) = (stack().port(), servers.production.port());
    let at = |host: &str, port: u16| servers.url(&format!("{host}:{port}"));
    let prod = at("127.0.0.1", there);
    let no_production = String::new();
    let other_database = prod.replace(servers.sandbox.database(), "another");
    let in_words = format!(
        "host=127.0.0.1 port={there} user={USER} password='s3cr@t/p%ss:w?rd#' dbname={} sslmode=disable",
        servers.sandbox.database()
    );
    let with_address = format!("{}&hostaddr=127.0.0.1", at("db.example.com", there));
    let rds = "cruddur.c1a2b3.us-east-1.rds.amazonaws.com";
    let tunnelled_rds = format!("{}&hostaddr=127.0.0.1", at(rds, here));
    for (name, local, production, outcome) in [
        ("no production is known", at("127.0.0.1", here), &no_production, Done),
        ("another server", at("127.0.0.1", here), &prod, Done),
        ("another server, by another name", at("localhost", here), &prod, Done),
        ("a resolver's word for loopback", at("127.1", here), &prod, Done),
        ("the same URL", prod.clone(), &prod, SERVER),
        ("the same name", at("localhost", there), &at("localhost", there), SERVER),
        ("the same name, written otherwise", at("LocalHost.", there), &at("localhost", there), SERVER),
        ("another database of it", prod.clone(), &other_database, SERVER),
        ("a name and its address", at("localhost", there), &prod, ADDRESS),
        ("an address and its name", prod.clone(), &at("localhost", there), ADDRESS),
        ("the other loopback address of a name", at("[::1]", there), &at("localhost", there), ADDRESS),
        ("a name that only the resolver knows", at("127.1", there), &prod, ADDRESS),
        ("production by such a name", prod.clone(), &at("0x7f.1", there), ADDRESS),
        ("an address written as IPv6", at("[::ffff:127.0.0.1]", there), &prod, SERVER),
        ("a name with an address beside it", with_address.clone(), &prod, ADDRESS),
        ("the same in words", in_words, &prod, SERVER),
        ("one of two", servers.url(&format!("127.0.0.1:{here},127.0.0.1:{there}")), &prod, SERVER),
        ("a name of RDS's", at(rds, 5432), &no_production, AWS_HOST),
        ("in capitals, with a dot", at(&format!("{}.", rds.to_uppercase()), 5432), &prod, AWS_HOST),
        ("a proxy of RDS's", at("x.proxy-a1.eu-west-1.rds.amazonaws.com", 5432), &prod, AWS_HOST),
        ("RDS in China", at("x.a1.rds.cn-north-1.amazonaws.com.cn", 5432), &prod, AWS_HOST),
        ("a name of RDS's led to this machine", tunnelled_rds, &no_production, AWS_HOST),
        ("a public address", at("203.0.113.7", 5432), &no_production, ELSEWHERE),
        ("a public address as IPv6", at("[2001:db8::7]", 5432), &prod, ELSEWHERE),
        ("a public name", at("db.invalid.example.com", 5432), &no_production, ELSEWHERE),
        ("a compose service's name", at("no-such-service", 5432), &prod, NobodyThere),
        ("a name of Docker's", at("no-such.docker.internal", 5432), &prod, NobodyThere),
    ] {
        servers.check(name, &local, production, outcome);
    }
    // Variables lead there as well as a URL does.
    servers.prepare();
    let mut command = servers.command(&["db", "drop"], "", &prod);
    command.env_remove("CONNECTION_URL").env("PGHOST", "127.0.0.1").env("PGPORT", there.to_string());
    let run = Run::of(command.env("PGDATABASE", servers.sandbox.database()));
    check_outcome("PGHOST", &run, "PostgreSQL", SERVER);
    assert_eq!(servers.state(&servers.production), [true; 2]);
}

#[test]
fn production_at_the_end_of_a_tunnel_asks() {
    let servers = Servers::start();
    let (here, there) = (stack().port(), servers.production.port());
    let at = |port: u16| servers.url(&format!("localhost:{port}"));
    let (to_production, to_here) = (tunnel(there), tunnel(here));
    // Whoever asks production for its identifier comes this way.
    let production = tunnel(there);
    let prod = at(production.port());
    servers.check("a tunnel to another server", &at(to_here.port()), &prod, Done);
    assert_eq!(production.connections(), 1, "it is asked once, and the answer kept");
    servers.check("a tunnel to production", &at(to_production.port()), &prod, CLUSTER);
    servers.check("production on its own port", &at(there), &prod, CLUSTER);
    assert_eq!(production.connections(), 1);
    // A production that no longer answers is what it said it was.
    let file = servers.sandbox.path().join(".local/state/cruddur/clusters.json");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(!kept.contains(USER), "{kept}");
    let gone = MoodyPostgres::start(vec![Answer::HangUp]);
    let kept = kept.replace(&format!(":{}\"", production.port()), &format!(":{}\"", gone.port()));
    let mut kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    for entry in kept.as_object_mut().unwrap().values_mut() {
        entry["asked_at"] = (entry["asked_at"].as_u64().unwrap() - 48 * 60 * 60).into();
    }
    std::fs::write(&file, kept.to_string()).unwrap();
    servers.check("production does not answer", &at(to_production.port()), &at(gone.port()), CLUSTER);
    assert_eq!(gone.connections(), 2, "after a day it is asked anew");
    // What could not be asked first is left alone, although it can be reached then.
    servers.prepare();
    for words in [&["db", "drop"][..], &["db", "setup"], &["setup", "--fresh"]] {
        let moody = MoodyPostgres::start(vec![Answer::HangUp, Answer::Forward(there)]);
        Run::of(&mut servers.command(words, &at(moody.port()), &prod)).exits_with(1);
        assert_eq!(servers.state(&servers.production), [true; 2], "{words:?}");
    }
    // Setting up is refused, and a confirmation does what it confirms.
    let name = servers.sandbox.database();
    servers.prepare();
    for more in [&[][..], &["--force"], &["--dry-run"]] {
        let words = [&["db", "setup"], more].concat();
        let run = Run::of(&mut servers.command(&words, &at(to_production.port()), &prod)).exits_with(3);
        assert!(run.stderr.contains("cruddur db drop\n"), "without --prod: {}", run.stderr);
    }
    assert_eq!(servers.state(&servers.production), [true; 2]);
    let words = ["db", "drop", "--yes", "--confirm", name];
    Run::of(&mut servers.command(&words, &at(to_production.port()), &prod)).succeeds().says("*** PROD *** ");
    assert_eq!(servers.state(&servers.production), [false; 2]);
    assert_eq!(servers.state(stack()), [true; 2]);
}

#[test]
fn a_server_that_says_that_it_is_rds_asks() {
    let servers = Servers::start();
    servers.prepare();
    let server = &servers.production;
    let database = servers.sandbox.database();
    let url = servers.url(&format!("localhost:{}", tunnel(server.port()).port()));
    let on = |database: &str, query: &str| drop(sql(&server.url(database), query));
    // A role may have come with a dump.
    on("postgres", "CREATE ROLE rdsadmin");
    servers.check("a role of that name", &url, "", Done);
    servers.prepare();
    on("postgres", "ALTER ROLE rdsadmin SUPERUSER");
    servers.check("Amazon's superuser", &url, "", RDS);
    on("postgres", "DROP ROLE rdsadmin");
    for name in ["postgres", database] {
        on("postgres", &format!("ALTER DATABASE {name} SET rds.extensions = 'uuid-ossp'"));
    }
    servers.check("a setting of RDS's", &url, "", RDS);
    for name in ["postgres", database] {
        on("postgres", &format!("ALTER DATABASE {name} RESET ALL"));
        let function = "CREATE FUNCTION pg_catalog.aurora_version() RETURNS text LANGUAGE sql";
        on(name, &format!("{function} AS 'SELECT ''16.4''::text'"));
    }
    servers.check("Aurora's function", &url, "", AURORA);
    on("postgres", "DROP FUNCTION pg_catalog.aurora_version()");
    on(database, "DROP FUNCTION pg_catalog.aurora_version()");
    servers.check("none of it", &url, "", Done);
}

/// What AWS's DynamoDB calls itself, in the place of what this one does.
const AS_AWS: &[(&str, &str)] = &[("server: Dynoxide/1.5.0", "Server: Server")];
/// Behind a proxy that has a name of its own, only the ids of requests tell.
const AS_AWS_BEHIND_A_PROXY: &[(&str, &str)] = &[
    ("server: Dynoxide/1.5.0", "Server: nginx"),
    (
        "x-amzn-requestid: ",
        "x-amzn-requestid: T4QLMP8ESJE7UB1PQHIQ9L2BTRVV4KQNSO5AEMVJF66Q9ASUAAJG\r\nx-own: ",
    ),
];

#[test]
fn an_endpoint_of_aws_s_asks_by_its_name_and_at_the_end_of_a_tunnel() {
    let sandbox = Sandbox::new();
    let shape = Shape { stream: Some(aws_sdk_dynamodb::types::StreamViewType::NewImage), ..Shape::default() };
    let prepare = || {
        if sandbox.describe(TABLE).is_none() {
            sandbox.create_messages_table(&shape);
        }
        sandbox.put(&[("pk", "NOTE#1"), ("sk", "1"), ("message", "precious")]);
    };
    let state = || {
        let described = sandbox.describe(TABLE);
        let stream = described.as_ref().and_then(|table| table.stream_specification()?.stream_enabled.into());
        let items = if described.is_some() { sandbox.items() } else { Vec::new() };
        (described.is_some(), stream, items.iter().map(|item| text(item, "message")).collect::<Vec<_>>())
    };
    let port = sandbox.port();
    let aws = disguised(port, AS_AWS);
    let behind_a_proxy = disguised(port, AS_AWS_BEHIND_A_PROXY);
    let plain = disguised(port, &[]);
    let local = |port: u16| format!("http://localhost:{port}");
    let reading: &[&[&str]] = &[
        &["ddb", "put", "pk=NOTE#1", "sk=1", "message=other", "--replace"],
        &["ddb", "delete", "NOTE#1", "1"],
        &["ddb", "truncate", "--by-key"],
        &["ddb", "stream", "disable"],
        &["ddb", "drop", TABLE],
    ];
    // Nothing is asked of these before the confirmation.
    let silent: &[&[&str]] = &[&["ddb", "stream", "disable"], &["ddb", "check", "--repair", "--skip-users"]];
    let aws_name = |name: &str| format!("https://{name}");
    for (endpoint, commands, outcome) in [
        (local(port), reading, Done),
        (local(plain), reading, Done),
        (local(aws), reading, DYNAMODB),
        (local(behind_a_proxy), reading, DYNAMODB),
        (aws_name("dynamodb.us-east-1.amazonaws.com"), silent, AWS_HOST),
        (aws_name("DynamoDB.us-east-1.AmazonAWS.com"), silent, AWS_HOST),
        (aws_name("dynamodb-fips.us-east-1.amazonaws.com"), silent, AWS_HOST),
        (aws_name("dynamodb.us-east-1.api.aws"), silent, AWS_HOST),
        (aws_name("vpce-0a1b-2c3d.dynamodb.us-east-1.vpce.amazonaws.com"), silent, AWS_HOST),
        (aws_name("dynamodb.cn-north-1.amazonaws.com.cn"), silent, AWS_HOST),
        ("http://203.0.113.7:8000".to_owned(), silent, ELSEWHERE),
        ("http://dynamodb.invalid.example.com:8000".to_owned(), silent, ELSEWHERE),
        ("http://no-such-service:8000".to_owned(), silent, NobodyThere),
    ] {
        for words in commands {
            prepare();
            let before = state();
            let mut command = sandbox.command(*words);
            let run = Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", &endpoint));
            let name = format!("{endpoint} {words:?}");
            check_outcome(&name, &run, "DynamoDB", outcome);
            match outcome {
                Done => assert_ne!(state(), before, "{name}"),
                Asks(..) | NobodyThere => assert_eq!(state(), before, "{name}"),
            }
        }
    }
    // The name of the table confirms it, and what is not local is protected when it is made.
    let there = |words: &[&str]| Run::of(sandbox.command(words).env("AWS_ENDPOINT_URL_DYNAMODB", local(aws)));
    there(&["ddb", "drop", TABLE, "--yes", "--confirm", TABLE]).succeeds();
    assert_eq!(state(), (false, None, Vec::new()));
    there(&["ddb", "schema-load"]).succeeds().says("protected against deletion");
    assert_eq!(sandbox.describe(TABLE).unwrap().deletion_protection_enabled(), Some(true));
}

#[test]
fn doctor_and_config_show_say_what_it_is_and_why() {
    let sandbox = Sandbox::set_up();
    let find = |run: Run, list: &str, key: &str, value: &str| {
        let document = run.json();
        let rows = document[list].as_array().unwrap().clone();
        rows.into_iter().find(|row| row[key].as_str().is_some_and(|text| text.contains(value))).unwrap()
    };
    let shown = |command: &mut Command, name| find(Run::of(command).succeeds(), "settings", "name", name);
    let show = || sandbox.command(["config", "show", "-o", "json"]);
    for name in ["PostgreSQL is", "DynamoDB is"] {
        assert_eq!(shown(&mut show(), name)["value"], "LOCAL");
        assert_eq!(
            shown(show().arg("--prod").env("PROD_CONNECTION_URL", sandbox.production_url()), name)["value"],
            "PROD"
        );
    }
    let nobody = MoodyPostgres::start(vec![Answer::HangUp]);
    let url = format!("postgresql://nina@localhost:{}/x", nobody.port());
    let mut same = show();
    same.env("CONNECTION_URL", &url).env("PROD_CONNECTION_URL", &url);
    let row = shown(&mut same, "PostgreSQL is");
    assert_eq!(
        (&row["value"], &row["source"]),
        (&"PROD".into(), &"the server of PROD_CONNECTION_URL".into())
    );
    assert_eq!(nobody.connections(), 0, "it goes nowhere");
    let mut aws = show();
    let row = shown(
        aws.env("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.us-east-1.amazonaws.com"),
        "DynamoDB is",
    );
    assert_eq!((&row["value"], &row["source"]), (&"PROD".into(), &"an AWS host name".into()));

    let examined = |command: &mut Command, text| find(Run::of(command), "findings", "finding", text);
    let doctor = || sandbox.command([&DOCTOR[..], &["-o", "json"]].concat());
    assert_eq!(examined(&mut doctor(), "LOCAL: here or at a private address")["status"], "ok");
    let production = sandbox.production_url().replace("127.0.0.1", "localhost");
    let finding =
        examined(doctor().env("PROD_CONNECTION_URL", production), "PROD without --prod: the address of");
    assert_eq!((&finding["status"], &finding["target"]), (&"warn".into(), &"PROD".into()));
    let endpoint = format!("http://localhost:{}", disguised(sandbox.port(), AS_AWS));
    let finding =
        examined(doctor().env("AWS_ENDPOINT_URL_DYNAMODB", endpoint), "it says it is AWS's DynamoDB");
    assert_eq!((&finding["status"], &finding["check"]), (&"warn".into(), &"dynamodb".into()));
}
