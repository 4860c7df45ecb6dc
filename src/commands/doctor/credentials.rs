//! Whose credentials sign, and whether they are valid.

use super::DoctorArgs;
use super::finding::Findings;
use crate::config::{Credentials, DUMMY_CREDENTIAL, Service};
use crate::context::Context;
use crate::error::Result;

pub(super) async fn check(cx: &Context, _args: &DoctorArgs, found: &mut Findings) -> Result<()> {
    match cx.config().aws(Service::DynamoDb)?.credentials {
        Credentials::Static { access_key_id, .. } if access_key_id == DUMMY_CREDENTIAL => {
            found.ok("local requests are signed with dummies");
        }
        Credentials::Static { .. } => {
            found.ok("local requests are signed with the environment's credentials, which nobody checks");
        }
        Credentials::Chain { .. } => {}
    }
    Ok(())
}
