//! Where a password comes from, and that nothing shows it.

use super::People;
use crate::support::{COGNITO_ENDPOINT, Fault, Proxy, Run, typed_at};
use crate::user_pool::email;

const SECRET: &str = "Correct-horse-7";
const QUINN: [&str; 4] = ["create-user", "quinn", "--email", "quinn@example.com"];

#[test]
fn no_trace_and_no_plan_shows_a_password() {
    for people in [People::of_ours(), People::of_moto()] {
        let shown = |words: &[&str]| {
            let run = people.with_password(words, SECRET).succeeds();
            let text = format!("{}{}", run.stdout, run.stderr);
            assert!(!text.contains(SECRET), "{text}");
            text
        };
        let text = shown(&[&QUINN[..], &["-vv"]].concat());
        assert!(
            text.contains("\"TemporaryPassword\":\"***\"") && text.contains("\"Password\":\"***\""),
            "{text}"
        );
        for more in ["-vv", "--dry-run"] {
            let text = shown(&["set-password", "quinn", more]);
            assert!(text.contains("\"Password\":\"***\""), "{text}");
        }
        let rosa = ["create-user", "rosa", "--email", "rosa@example.com", "--dry-run"];
        let text = shown(&rosa);
        assert!(text.contains("would send 2 requests (1 AdminCreateUser, 1 AdminSetUserPassword)"), "{text}");
        assert!(text.contains("\"TemporaryPassword\":\"***\""), "{text}");
        assert_eq!(people.count(), 1);
        // One that is too short to be hidden wherever it occurs is not in the request either.
        let run = people.with_password(&["set-password", "quinn", "-vv"], "Ab-1-cd").exits_with(1);
        let run = run.says("[InvalidPasswordException]").says("\"Password\":\"***\"");
        assert!(!run.stderr.contains("Ab-1-cd"), "{}", run.stderr);
        assert_eq!(people.sign_in(&email("quinn"), SECRET), None);
    }
}

#[test]
fn a_service_that_repeats_it_does_not_show_it_either() {
    let people = People::of_ours();
    people.run(&["create-user", "rosa", "--email", "rosa@example.com"]).succeeds();
    let body = r#"{"__type":"InvalidParameterException","message":"Value 'Correct-horse-7' at 'password'"}"#;
    for (operation, words) in
        [("AdminCreateUser", &QUINN[..]), ("AdminSetUserPassword", &["set-password", "rosa"])]
    {
        let proxy = Proxy::new(people.endpoint.clone(), operation, move |_| Some(Fault::Broken(400, body)));
        let mut command = people.command(words);
        command.env(COGNITO_ENDPOINT, proxy.url()).args(["--password-stdin", "-vv"]);
        let run = Run::with_input(&mut command, SECRET).exits_with(1).says("Value '***' at 'password'");
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
        assert_eq!(proxy.calls(), 1);
    }
}

#[test]
fn stdin_holds_one_line() {
    let people = People::of_ours();
    people.run(&QUINN).succeeds();
    let set = |input: &str| {
        let mut command = people.command(&["set-password", "quinn", "--password-stdin"]);
        Run::with_input(&mut command, input)
    };
    for wrong in ["", "\n", "\r\n", "Correct-horse-7\nCorrect-horse-7\n"] {
        set(wrong).exits_with(2).says("the password is empty, or has more than one line");
    }
    // Spaces belong to it.
    for (input, password) in [
        ("Correct-horse-7", SECRET),
        ("Horse 8 correct \r\n", "Horse 8 correct "),
        (" Horse 9\n", " Horse 9"),
    ] {
        set(input).succeeds();
        assert_eq!(people.sign_in(&email("quinn"), password), None, "{input:?}");
    }
}

#[test]
fn what_is_typed_is_not_shown() {
    let people = People::of_ours();
    people.run(&QUINN).succeeds();
    let typed = |keys: &[u8]| typed_at(&people.command(&["set-password", "quinn"]), "Password:", keys);
    let run = typed(b"Correct-horse-7\n").exits_with(0);
    assert!(!run.stdout.contains("Correct"), "{}", run.stdout);
    assert!(run.stdout.contains("Password: \r\nset the password of"), "{:?}", run.stdout);
    assert_eq!(people.sign_in(&email("quinn"), SECRET), None);
    for keys in [&b"\x03"[..], b"Battery\x03", b"\x04"] {
        let run = typed(keys).exits_with(3);
        assert!(run.stdout.contains("cancelled; nothing was done"), "{}", run.stdout);
    }
    assert_eq!(people.sign_in(&email("quinn"), SECRET), None);
}
