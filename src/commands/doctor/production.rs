//! What is configured for production, without contacting it.

use super::finding::{Findings, Status};
use crate::context::Context;

/// The command that does contact it.
const GO_THERE: &str = "cruddur doctor --prod";

pub(super) fn check(prod: &Context, found: &mut Findings) {
    if prod.config().environment().get("PROD_CONNECTION_URL").is_none() {
        found.skip("not contacted; no PostgreSQL is configured (PROD_CONNECTION_URL)").mend(GO_THERE);
        return;
    }
    match prod.connection_url() {
        Ok(url) => {
            found.skip(format!("not contacted; PostgreSQL is at {url}")).mend(GO_THERE);
        }
        Err(error) => _ = found.add_error(Status::Warn, &error),
    }
}
