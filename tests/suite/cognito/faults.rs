//! Changes whose answers are lost, or that break off.

use super::People;
use crate::support::{COGNITO_ENDPOINT, Fault, Proxy, Run};
use crate::user_pool::email;

const QUINN: [&str; 4] = ["create-user", "quinn", "--email", "quinn@example.com"];

/// A run whose calls of `operation` go wrong as `plan` has it.
fn with_faults(
    people: &People,
    operation: &'static str,
    plan: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static,
    words: &[&str],
) -> (Run, usize) {
    let proxy = Proxy::new(people.endpoint.clone(), operation, plan);
    let mut command = people.command(words);
    let run = Run::with_input(command.env(COGNITO_ENDPOINT, proxy.url()), "Correct-horse-7\n");
    (run, proxy.calls())
}

fn lost(call: usize) -> Option<Fault> {
    (call == 0).then_some(Fault::LoseAnswer)
}

#[test]
fn a_lost_answer_is_found_out() {
    for people in [People::of_ours(), People::of_moto()] {
        for (more, challenge) in [(&[][..], None), (&["--temporary"], Some("NEW_PASSWORD_REQUIRED"))] {
            let words = [&QUINN[..], &["--password-stdin"], more].concat();
            let (run, calls) = with_faults(&people, "AdminCreateUser", lost, &words);
            run.succeeds().says("added \"quinn\" to ");
            assert_eq!((calls, people.count()), (2, 1));
            assert_eq!(people.sign_in(&email("quinn"), "Correct-horse-7").as_deref(), challenge);
            let (run, calls) = with_faults(&people, "AdminDeleteUser", lost, &["delete-user", "quinn"]);
            run.succeeds().says("deleted \"quinn\" from ");
            assert_eq!((calls, people.count()), (2, 0));
        }
        people.with_password(&QUINN, "Battery-staple-1").succeeds();
        let words = ["set-password", "quinn", "--password-stdin"];
        let (run, calls) = with_faults(&people, "AdminSetUserPassword", lost, &words);
        run.succeeds();
        assert_eq!(calls, 2);
        assert_eq!(people.sign_in(&email("quinn"), "Correct-horse-7"), None);
    }
}

#[test]
fn somebody_else_with_the_address_is_not_taken_for_the_new_user() {
    for people in [People::of_ours(), People::of_moto()] {
        people.with_password(&QUINN, "Battery-staple-1").succeeds();
        let words = ["create-user", "other", "--email", "quinn@example.com", "--password-stdin"];
        let (run, calls) = with_faults(&people, "AdminCreateUser", lost, &words);
        run.exits_with(1).says("[UsernameExistsException]");
        assert_eq!((calls, people.count()), (2, 1));
        assert_eq!(people.sign_in(&email("quinn"), "Battery-staple-1"), None);
    }
}

#[test]
fn a_user_whose_password_is_not_set_is_told_of() {
    for people in [People::of_ours(), People::of_moto()] {
        let refuse = |_| Some(Fault::Error(400, "InvalidPasswordException"));
        let words = [&QUINN[..], &["--password-stdin"]].concat();
        let (run, _) = with_faults(&people, "AdminSetUserPassword", refuse, &words);
        run.exits_with(5)
            .says("added \"quinn\", but cannot set the password in ")
            .says("the password is a temporary one; to set it run: cruddur cognito set-password quinn");
        assert_eq!(people.seen(&email("quinn"))[0], "FORCE_CHANGE_PASSWORD");
        // The same again says how to go on.
        people
            .with_password(&QUINN, "Correct-horse-7")
            .exits_with(1)
            .says("cruddur cognito set-password quinn");
        people.with_password(&["set-password", "quinn"], "Correct-horse-7").succeeds();
        assert_eq!(people.sign_in(&email("quinn"), "Correct-horse-7"), None);
    }
}

#[test]
fn what_is_gone_meanwhile_is_not_deleted() {
    let people = People::of_ours();
    people.run(&QUINN).succeeds();
    let gone = |_| Some(Fault::Error(400, "UserNotFoundException"));
    let (run, _) = with_faults(&people, "AdminDeleteUser", gone, &["delete-user", "quinn"]);
    run.exits_with(1).says("cannot delete the user in ").says("[UserNotFoundException]");
}
