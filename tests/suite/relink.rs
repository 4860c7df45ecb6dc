//! Users who are there again under other uuids: it is said, and one command mends it.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{DOCTOR, Fault, Pool, Proxy, Run, Sandbox, text};

/// A schema and people of one's own, who get new uuids whenever they are loaded.
fn own_people() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path().join("db")).unwrap();
    sandbox.write(
        "db/seed.sql",
        "INSERT INTO users (display_name, handle, email, cognito_user_id) VALUES \
         ('Nina Okafor', 'nina', 'n@example.com', 'MOCK'), ('Oscar Lindqvist', 'oscar', 'o@example.com', 'MOCK')",
    );
    sandbox.cruddur(["setup"]).succeeds();
    sandbox
}

/// What nobody may lose: each message's group, time, text and the handle of its sender.
fn messages(sandbox: &Sandbox) -> BTreeSet<[String; 4]> {
    let messages = sandbox.items_of("MSG#");
    messages.iter().map(|item| ["pk", "sk", "message", "user_handle"].map(|name| text(item, name))).collect()
}

fn doctor(sandbox: &Sandbox) -> String {
    sandbox.cruddur(DOCTOR).stdout
}

#[test]
fn db_setup_says_what_no_longer_fits_and_setup_mends_it() {
    let sandbox = own_people();
    assert!(!doctor(&sandbox).contains("not in the database"));
    let before = messages(&sandbox);
    sandbox
        .cruddur(["db", "setup"])
        .succeeds()
        .says("2 of 2 group rows in \"cruddur-messages\" name users who are not in the database")
        .says("run: cruddur setup");
    let found = doctor(&sandbox);
    assert!(found.contains("2 of 2 group rows") && found.contains("→ cruddur setup"), "{found}");
    sandbox.cruddur(["ddb", "check"]).exits_with(1).says("uuids now, run: cruddur setup");
    let items = sandbox.items();
    let dry = sandbox.cruddur(["setup", "--dry-run"]).succeeds().says("would do    group rows");
    assert!(dry.stdout.contains("TransactWriteItems") && dry.stdout.contains("UpdateItem"), "{}", dry.stdout);
    assert_eq!(sandbox.items().len(), items.len());
    sandbox
        .cruddur(["setup"])
        .succeeds()
        .says("done        group rows    2 rows and 62 messages, relinked by handle");
    assert_eq!(messages(&sandbox), before);
    sandbox.cruddur(["ddb", "check"]).succeeds();
    let list = ["ddb", "patterns", "list-conversations"];
    assert!(sandbox.cruddur(list).succeeds().stdout.contains("Oscar Lindqvist (oscar)"));
    assert!(!doctor(&sandbox).contains("not in the database"));
    let run = sandbox.cruddur(["setup"]).succeeds();
    assert!(!run.stderr.contains("group rows"), "{}", run.stderr);
    // With uuids that stay, nothing is said.
    sandbox.cruddur(["setup", "--fresh", "--built-in"]).succeeds();
    let run = sandbox.cruddur(["db", "setup", "--built-in"]).succeeds();
    assert!(!run.stderr.contains("Warning"), "{}", run.stderr);
}

#[test]
fn many_are_given_back_and_who_is_gone_for_good_is_left() {
    let sandbox = Sandbox::set_up();
    sandbox.cruddur(["ddb", "seed", "--conversations", "12", "--messages", "6"]).succeeds();
    let before = messages(&sandbox);
    let gone = sandbox.sql("SELECT uuid, handle FROM users WHERE handle ~ '_0$'").remove(0);
    let of_gone: BTreeMap<_, _> =
        sandbox.items_of("GRP#").into_iter().map(|item| (text(&item, "pk"), item)).collect();
    assert!(of_gone.contains_key(&format!("GRP#{}", gone[0])));
    sandbox.sql(&format!("DELETE FROM users WHERE uuid = '{}'", gone[0]));
    sandbox.sql("UPDATE users SET uuid = gen_random_uuid(), display_name = 'New ' || display_name");
    let run = sandbox.cruddur(["setup"]).succeeds().says("; not ");
    assert!(run.stderr.contains("with unknown handles"), "{}", run.stderr);
    let seeded = "MSG#5ae290ed-55d1-47a0-bc6d-fe2bc2700399";
    let after: BTreeSet<_> = messages(&sandbox).into_iter().filter(|message| message[0] != seeded).collect();
    assert_eq!(after, before);
    // Every uuid that is left over is the one's who is gone.
    let known: BTreeSet<String> = sandbox.sql("SELECT uuid FROM users").into_iter().flatten().collect();
    let mut named = BTreeSet::new();
    for item in sandbox.items() {
        named.insert(text(&item, "user_uuid"));
        named.extend(text(&item, "pk").strip_prefix("GRP#").map(ToOwned::to_owned));
    }
    assert_eq!(named.difference(&known).collect::<Vec<_>>(), [&gone[0]]);
    // Nothing else is broken, and again nothing changes.
    let check = sandbox.cruddur(["ddb", "check", "-o", "ndjson"]).exits_with(1);
    assert!(check.stdout.lines().all(|line| line.contains("unknown-user")), "{}", check.stdout);
    let items = sandbox.items().len();
    sandbox.cruddur(["setup"]).succeeds().says("skipped     group rows");
    assert_eq!(sandbox.items().len(), items);
}

#[test]
fn doctor_compares_the_pool_in_the_same_finding() {
    let sandbox = own_people();
    let pool = Pool::new();
    pool.add([("one", Some("nina"))]);
    sandbox.sql("UPDATE users SET cognito_user_id = 'of another pool' WHERE handle = 'nina'");
    let run: Run = sandbox.cruddur_with_pool(&pool, &DOCTOR);
    let found = run.stdout;
    assert!(found.contains("1 of the pool's first users have another Cognito id"), "{found}");
    assert!(found.contains("→ cruddur db update-cognito-user-ids"), "{found}");
    sandbox.sql("UPDATE users SET uuid = gen_random_uuid()");
    let found = sandbox.cruddur_with_pool(&pool, &DOCTOR).stdout;
    assert!(found.contains("2 of 2 group rows") && found.contains("→ cruddur setup"), "{found}");
    sandbox.cruddur_with_pool(&pool, &["setup"]).succeeds();
    let found = sandbox.cruddur_with_pool(&pool, &DOCTOR).stdout;
    assert!(!found.contains("another Cognito id") && !found.contains("group rows"), "{found}");
}

#[test]
fn a_message_whose_answer_is_lost_counts_too() {
    let sandbox = own_people();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let proxy = Proxy::new(sandbox.endpoint(), "UpdateItem", |call| {
        call.is_multiple_of(4).then_some(Fault::LoseAnswer)
    });
    let mut setup = sandbox.command(["setup"]);
    Run::of(setup.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).succeeds().says("2 rows and 62 messages");
    let known: BTreeSet<String> = sandbox.sql("SELECT uuid FROM users").into_iter().flatten().collect();
    assert!(sandbox.items_of("MSG#").iter().all(|item| known.contains(&text(item, "user_uuid"))));
}
