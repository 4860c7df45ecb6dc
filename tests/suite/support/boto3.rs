//! boto3, which knows AWS's services and signatures by itself, as a judge.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::{Value, json};

use super::{Log, note_server, python};

struct Boto3 {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Boto3 {
    fn start() -> Self {
        let log = Log::new();
        let mut child = python("boto3_calls.py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.end())
            .spawn()
            .expect("boto3 starts");
        note_server("boto3", log);
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }
}

/// What the shared boto3, which lives as long as this process, gives for `task`.
fn try_ask(task: &Value) -> Value {
    static BOTO3: OnceLock<Mutex<Boto3>> = OnceLock::new();
    let mut boto3 = BOTO3.get_or_init(|| Boto3::start().into()).lock().unwrap();
    writeln!(boto3.child.stdin.as_mut().unwrap(), "{task}").unwrap();
    let mut line = String::new();
    boto3.stdout.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// The same, which must succeed.
#[track_caller]
fn ask(task: &Value) -> Value {
    let mut answer = try_ask(task);
    assert!(answer.get("error").is_none(), "{task}: {answer}");
    answer["result"].take()
}

/// What an operation of a service at `endpoint` answers, both named as boto3 does.
#[track_caller]
pub fn boto3(endpoint: &str, service: &str, operation: &str, arguments: &Value) -> Value {
    ask(&call(endpoint, service, operation, arguments))
}

/// The error that an operation raises in boto3.
#[track_caller]
pub fn boto3_error(endpoint: &str, service: &str, operation: &str, arguments: &Value) -> String {
    let answer = try_ask(&call(endpoint, service, operation, arguments));
    answer["error"].as_str().unwrap_or_else(|| panic!("no error: {answer}")).to_owned()
}

fn call(endpoint: &str, service: &str, operation: &str, arguments: &Value) -> Value {
    json!({
        "task": "call", "endpoint": endpoint, "service": service, "operation": operation, "arguments": arguments,
    })
}

/// The same in `answer`, or in `refusal` and `message` what the service refuses it with.
#[track_caller]
pub fn boto3_attempt(endpoint: &str, service: &str, operation: &str, arguments: &Value) -> Value {
    ask(&json!({
        "task": "attempt", "endpoint": endpoint, "service": service, "operation": operation,
        "arguments": arguments,
    }))
}

/// The tokens that pycognito, a client of Cognito's that signs in by SRP and verifies tokens, has after
/// a call of `method`, in `answer`; or in `refusal` and `message` what the call is refused with.
#[track_caller]
pub fn pycognito(
    endpoint: &str,
    (pool, client): (&str, &str),
    username: &str,
    (method, arguments): (&str, &[&str]),
    tokens: &Value,
) -> Value {
    ask(&json!({
        "task": "pycognito", "endpoint": endpoint, "pool": pool, "client": client, "username": username,
        "method": method, "arguments": arguments, "tokens": tokens,
    }))
}

/// How pycognito answers the challenge of SRP; the answer is not sent.
#[track_caller]
pub fn srp_answer(endpoint: &str, (pool, client): (&str, &str), username: &str, password: &str) -> Value {
    ask(&json!({
        "task": "srp_answer", "endpoint": endpoint, "pool": pool, "client": client, "username": username,
        "password": password,
    }))
}

/// The claims of a token that one of `keys` has signed, by a library of JWTs.
#[track_caller]
pub fn jwt_claims(token: &Value, keys: &Value) -> Value {
    ask(&json!({ "task": "claims", "token": token, "keys": keys }))
}

/// A `token` with this header and these claims, signed by a library of JWTs, and the `keys` that verify it.
#[track_caller]
pub fn jwt_signed(header: &Value, claims: &Value) -> Value {
    ask(&json!({ "task": "signed", "header": header, "claims": claims }))
}

/// What a file of Terraform's says, by a parser of its language.
#[track_caller]
pub fn hcl(text: &str) -> Value {
    ask(&json!({ "task": "hcl", "text": text }))
}

/// What boto3 sends of an item that it gets as `typed` JSON. By its word, `plain` JSON says the same,
/// and `read`, typed too, what `plain` says.
#[track_caller]
pub fn boto3_item(typed: &str, plain: &str, read: &str) -> String {
    ask(&json!({ "task": "table_item", "typed": typed, "plain": plain, "read": read })).to_string()
}

/// The form that botocore would send for an operation, named as AWS does.
#[track_caller]
pub fn botocore_form(service: &str, operation: &str, arguments: &Value) -> Value {
    ask(&json!({ "task": "form", "service": service, "operation": operation, "arguments": arguments }))
}

/// The signature that botocore computes over a request with these headers, which
/// must be those that the request has signed, and `authorization`.
#[track_caller]
pub fn botocore_signature(
    service: &str,
    region: &str,
    (secret, token): (&str, Option<&str>),
    url: &str,
    headers: &Value,
    body: &str,
) -> String {
    let answer = ask(&json!({
        "task": "signature", "service": service, "region": region, "secret": secret, "token": token,
        "url": url, "headers": headers, "body": body,
    }));
    answer.as_str().expect("a signature").to_owned()
}
