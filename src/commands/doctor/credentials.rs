//! Whose credentials are used, and whether they are valid.

use super::DoctorArgs;
use super::finding::Findings;
use crate::config::{Credentials, DUMMY_CREDENTIAL, Service, Target, UserPoolId};
use crate::context::Context;
use crate::error::{Kind, Result};

pub(super) async fn check(cx: &Context, args: &DoctorArgs, found: &mut Findings) -> Result<()> {
    let config = cx.config();
    if config.target() == Target::Prod {
        return ask(cx, None, found).await;
    }
    if let Credentials::Static { access_key_id, .. } = config.aws(Service::DynamoDb)?.credentials {
        found.ok(if access_key_id == DUMMY_CREDENTIAL {
            "local requests use dummy credentials"
        } else {
            "local requests use the environment's credentials, which nothing checks"
        });
    }
    // The user pool is on AWS even for local work.
    match args.pool.configured(cx)? {
        Some(pool) if !config.cognito(&pool)?.is_emulated() => ask(cx, Some(&pool), found).await,
        _ => Ok(()),
    }
}

async fn ask(cx: &Context, pool: Option<&UserPoolId>, found: &mut Findings) -> Result<()> {
    found.wait_for("the credential chain, or STS");
    let is_emulated = cx.config().sts(pool)?.is_emulated();
    match cx.caller(pool).await {
        Ok(caller) => {
            found
                .ok(format!("account {}, {}, key ****{}", caller.account, caller.arn, caller.key_ends_with))
                .value("account", &caller.account)
                .value("arn", &caller.arn);
            Ok(())
        }
        // Few emulators support it.
        Err(error) if is_emulated && error.kind() == Kind::Failed => {
            found.skip("the emulator does not say whose credentials these are");
            Ok(())
        }
        Err(error) => Err(error),
    }
}
