//! What goes wrong most often: the message, the hint, the exit code.

use super::conversation;
use crate::safety::on_prod;
use crate::support::{Answer, Book, COGNITO_ENDPOINT, MoodyPostgres, Page, Sandbox, Shape, silent_port};

/// A page of one error in several places: each a command line, as one types it.
fn page(book: &mut Book, sandbox: &Sandbox, name: &str, lines: &[&str]) {
    let mut page = Page::default();
    for line in lines {
        page.run(&mut sandbox.command(line.split(' ')));
    }
    book.page(name, &page);
}

#[test]
fn errors_of_the_command_line() {
    let mut book = Book::open("errors/usage");
    let sandbox = Sandbox::new();
    let mut page = |name, lines: &[&str]| page(&mut book, &sandbox, name, lines);
    page("command", &["nonsense", "scan", "ddb scna", "help nonsense"]);
    page("flag", &["ddb scan --tabel x", "ddb scan prod", "ddb seed prod", "db create --if-exists"]);
    page(
        "value",
        &[
            "ddb scan -o xml",
            "ddb scan --limit none",
            "ddb scan --segments 0",
            "ddb stats --top 0",
            "ddb scan --timeout soon",
            "ddb scan --max-rcu 0",
            "ddb scan --color maybe",
            "ddb scan --endpoint-url localhost:8000",
            "ddb scan --table a/b",
            "ddb patterns get-conversation --since yesterday",
            "ddb patterns get-conversation --message-group-uuid 5ae290ed",
            "ddb seed --messages 5",
            "local up --dynamodb-port 0",
        ],
    );
    page("missing", &["ddb get", "ddb put", "ddb rename-user nina", "ddb stream policy", "ddb drop"]);
    page("together", &["ddb export - --resume", "db drop --yes", "ddb truncate --by-key --recreate"]);
    page("env-file", &["--env-file missing.env config show"]);
    sandbox.write(".env", "DDB_MESSAGE_TABLE=messages\nthis is no setting\n");
    page("env-line", &["config show"]);
    book.close();
}

#[test]
fn errors_of_the_table() {
    let mut book = Book::open("errors/table");
    let sandbox = Sandbox::set_up();
    page(
        &mut book,
        &sandbox,
        "missing-table",
        &[
            "ddb scan --table messages",
            "ddb scan --table cruddur-mesages",
            "ddb check --table messages",
            "ddb seed --table messages",
            "ddb drop messages",
            "ddb stream run --table messages",
            "ddb patterns list-conversations --table messages",
        ],
    );
    page(
        &mut book,
        &sandbox,
        "missing-data",
        &[
            "ddb get MSG#1 2024",
            "ddb delete MSG#1 2024",
            "ddb patterns get-conversation",
            "ddb patterns list-conversations --handle petra",
            "ddb patterns create-message --from nina --message-group-uuid 5ae290ed-55d1-47a0-bc6d-fe2bc2700399 Hi",
            "ddb stream run --once",
            "ddb stream tail --once",
        ],
    );
    page(
        &mut book,
        &sandbox,
        "unknown-handle",
        &[
            "ddb patterns list-conversations --handle nnia",
            "ddb patterns create-conversation --from nnia --to petra Hi",
            "ddb rename-user quux --new-handle quinn",
            "ddb rename-user nina --new-handle oscar",
            "ddb seed --my-handle nnia",
        ],
    );
    let mut expressions = Page::default();
    for expression in ["sk > '2023'", "pk = 'A' AND", "pk = A", "pk = 'A' AND sk CONTAINS 'x'"] {
        expressions.run(&mut sandbox.command(["ddb", "query", expression]));
    }
    book.page("expression", &expressions);
    sandbox.write("transcript", "Person 1: Hi.\nPerson 3: Hello?\n");
    sandbox.write("empty", "");
    sandbox.write("items", "{\"pk\":\"MSG#1\",\"sk\":\"2024\"}\n{\"pk\":\"MSG#2\"\n");
    sandbox.write("keyless", "{\"sk\":\"2024\"}\n");
    page(
        &mut book,
        &sandbox,
        "files",
        &[
            "ddb seed missing.txt",
            "ddb seed transcript",
            "ddb seed empty",
            "ddb import missing.ndjson",
            "ddb import items",
            "ddb import keyless",
            "ddb import empty",
            "ddb export transcript",
            "ddb put pk=MSG#1",
            "ddb put pk=MSG#1 sk:N=1",
        ],
    );
    let other = Sandbox::new();
    other.create_messages_table(&Shape { sort_key: "time", ..Shape::default() });
    page(&mut book, &other, "other-key", &["ddb schema-load", "ddb scan", "ddb patterns get-conversation"]);
    book.close();
}

#[test]
fn errors_of_the_database() {
    let mut book = Book::open("errors/database");
    let sandbox = Sandbox::new();
    page(
        &mut book,
        &sandbox,
        "missing-database",
        &["db schema-load", "db seed", "db sessions", "db drop", "ddb rename-user nina --new-handle nia"],
    );
    sandbox.cruddur(["db", "create"]).succeeds();
    page(&mut book, &sandbox, "missing-schema", &["db seed", "ddb seed"]);
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    sandbox.write("syntax.sql", "SELECT 1;\nSELEKT 2;\n");
    sandbox.write(
        "duplicate.sql",
        "CREATE TABLE t (a int PRIMARY KEY);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);\n",
    );
    sandbox.write("commit.sql", "SELECT 1;\nCOMMIT;\n");
    sandbox.write("quote.sql", "SELECT 'one;\n");
    sandbox.write("variable.sql", "SELECT :'user1_name';\n");
    sandbox.write("psql.sql", "\\connect other\n");
    page(
        &mut book,
        &sandbox,
        "files",
        &[
            "db seed missing.sql",
            "db seed syntax.sql",
            "db seed duplicate.sql",
            "db seed commit.sql",
            "db seed quote.sql",
            "db seed variable.sql",
            "db seed psql.sql",
        ],
    );
    book.close();
}

#[test]
fn errors_of_a_place_where_nothing_answers() {
    let mut book = Book::open("errors/place");
    let sandbox = Sandbox::new();
    let port = silent_port();
    let nowhere = format!("http://127.0.0.1:{port}");
    let url = format!("postgresql://postgres:password@127.0.0.1:{port}/cruddur");
    let mut refused = Page::default();
    for (line, variables) in [
        ("db sessions", &[("CONNECTION_URL", url.as_str())][..]),
        ("db seed", &[("CONNECTION_URL", &url)]),
        ("ddb scan", &[("AWS_ENDPOINT_URL_DYNAMODB", &nowhere)]),
        (
            "cognito list-users",
            &[(COGNITO_ENDPOINT, &nowhere), ("AWS_COGNITO_USER_POOL_ID", "us-east-1_pool")],
        ),
        (
            "rds update-sg-rule --ip 1.1.1.1",
            &[("AWS_ENDPOINT_URL_EC2", &nowhere), ("DB_SG_ID", "sg-1"), ("DB_SG_RULE_ID", "sgr-1")],
        ),
    ] {
        refused.run(sandbox.command(line.split(' ')).envs(variables.iter().copied()));
    }
    book.page("refused-port", &refused);
    let mut turned_away = Page::default();
    for (code, message) in [
        ("28P01", "password authentication failed for user \"app\""),
        ("53300", "sorry, too many clients already"),
        ("57P03", "the database system is starting up"),
    ] {
        let moody = MoodyPostgres::start(vec![Answer::Refuse(code, message)]);
        let url = format!("postgresql://app@127.0.0.1:{}/cruddur", moody.port());
        turned_away.run(sandbox.command(["db", "sessions"]).env("CONNECTION_URL", url));
    }
    book.page("turned-away", &turned_away);
    let mut urls = Page::default();
    for url in [
        "mysql://localhost/cruddur",
        "postgresql://localhost:port/cruddur",
        "postgresql://app:pass/word@localhost/cruddur",
        "postgresql://localhost/cruddur?sslmode=maybe",
        "postgresql://localhost",
    ] {
        urls.run(
            sandbox.command(["db", "create", "--dry-run", "--timeout", "1s"]).env("CONNECTION_URL", url),
        );
    }
    book.page("connection-url", &urls);
    page(
        &mut book,
        &sandbox,
        "not-configured",
        &[
            "db sessions --prod",
            "db setup --prod",
            "setup --prod",
            "ddb seed --prod",
            "ddb patterns list-conversations --prod --handle nina",
            "cognito list-users",
            "cognito list-users --prod",
            "db update-cognito-user-ids",
            "rds update-sg-rule",
            "rds update-sg-rule --prod",
            "local up --prod",
        ],
    );
    book.close();
}

#[test]
fn errors_of_what_is_refused_without_a_confirmation() {
    let mut book = Book::open("errors/confirmation");
    let sandbox = conversation();
    let mut page = Page::default();
    for line in [
        "ddb drop cruddur-messages",
        "ddb truncate",
        "ddb truncate --yes --confirm messages",
        "ddb seed",
        "db drop",
        "db schema-load",
    ] {
        page.run(&mut on_prod(&sandbox, &line.split(' ').collect::<Vec<_>>()));
    }
    book.page("production", &page);
    assert_eq!(sandbox.items().len(), 4, "nothing was done");
    book.close();
}
