//! Invocable actions: what the organisation can do beside writing records (send an e-mail, run a flow, call Apex), listed,
//! described and invoked with many inputs at once.

use http::StatusCode;
use rest_core::{Call, Error, Reply, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{ApiError, record_error};
use crate::{Salesforce, VENDOR};

/// How many inputs one invocation takes at most.
pub const MOST_INPUTS: usize = 200;

/// Which action is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActionName {
    /// One that every organisation has, such as `emailSimple`.
    Standard(String),
    /// One of the organisation's own, by its kind (`flow`, `apex`, `emailAlert`, …) and its name.
    Custom {
        /// The kind, as the list of kinds names it.
        kind: String,
        /// The action's name.
        name: String,
    },
}

impl ActionName {
    /// A standard action.
    pub fn standard(name: impl Into<String>) -> Self {
        Self::Standard(name.into())
    }

    /// An action of the organisation's own.
    pub fn custom(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Custom { kind: kind.into(), name: name.into() }
    }

    fn path(&self) -> Vec<&str> {
        match self {
            Self::Standard(name) => vec!["actions", "standard", name],
            Self::Custom { kind, name } => vec!["actions", "custom", kind, name],
        }
    }
}

/// An action in a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ActionSummary {
    /// API name.
    pub name: String,
    /// What people see.
    #[serde(default)]
    pub label: String,
    /// The vendor's kind, such as `EMAILSIMPLE` or `FLOW`.
    #[serde(rename = "type", default)]
    pub kind: String,
}

/// What an action takes and gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ActionDescribe {
    /// API name.
    pub name: String,
    /// What people see.
    #[serde(default)]
    pub label: String,
    /// What it takes.
    #[serde(default)]
    pub inputs: Vec<ActionParameter>,
    /// What it gives.
    #[serde(default)]
    pub outputs: Vec<ActionParameter>,
}

/// A parameter of an action.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ActionParameter {
    /// API name.
    pub name: String,
    /// What people see.
    #[serde(default)]
    pub label: Option<String>,
    /// The vendor's type, such as `STRING`, `REFERENCE` or `SOBJECT`.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    /// Whether an input must give it.
    #[serde(default)]
    pub required: bool,
}

/// What came of the inputs that one call invoked an action with.
type Outputs<O> = Vec<Result<Option<O>>>;

impl Salesforce {
    /// The standard actions of the organisation.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn standard_actions(&self) -> Result<Vec<ActionSummary>> {
        self.actions_at(&["actions", "standard"]).await
    }

    /// The organisation's own actions of a kind: `flow`, `apex`, `emailAlert`, `quickAction`, `sendNotification`, ….
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) for an unknown kind.
    pub async fn custom_actions(&self, kind: &str) -> Result<Vec<ActionSummary>> {
        self.actions_at(&["actions", "custom", kind]).await
    }

    async fn actions_at(&self, path: &[&str]) -> Result<Vec<ActionSummary>> {
        #[derive(Deserialize)]
        struct Answer {
            actions: Vec<ActionSummary>,
        }
        let call = Call::get("actions.list").path(self.version().path(path.iter().copied()));
        self.send(call).await?.json::<Answer>().map(|answer| answer.actions)
    }

    /// What an action takes and gives.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is no such action.
    pub async fn describe_action(&self, action: &ActionName) -> Result<ActionDescribe> {
        self.send(Call::get("actions.describe").path(self.version().path(action.path()))).await?.json()
    }

    /// Invokes an action once for each input, in one call. The results are in the order of the inputs; an input that fails
    /// does not stop the others. `None` is an action that gives nothing. Not repeated when the outcome is not known.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for more than [`MOST_INPUTS`] inputs, or what befell the call as a
    /// whole: then no input is known to have been done.
    pub async fn invoke<I: Serialize + Sync, O: DeserializeOwned>(
        &self,
        action: &ActionName,
        inputs: &[I],
    ) -> Result<Outputs<O>> {
        #[derive(Serialize)]
        struct Body<'a, I> {
            inputs: &'a [I],
        }
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        if inputs.len() > MOST_INPUTS {
            let message = format!("an action takes at most {MOST_INPUTS} inputs at once, these are {}", inputs.len());
            return Err(Error::config(message).with_operation("actions.invoke").with_vendor(VENDOR));
        }
        let call = Call::post("actions.invoke").path(self.version().path(action.path())).json(&Body { inputs });
        // Where one input fails the whole answer is a 400, and still tells what came of each.
        match self.send(call).await {
            Ok(reply) => outputs(&reply.body, inputs.len()).ok_or_else(|| unreadable(&reply)),
            Err(error) if error.status() == Some(StatusCode::BAD_REQUEST) => {
                let told = error.body().and_then(|body| outputs(body.as_bytes(), inputs.len()));
                told.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }
}

fn unreadable(reply: &Reply) -> Error {
    reply.decode_error("the answer does not tell what came of each input")
}

/// One result per input, or nothing that can be believed.
fn outputs<O: DeserializeOwned>(body: &[u8], inputs: usize) -> Option<Outputs<O>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Outcome {
        is_success: bool,
        #[serde(default)]
        errors: Option<Vec<ApiError>>,
        #[serde(default)]
        output_values: Option<Box<RawValue>>,
    }
    let outcomes: Vec<Outcome> = serde_json::from_slice(body).ok()?;
    if outcomes.len() != inputs {
        return None;
    }
    let output = |outcome: Outcome| match (outcome.is_success, outcome.output_values) {
        (false, _) => Err(record_error("actions.invoke", &outcome.errors.unwrap_or_default())),
        (true, None) => Ok(None),
        (true, Some(raw)) => serde_json::from_str(raw.get()).map(Some).map_err(|error| {
            Error::new(crate::ErrorKind::Decode, "actions.invoke")
                .with_vendor(VENDOR)
                .with_message(format!("the action was done, and its output does not fit: line {}", error.line()))
                .with_hint("compare the output's type with the action's description")
        }),
    };
    Some(outcomes.into_iter().map(output).collect())
}
