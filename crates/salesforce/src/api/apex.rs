//! Apex REST: the organisation's own code behind `services/apexrest`.

use http::Method;
use rest_core::{Accept, Call, Reply, Result, Safety};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Salesforce;

/// A call of the organisation's own code. Nothing is sent until it is.
///
/// ```
/// # #[derive(serde::Deserialize)] struct Quote { price: String }
/// # async fn f(client: salesforce::Salesforce) -> salesforce::Result<()> {
/// let quote: Quote = client.apex_get(["quotes", "Q-1"]).query("currency", "EUR").json().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ApexCall {
    client: Salesforce,
    call: Call,
}

impl Salesforce {
    /// Reads from a class that is published under this path below `services/apexrest` (namespace first, where there is one).
    pub fn apex_get<S: Into<String>>(&self, path: impl IntoIterator<Item = S>) -> ApexCall {
        self.apex(Method::GET, path)
    }

    /// Sends a body to a class. Not repeated when the outcome is not known, unless
    /// [`repeatable`](ApexCall::repeatable) says that it may be.
    pub fn apex_post<S: Into<String>>(&self, path: impl IntoIterator<Item = S>, body: &impl Serialize) -> ApexCall {
        let apex = self.apex(Method::POST, path);
        ApexCall { call: apex.call.json(body), ..apex }
    }

    /// Any method, for classes that answer PUT, PATCH or DELETE.
    pub fn apex<S: Into<String>>(&self, method: Method, path: impl IntoIterator<Item = S>) -> ApexCall {
        let below = ["services".to_owned(), "apexrest".to_owned()];
        let path = below.into_iter().chain(path.into_iter().map(Into::into));
        let safety = if method == Method::GET { Safety::Read } else { Safety::Unsafe };
        // What custom code answers, and in which type, is its own affair.
        let call = Call::new(method, "apexrest").path(path).safety(safety).accept(Accept::Any);
        ApexCall { client: self.clone(), call }
    }
}

impl ApexCall {
    /// Adds a query pair.
    pub fn query(mut self, name: impl Into<std::borrow::Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.call = self.call.query(name, value);
        self
    }

    /// Sets a body.
    pub fn body(mut self, body: &impl Serialize) -> Self {
        self.call = self.call.json(body);
        self
    }

    /// Says that doing it twice does no harm, so that it is repeated when the outcome is not known.
    pub fn repeatable(mut self) -> Self {
        self.call = self.call.safety(Safety::Idempotent);
        self
    }

    /// Sends it and decodes the answer.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if no class answers there; what the class answers otherwise, classified by
    /// its status; [`Decode`](crate::ErrorKind::Decode) for an answer of another type.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        self.send().await?.json()
    }

    /// Sends it and gives the answer as it came.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn send(self) -> Result<Reply> {
        self.client.send(self.call).await
    }
}
