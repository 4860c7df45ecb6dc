//! Signs users in by password, and verifies the tokens as an app does.

use aws_sdk_cognitoidentityprovider::operation::initiate_auth::InitiateAuthError;
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use serde_json::Value;

use super::UserPool;
use super::jwt::KeySet;
use crate::aws::{code, is_not_sent};
use crate::config::Setting;
use crate::error::{Error, Reason, Result};
use crate::messaging::{PoolUser, Timestamp};
use crate::secrets::hide;

/// Where a pool publishes its keys, below the URL that its tokens name as their issuer.
/// Source: "Verifying JSON web tokens" in the Cognito developer guide.
const KEYS: &str = "/.well-known/jwks.json";

/// The tokens of somebody who has signed in. The access and the id token are verified.
pub struct SignedIn {
    /// The access token.
    pub access: Token,
    /// The id token.
    pub id: Token,
    /// The refresh token, which only the pool can read.
    pub refresh: Option<String>,
    /// The URL of the keys that verified them.
    pub keys: String,
}

/// A verified token.
pub struct Token {
    /// The token: a secret until it expires.
    pub text: String,
    /// The `kid` of the key that has signed it.
    pub key: String,
    /// When it expires.
    pub expires: Timestamp,
    /// Its claims.
    pub claims: Value,
}

impl UserPool {
    /// Signs `user` in through the app client `client`, which must have no secret, by
    /// `USER_PASSWORD_AUTH`. Verifies of each token: the signature, by the pool's keys; the issuer;
    /// the client; the kind; the expiry; and whose it is.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when the pool refuses, wants more than a password, or a token
    /// is not valid.
    pub async fn sign_in(&self, user: &PoolUser, client: &Setting, password: &str) -> Result<SignedIn> {
        self.conceal(password);
        let initiate = self
            .client
            .initiate_auth()
            .auth_flow(AuthFlowType::UserPasswordAuth)
            .client_id(&client.value)
            .auth_parameters("USERNAME", &user.username)
            .auth_parameters("PASSWORD", password);
        let answer = initiate.send().await.map_err(|error| self.refusal(user, client, password, &error))?;
        let name = user.name();
        if let Some(challenge) = answer.challenge_name {
            let error = Error::failed(format!(
                "{name:?} cannot sign in to {} by the password alone: it asks for {}",
                self.id,
                challenge.as_str()
            ));
            return Err(if challenge == ChallengeNameType::NewPasswordRequired {
                error.hint(Reason::TemporaryPassword(name.to_owned(), self.endpoint().target()))
            } else {
                error.hint("sign in with the app itself; of the challenges, this answers none")
            });
        }
        let tokens = answer.authentication_result;
        let Some((access, id, refresh)) =
            tokens.and_then(|tokens| Some((tokens.access_token?, tokens.id_token?, tokens.refresh_token)))
        else {
            return Err(Error::failed(format!("{} on {} returned no tokens", self.id, self.endpoint())));
        };
        let base = self.base_url();
        let (url, keys) = (format!("{base}{KEYS}"), self.keys(&base).await?);
        let verified = |kind, text| {
            self.verified(&keys, kind, text, user, &client.value).map_err(|why| {
                Error::failed(format!("the {kind} token of {name:?} is not valid: {why}"))
                    .hint(format!("the keys are those of {url}"))
            })
        };
        Ok(SignedIn { access: verified("access", access)?, id: verified("id", id)?, refresh, keys: url })
    }

    /// The token, or why an app would not take it.
    fn verified(
        &self,
        keys: &KeySet,
        kind: &str,
        text: String,
        user: &PoolUser,
        client: &str,
    ) -> std::result::Result<Token, String> {
        let (key, claims) = keys.verify(&text).ok_or("no key of the pool has signed it")?;
        let is = |claim: &str, wanted: &str| {
            let found = &claims[claim];
            if found == wanted { Ok(()) } else { Err(format!("{claim} is {found}, not {wanted:?}")) }
        };
        is("token_use", kind)?;
        is(if kind == "id" { "aud" } else { "client_id" }, client)?;
        is("sub", &user.identity.sub)?;
        if !self.is_issuer(claims["iss"].as_str().unwrap_or_default()) {
            is("iss", &self.issuer())?;
        }
        let expires =
            claims["exp"].as_i64().and_then(|exp| Timestamp::from_microseconds(exp.checked_mul(1_000_000)?));
        let expires = expires.filter(|expires| *expires > Timestamp::now());
        let expires = expires.ok_or("it has expired, by this machine's clock")?;
        Ok(Token { key: key.to_owned(), text, expires, claims })
    }

    /// What a pool on AWS calls itself in its tokens.
    fn issuer(&self) -> String {
        format!("https://cognito-idp.{}.amazonaws.com/{}", self.endpoint().region(), self.id)
    }

    /// The URL above the pool's keys. An emulator has them at its own address.
    fn base_url(&self) -> String {
        let place = self.endpoint();
        if place.is_emulated() { format!("{}/{}", place.name(), self.id) } else { self.issuer() }
    }

    /// Whether a token's issuer is this pool. An emulator may name itself by another address than
    /// the one that it was asked at, so only the pool counts there.
    fn is_issuer(&self, issuer: &str) -> bool {
        if self.endpoint().is_emulated() {
            issuer.rsplit_once('/').is_some_and(|(_, pool)| pool == self.id)
        } else {
            issuer == self.issuer()
        }
    }

    async fn keys(&self, base: &str) -> Result<KeySet> {
        let operation = self.aws.operation("Cognito", "GetKeys", base).no_auth();
        let operation = operation.serializer(|()| -> std::result::Result<HttpRequest, BoxError> {
            Ok(http::Request::get(KEYS).body(SdkBody::empty())?.try_into()?)
        });
        let operation = operation.deserializer(|response: &HttpResponse| {
            let body = response.body().bytes().filter(|_| response.status().is_success());
            let keys = body.and_then(|body| serde_json::from_slice(body).ok());
            keys.ok_or_else(|| OrchestratorError::<ErrorMetadata>::other("its answer is no set of keys"))
        });
        operation
            .build()
            .invoke(())
            .await
            .map_err(|error| self.endpoint().error(&format!("cannot read {base}{KEYS}"), &error))
    }

    /// The error when the pool does not let somebody in. To others, its codes would blame the credentials
    /// that sign requests; this one is not signed.
    fn refusal(
        &self,
        user: &PoolUser,
        client: &Setting,
        password: &str,
        error: &SdkError<InitiateAuthError, HttpResponse>,
    ) -> Error {
        let (name, target) = (user.name(), self.endpoint().target());
        let what = format!("{name:?} cannot sign in to {}", self.id);
        let (Some(code), false) = (code(error), is_not_sent(error)) else {
            return self.endpoint().error(&what, error);
        };
        let why = error.as_service_error().and_then(|error| error.meta().message()).unwrap_or("no message");
        let why = hide(why, [password]);
        let refused = Error::failed(format!("{what} on {}: {why} [{code}]", self.endpoint()));
        let is_of_client = why.to_lowercase().contains("secret") || why.contains("USER_PASSWORD_AUTH");
        match code {
            "ResourceNotFoundException"
            | "InvalidParameterException"
            | "InvalidUserPoolConfigurationException" => {
                refused.hint(Reason::UnusableClient(client.value.clone(), client.source.to_string()))
            }
            "NotAuthorizedException" | "UnauthorizedException" if is_of_client => {
                refused.hint(Reason::UnusableClient(client.value.clone(), client.source.to_string()))
            }
            "NotAuthorizedException" | "PasswordResetRequiredException" => {
                refused.hint(Reason::WrongPassword(name.to_owned(), target))
            }
            "UserNotConfirmedException" => refused.hint("the sign-up must be confirmed first, as in the app"),
            _ => refused,
        }
    }
}
