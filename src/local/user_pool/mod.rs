//! A Cognito user pool, served over HTTP on a loopback port: one pool with one app client, whose
//! users sign in by email.

mod admin;
mod auth;
mod fault;
mod filter;
mod keys;
mod password;
mod post_confirmation;
mod srp;
mod store;
mod tokens;
mod user;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::fault::{Answer, Fault};
use self::store::Store;
use super::http::{Access, Api, Listening, Server, json};
use crate::config::{LOCAL_CLIENT, LOCAL_USER_POOL};
use crate::error::Result;
use crate::postgres::ConnectionUrl;

/// The name of the pool.
const POOL_NAME: &str = "cruddur";
/// What a request's target begins with.
const TARGET: &str = "AWSCognitoIdentityProviderService.";
/// Where the keys are that verify tokens, after the pool's id; not an operation, but answered like one.
const KEYS: &str = "/.well-known/jwks.json";
/// The largest request that is read.
const LARGEST: usize = 1 << 20;

/// The pool.
struct UserPool {
    /// One request after another: what is read and then written has not changed in between.
    store: Arc<Mutex<Store>>,
    /// Whose users table has a row for everybody who confirms a sign-up.
    app: Option<ConnectionUrl>,
}

/// What every request for a pool has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfPool {
    user_pool_id: String,
}

/// What every request of an app has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfClient {
    client_id: String,
}

/// What an app asks with a refresh token.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfSignIn {
    #[serde(alias = "Token")]
    refresh_token: String,
}

/// Serves the clients that `access` allows on 127.0.0.1:`port` (0 for any free port), from the
/// SQLite file `file` or from memory. The first request opens the file. Whoever confirms a sign-up gets
/// a row in the users table of `app`, if that is given. Needs a tokio runtime.
///
/// # Errors
/// The port is taken.
pub async fn start(
    port: u16,
    file: Option<&Path>,
    access: Access,
    app: Option<ConnectionUrl>,
) -> Result<Server> {
    let listening = Listening::on(port).await?;
    // One name, whoever asks and by which one, for apps compare it.
    let issuer = format!("http://localhost:{}/{LOCAL_USER_POOL}", listening.port());
    let store = Store::new(file.map(Path::to_owned), issuer);
    Ok(listening.serve(access, UserPool { store: Arc::new(Mutex::new(store)), app }))
}

impl Api for UserPool {
    const CONTENT_TYPE: &'static str = "application/x-amz-json-1.1";

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let of_pool = head.uri.path().strip_prefix('/').and_then(|path| path.strip_prefix(LOCAL_USER_POOL));
        let is_for_keys = head.method == Method::GET && of_pool == Some(KEYS);
        let operation = match target.and_then(|target| target.strip_prefix(TARGET)) {
            _ if is_for_keys => KEYS.to_owned(),
            operation => operation.unwrap_or_default().to_owned(),
        };
        let answer = match axum::body::to_bytes(body, LARGEST).await {
            Err(_) => Err(Fault::new("SerializationException", "the request is cut off or too large")),
            Ok(body) => self.call(operation, body).await,
        };
        match answer {
            Ok(answer) => json(Self::CONTENT_TYPE, StatusCode::OK, &answer),
            Err(fault) => refusal(&fault),
        }
    }
}

impl UserPool {
    /// Does what is asked, and then what follows outside of the pool, which other calls need not wait for.
    async fn call(&self, operation: String, body: Bytes) -> Answer {
        let store = Arc::clone(&self.store);
        // SQLite and the hash of a password take their time.
        let work = tokio::task::spawn_blocking(move || {
            let store = &mut store.lock().unwrap_or_else(PoisonError::into_inner);
            let confirmed = match operation.as_str() {
                "AdminConfirmSignUp" => auth::admin_confirm_sign_up(store, &of_pool(&body)?)?,
                "ConfirmSignUp" => auth::confirm_sign_up(store, &of_client(&body)?)?,
                _ => return Ok((call(store, &operation, &body)?, None)),
            };
            Ok((serde_json::json!({}), Some(confirmed)))
        });
        let (answer, confirmed) = work.await.unwrap_or_else(|cause| Err(Fault::internal(&cause)))?;
        if let (Some(app), Some(user)) = (&self.app, confirmed) {
            post_confirmation::run(app, &user).await?;
        }
        Ok(answer)
    }
}

/// An error as the service answers it.
fn refusal(fault: &Fault) -> Response<Body> {
    let status =
        if fault.is_internal() { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
    let body = serde_json::json!({ "__type": fault.kind, "message": fault.message });
    let mut response = json(UserPool::CONTENT_TYPE, status, &body);
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(fault.kind));
    response
}

fn call(store: &mut Store, operation: &str, body: &Bytes) -> Answer {
    match operation {
        KEYS => Ok(store.keys()?.jwks()),
        "AdminCreateUser" => admin::create_user(store, of_pool(body)?),
        "AdminDeleteUser" => admin::delete_user(store, &of_pool(body)?),
        "AdminDisableUser" => admin::set_enabled(store, &of_pool(body)?, false),
        "AdminEnableUser" => admin::set_enabled(store, &of_pool(body)?, true),
        "AdminGetUser" => admin::get_user(store, &of_pool(body)?),
        "AdminInitiateAuth" => {
            of_pool::<OfPool>(body).and_then(|_| auth::initiate(store, &of_client(body)?, true))
        }
        "AdminRespondToAuthChallenge" => {
            of_pool::<OfPool>(body).and_then(|_| auth::respond(store, &of_client(body)?))
        }
        "AdminSetUserPassword" => admin::set_password(store, &of_pool(body)?),
        "AdminUpdateUserAttributes" => admin::update_attributes(store, of_pool(body)?),
        "DescribeUserPool" => of_pool::<OfPool>(body).and_then(|_| admin::describe_pool(store)),
        "GetTokensFromRefreshToken" => tokens::refresh(store, &of_client::<OfSignIn>(body)?.refresh_token),
        "GetUser" => auth::get_user(store, &parsed(body)?),
        "GlobalSignOut" => auth::global_sign_out(store, &parsed(body)?),
        "InitiateAuth" => auth::initiate(store, &of_client(body)?, false),
        "ListUserPools" => admin::list_pools(&parsed(body)?),
        "ListUsers" => admin::list_users(store, of_pool(body)?),
        "RespondToAuthChallenge" => auth::respond(store, &of_client(body)?),
        "RevokeToken" => tokens::revoke(store, &of_client::<OfSignIn>(body)?.refresh_token),
        "SignUp" => auth::sign_up(store, of_client(body)?),
        _ => Err(Fault::new("UnknownOperationException", "the local user pool does not have this operation")),
    }
}

/// The parameters of a request, which must be for the local pool.
fn of_pool<T: DeserializeOwned>(body: &Bytes) -> Answer<T> {
    let OfPool { user_pool_id } = parsed(body)?;
    must_be(LOCAL_USER_POOL, "User pool", &user_pool_id)?;
    parsed(body)
}

/// The parameters of a request, which must come from the local pool's app client.
fn of_client<T: DeserializeOwned>(body: &Bytes) -> Answer<T> {
    let OfClient { client_id } = parsed(body)?;
    must_be(LOCAL_CLIENT, "User pool client", &client_id)?;
    parsed(body)
}

fn must_be(ours: &str, what: &str, asked: &str) -> Answer<()> {
    if asked == ours {
        return Ok(());
    }
    Err(Fault::new("ResourceNotFoundException", format!("{what} {asked} does not exist.")))
}

fn parsed<T: DeserializeOwned>(body: &Bytes) -> Answer<T> {
    serde_json::from_slice(body).map_err(|cause| match cause.classify() {
        serde_json::error::Category::Data => Fault::parameter(cause.to_string()),
        _ => Fault::new("SerializationException", cause.to_string()),
    })
}
