//! The two people of the transcript, and their defaults.

use std::fmt;

use crate::config::{DEFAULT_PEOPLE, PEOPLE_VARIABLES, Setting, Source};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messaging::User;
use crate::postgres::Session;

/// The handles of Person 1 and Person 2. Displays as `nina and oscar`.
pub(in crate::commands) struct People([Setting; 2]);

impl fmt::Display for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.0[0].value, self.0[1].value)
    }
}

impl People {
    /// Takes `--my-handle` and `--other-handle`, then the variables, then nina and oscar.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when both are the same user.
    pub(in crate::commands) fn resolve(
        cx: &Context,
        mine: Option<&str>,
        other: Option<&str>,
    ) -> Result<Self> {
        let people = Self([my_handle(cx, "--my-handle", mine), handle(cx, 1, "--other-handle", other)]);
        let [Setting { value, source }, other] = &people.0;
        if *value != other.value {
            return Ok(people);
        }
        Err(Error::usage(format!(
            "both people are the same user, {value:?} (from {source} and {})",
            other.source
        ))
        .hint("to name others add: --my-handle HANDLE --other-handle HANDLE"))
    }

    /// The users with these handles.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when one does not exist. The error lists the users that do.
    pub(in crate::commands) async fn users(&self, postgres: &Session) -> Result<[User; 2]> {
        Ok([user(postgres, &self.0[0]).await?, user(postgres, &self.0[1]).await?])
    }

    /// A default handle that no user has. `None` if a handle that was given is missing too.
    pub(in crate::commands) async fn missing_default(&self, postgres: &Session) -> Result<Option<&str>> {
        let mut missing = None;
        for Setting { value, source } in &self.0 {
            if postgres.find_user(value).await?.is_none() {
                if *source != Source::Default {
                    return Ok(None);
                }
                missing = Some(value.as_str());
            }
        }
        Ok(missing)
    }
}

/// The handle of Person 1: `flag`, else `user1_username`, else nina.
pub(in crate::commands) fn my_handle(cx: &Context, flag: &'static str, given: Option<&str>) -> Setting {
    handle(cx, 0, flag, given)
}

fn handle(cx: &Context, person: usize, flag: &'static str, given: Option<&str>) -> Setting {
    if let Some(handle) = given {
        return Setting { value: handle.to_owned(), source: Source::Flag(flag) };
    }
    let environment = cx.config().environment();
    let default = || Setting { value: DEFAULT_PEOPLE[person].to_owned(), source: Source::Default };
    environment.get(PEOPLE_VARIABLES[person]).unwrap_or_else(default)
}

/// The user with this handle.
///
/// # Errors
/// [`crate::error::Kind::Failed`] when there is none. The error lists the users that exist.
pub(in crate::commands) async fn user(postgres: &Session, handle: &Setting) -> Result<User> {
    if let Some(user) = postgres.find_user(&handle.value).await? {
        return Ok(user);
    }
    let error = postgres.no_such_user(&handle.value).await?;
    Err(match handle.source {
        Source::Flag(_) => error,
        Source::Default => {
            error.hint(format!("to choose the two people set {}", PEOPLE_VARIABLES.join(" and ")))
        }
        _ => error.hint(format!("the handle is from {}", handle.source)),
    })
}
