//! The two people of the transcript, where the command line does not name them.

use crate::config::{DEFAULT_PEOPLE, PEOPLE_VARIABLES, Setting, Source};
use crate::context::Context;
use crate::error::Result;
use crate::messaging::User;
use crate::postgres::Session;

/// The handle of Person 1: what `flag` says, else `user1_username`, else nina.
pub(super) fn my_handle(cx: &Context, flag: &'static str, given: Option<&str>) -> Setting {
    handle(cx, 0, flag, given)
}

/// The handle of Person 2: `--other-handle`, else `user2_username`, else oscar.
pub(super) fn other_handle(cx: &Context, given: Option<&str>) -> Setting {
    handle(cx, 1, "--other-handle", given)
}

fn handle(cx: &Context, person: usize, flag: &'static str, given: Option<&str>) -> Setting {
    if let Some(handle) = given {
        return Setting { value: handle.to_owned(), source: Source::Flag(flag) };
    }
    let environment = cx.config().environment();
    let default = || Setting { value: DEFAULT_PEOPLE[person].to_owned(), source: Source::Default };
    environment.get(PEOPLE_VARIABLES[person]).unwrap_or_else(default)
}

/// Who has the handle.
///
/// # Errors
/// [`crate::error::Kind::Failed`] when nobody has; it lists who is there.
pub(super) async fn user(postgres: &Session, handle: &Setting) -> Result<User> {
    if let Some(user) = postgres.find_user(&handle.value).await? {
        return Ok(user);
    }
    let error = postgres.no_such_user(&handle.value).await?;
    Err(match handle.source {
        Source::Flag(_) => error,
        Source::Default => {
            error.hint(format!("to name the two people once for all set {}", PEOPLE_VARIABLES.join(" and ")))
        }
        _ => error.hint(format!("the handle is from {}", handle.source)),
    })
}
