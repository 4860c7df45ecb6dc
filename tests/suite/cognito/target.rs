//! Which pool, and where.

use crate::support::{COGNITO_ENDPOINT, Pool, Proxy, Recorder, Run, Sandbox, big_pool, moto};

const LIST: [&str; 2] = ["cognito", "list-users"];

#[test]
fn the_pool_is_the_flags_then_the_one_variables_then_the_others() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "AWS_COGNITO_USER_POOL=us-east-1_fromFile\n");
    let proxy = Proxy::new(moto().url(), "ListUsers", |_| None);
    let asked = |variables: &[(&str, &str)], flag: Option<&str>| {
        let mut command = sandbox.command(LIST);
        command.env(COGNITO_ENDPOINT, proxy.url()).envs(variables.iter().copied());
        command.args(flag.map(|id| format!("--user-pool-id={id}")));
        Run::of(&mut command).exits_with(1);
        proxy.bodies().pop().unwrap()["UserPoolId"].as_str().unwrap().to_owned()
    };
    let (id, short) =
        (("AWS_COGNITO_USER_POOL_ID", "us-east-1_id"), ("AWS_COGNITO_USER_POOL", "us-east-1_short"));
    assert_eq!(asked(&[id, short], Some("us-east-1_flag")), "us-east-1_flag");
    assert_eq!(asked(&[id, short], None), "us-east-1_id");
    assert_eq!(asked(&[short], None), "us-east-1_short");
    assert_eq!(asked(&[("AWS_COGNITO_USER_POOL_ID", ""), short], None), "us-east-1_short");
    assert_eq!(asked(&[], None), "us-east-1_fromFile");
}

#[test]
fn everybodys_endpoint_is_not_cognitos() {
    let (sandbox, dynamodb) = (Sandbox::new(), Recorder::start());
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"] {
        let mut command = sandbox.with_pool(big_pool(), &LIST);
        Run::of(command.env(variable, dynamodb.url())).succeeds();
        // With nothing that names Cognito's it is AWS itself, which wants credentials.
        let mut command = sandbox.with_pool(big_pool(), &LIST);
        command.env_remove(COGNITO_ENDPOINT).env("AWS_EC2_METADATA_DISABLED", "true");
        Run::of(command.env(variable, dynamodb.url()))
            .exits_with(4)
            .says("on AWS in us-east-1: no valid AWS credentials");
    }
    assert_eq!(dynamodb.connections(), 0);
}

#[test]
fn the_endpoint_flag_wins() {
    let (sandbox, variable) = (Sandbox::new(), Recorder::start());
    let mut command = sandbox.with_pool(big_pool(), &LIST);
    command.env(COGNITO_ENDPOINT, variable.url()).args(["--endpoint-url", &moto().url()]);
    Run::of(&mut command).succeeds();
    assert_eq!(variable.connections(), 0);
}

#[test]
fn in_production_a_leftover_endpoint_is_ignored() {
    let (sandbox, leftover) = (Sandbox::new(), Recorder::start());
    let mut command = sandbox.with_pool(big_pool(), &LIST);
    command
        .env(COGNITO_ENDPOINT, leftover.url())
        .env("AWS_ACCESS_KEY_ID", "production")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .args(["--prod", "--endpoint-url", &moto().url()]);
    Run::of(&mut command).succeeds();
    assert_eq!(leftover.connections(), 0);
}

#[test]
fn the_pool_is_where_its_id_says_unless_a_flag_says_otherwise() {
    let (sandbox, pool) = (Sandbox::new(), Pool::within("eu-west-3"));
    let other = "[profile other]\nregion = sa-east-1\naws_access_key_id = other\naws_secret_access_key = x\n";
    sandbox.write("config", format!("[default]\nregion = ap-south-1\n{other}"));
    let list = |arguments: &[&str]| {
        let mut command = sandbox.with_pool(&pool, &LIST);
        command
            .args(["--prod", "--endpoint-url", &moto().url()])
            .args(arguments)
            .env("AWS_CONFIG_FILE", sandbox.path().join("config"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", "production")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-west-2");
        Run::of(&mut command)
    };
    list(&[]).succeeds();
    list(&["--profile", "other"]).succeeds();
    list(&["--region", "us-east-1"]).exits_with(1).says("us-east-1 was asked");
}
