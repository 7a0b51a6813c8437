//! The token endpoint: the request, the answer, and what a refusal means.

use rest_core::{
    AuthContext, BaseUrl, Call, Credentials, Error, ErrorKind, ExposeSecret, Result, Safety, SecretString,
};
use serde::{Deserialize, Deserializer};

use super::app::ConnectedApp;
use super::refusal::{self, Asked};

/// What a login gave.
pub(super) struct Granted {
    pub(super) credentials: Credentials,
    /// A refresh token to use from now on, if there is a new one.
    pub(super) refresh_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    instance_url: String,
    #[serde(default, deserialize_with = "maybe_secret")]
    refresh_token: Option<SecretString>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn maybe_secret<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()).map(SecretString::from))
}

/// A request for a token, without what it asks for.
pub(super) fn request() -> Call {
    Call::post("auth.token").path(["services", "oauth2", "token"]).safety(Safety::Idempotent).sensitive()
}

/// Asks for a token with this form.
pub(super) async fn ask(
    context: &AuthContext<'_>,
    asked: &Asked,
    host: &BaseUrl,
    app: Option<&ConnectedApp>,
    form: Vec<(&str, &str)>,
) -> Result<Granted> {
    let call = match app {
        Some(app) => app.sign(request(), form, host, context)?,
        None => request().form(form),
    };
    let reply = context.send(Some(host), &call).await.map_err(|error| refusal::explain(error, asked))?;
    let token: Token = reply.json()?;
    granted(&token.access_token, &token.instance_url, token.refresh_token)
}

/// What a session is worth to the client. The instance's address may carry a trailing slash; parsing takes it off.
pub(super) fn granted(
    access_token: &SecretString,
    instance_url: &str,
    refresh_token: Option<SecretString>,
) -> Result<Granted> {
    let unusable = |what: &str| Error::new(ErrorKind::Decode, "auth.token").with_message(what.to_owned());
    if access_token.expose_secret().trim().is_empty() {
        return Err(unusable("the login host gave an empty access token"));
    }
    let instance = BaseUrl::parse(instance_url)
        .map_err(|error| unusable("the token's instance_url cannot be used").with_source(error))?;
    Ok(Granted { credentials: Credentials::bearer(access_token)?.with_base(instance), refresh_token })
}
