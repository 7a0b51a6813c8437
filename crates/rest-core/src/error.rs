//! The one error type: what was asked, what the vendor said in its own words and code, and what to do about it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::secret::mask;

/// The result of everything that may fail in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What an [`Error`] means to a caller who must decide what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The record or the route does not exist.
    NotFound,
    /// The server refused a write that clashes with what it holds (a duplicate, a locked row).
    Conflict,
    /// The server refused the request's content. [`Error::fields`] says where, if the server did.
    Invalid,
    /// The credentials were refused, also after one refresh.
    Unauthorized,
    /// The credentials are good, but may not do this.
    Forbidden,
    /// Too many calls in a short time.
    RateLimited,
    /// The allotment of the hour or the day is spent, or our own budget is.
    QuotaExhausted,
    /// The server, or this client, cannot do this at all.
    Unsupported,
    /// The answer could not be understood.
    Decode,
    /// The server could not be reached, or the connection broke and nothing was changed by that.
    Connect,
    /// The server did not answer in time.
    Timeout,
    /// A write was sent and its outcome is not known: it may or may not have happened. Look before you repeat it.
    Unknown,
    /// The server failed (5xx).
    Server,
    /// The record existed and is gone for good.
    Gone,
    /// A condition of the request did not hold (412), so nothing was done.
    Precondition,
    /// A body exceeds a limit of this client or of the server.
    TooLarge,
    /// The client is configured wrongly, or a call was built from unusable parts. Nothing was sent.
    Config,
    /// The work was given up by the caller.
    Cancelled,
}

impl ErrorKind {
    /// Whether the same call may well succeed later with nothing changed.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Self::RateLimited | Self::QuotaExhausted | Self::Connect | Self::Timeout | Self::Server)
    }

    fn hint(self) -> &'static str {
        match self {
            Self::NotFound => "check the id, and that these credentials may see the record",
            Self::Conflict => "read the record again and decide",
            Self::Invalid => "correct the named value and send again",
            Self::Unauthorized => "check the credentials",
            Self::Forbidden => "ask an administrator for the permission",
            Self::RateLimited => "slow down and try again later",
            Self::QuotaExhausted => "wait until the allotment is renewed, or raise it",
            Self::Unsupported => "use another operation",
            Self::Decode => "check that the address is the API's own; if so, report the answer's shape",
            Self::Connect => "check the address and the network, then try again",
            Self::Timeout => "try again later, or allow more time",
            Self::Unknown => "read the record back before repeating the write",
            Self::Server => "try again later",
            Self::Gone => "forget the id",
            Self::Precondition => "read the record again and decide",
            Self::TooLarge => "ask for less at a time, or raise the limit",
            Self::Config => "correct the configuration or the call",
            Self::Cancelled => "run it again if it is still wanted",
        }
    }
}

/// One field that the server complained about.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The field's name, as the server writes it.
    pub field: String,
    /// The server's code for this complaint, if it gives one.
    pub code: Option<String>,
    /// The server's words. May quote the value, so it is masked when printed.
    pub message: String,
}

impl FieldError {
    /// A complaint about `field`.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: None, message: message.into() }
    }

    /// Adds the server's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

impl fmt::Debug for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldError")
            .field("field", &mask(&self.field))
            .field("code", &self.code.as_deref().map(mask))
            .field("message", &mask(&self.message))
            .finish()
    }
}

/// Why a call failed. `Display` is one line for a log or a person; `Debug` shows every part. Neither contains secrets,
/// e-mail addresses or phone numbers; [`Error::vendor_message`] is the server's own text, unmasked.
#[derive(Clone)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: Cow<'static, str>,
    vendor: Option<&'static str>,
    status: Option<StatusCode>,
    code: Option<String>,
    message: String,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    retryable: Option<bool>,
    request_id: Option<String>,
    attempts: u32,
    elapsed: Duration,
    hint: Option<Cow<'static, str>>,
    body: Option<Arc<str>>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind in this operation (such as `contacts.create`).
    #[must_use]
    pub fn new(kind: ErrorKind, operation: impl Into<Cow<'static, str>>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                operation: operation.into(),
                vendor: None,
                status: None,
                code: None,
                message: String::new(),
                fields: Vec::new(),
                retry_after: None,
                retryable: None,
                request_id: None,
                attempts: 0,
                elapsed: Duration::ZERO,
                hint: None,
                body: None,
                source: None,
            }),
        }
    }

    /// Shorthand for a [`ErrorKind::Config`] error: nothing was sent.
    #[must_use]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, "config").with_message(message)
    }

    /// Names the vendor.
    #[must_use]
    pub fn with_vendor(mut self, vendor: &'static str) -> Self {
        self.inner.vendor = Some(vendor);
        self
    }

    /// Replaces the operation.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.inner.operation = operation.into();
        self
    }

    /// Replaces the kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.inner.kind = kind;
        self
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.inner.status = Some(status);
        self
    }

    /// Adds the vendor's own error code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.inner.code = Some(code.into());
        self
    }

    /// Adds the message: the vendor's own words if there are any.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.inner.message = message.into();
        self
    }

    /// Adds one field complaint.
    #[must_use]
    pub fn with_field(mut self, field: FieldError) -> Self {
        self.inner.fields.push(field);
        self
    }

    /// Replaces the field complaints.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.inner.fields = fields;
        self
    }

    /// Says how long the server (or a budget) asks to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.inner.retry_after = Some(wait);
        self
    }

    /// Overrides whether repeating the call later is safe and sensible; otherwise the kind decides.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.inner.retryable = Some(retryable);
        self
    }

    /// Adds the server's id of the request, for its support desk.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.inner.request_id = Some(id.into());
        self
    }

    /// Says how often it was sent and how long it took in all.
    #[must_use]
    pub fn with_effort(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.inner.attempts = attempts;
        self.inner.elapsed = elapsed;
        self
    }

    /// Replaces the advice; otherwise the kind gives one.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.inner.hint = Some(hint.into());
        self
    }

    /// Keeps the refused answer's body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Arc<str>>) -> Self {
        self.inner.body = Some(body.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.inner.source = Some(Arc::from(source.into()));
        self
    }

    /// What the error means.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Whether repeating the very same call later is safe (no double work) and sensible (it may succeed).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.inner.retryable.unwrap_or(self.inner.kind.is_transient())
    }

    /// How long the server, or a budget, asks to wait. Up to 24 hours; absurd words of a server are not reported.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// The HTTP status of the last answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.status
    }

    /// Whose API failed.
    #[must_use]
    pub fn vendor(&self) -> Option<&'static str> {
        self.inner.vendor
    }

    /// The vendor's own error code, as text.
    #[must_use]
    pub fn vendor_code(&self) -> Option<&str> {
        self.inner.code.as_deref()
    }

    /// The vendor's own words, unmasked: may contain personal data, so do not log it. Empty if it said nothing.
    #[must_use]
    pub fn vendor_message(&self) -> &str {
        &self.inner.message
    }

    /// The body of the answer that refused the call, as the server wrote it (at most 64 KiB; secrets of the call taken
    /// out): what a vendor says beyond its code and message. May contain personal data, so do not log it; it is not part
    /// of `Display` or `Debug`. `None` where there was no such answer, and for calls that handle secrets.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.inner.body.as_deref()
    }

    /// The fields that the server complained about.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.inner.fields
    }

    /// The server's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }

    /// The operation that failed, such as `contacts.create`.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.inner.operation
    }

    /// How often the request was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.inner.attempts
    }

    /// How long it took in all, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.inner.elapsed
    }

    /// What to do, in a few words.
    #[must_use]
    pub fn hint(&self) -> &str {
        self.inner.hint.as_deref().unwrap_or(self.inner.kind.hint())
    }

    fn write_details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { code, fields, request_id, .. } = &*self.inner;
        let mut separator = " [";
        let mut detail = |f: &mut fmt::Formatter<'_>, name: &str, value: &str| {
            let separator = std::mem::replace(&mut separator, ", ");
            write!(f, "{separator}{name} {}", mask(value))
        };
        if let Some(code) = code {
            detail(f, "code", code)?;
        }
        for field in fields.iter().take(8) {
            detail(f, "field", &field.field)?;
        }
        if let Some(id) = request_id {
            detail(f, "request", id)?;
        }
        if separator == ", " {
            f.write_str("]")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, operation, vendor, status, message, attempts, elapsed, .. } = &*self.inner;
        if let Some(vendor) = vendor {
            write!(f, "{vendor} ")?;
        }
        write!(f, "{operation}: ")?;
        if let Some(status) = status {
            write!(f, "{} ", status.as_u16())?;
        }
        write!(f, "{kind:?}")?;
        if !message.is_empty() {
            write!(f, ": {}", mask(message))?;
        }
        self.write_details(f)?;
        if *attempts > 0 {
            let plural = if *attempts == 1 { "" } else { "s" };
            write!(f, " ({attempts} attempt{plural}, {:.1} s)", elapsed.as_secs_f64())?;
        }
        if let Some(wait) = self.retry_after() {
            write!(f, "; retry after {} s", wait.as_secs_f64().ceil())?;
        }
        write!(f, "; {}", self.hint())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("vendor", &inner.vendor)
            .field("operation", &inner.operation)
            .field("status", &inner.status)
            .field("code", &inner.code.as_deref().map(mask))
            .field("message", &mask(&inner.message))
            .field("fields", &inner.fields)
            .field("retry_after", &inner.retry_after)
            .field("retryable", &self.is_retryable())
            .field("request_id", &inner.request_id.as_deref().map(mask))
            .field("attempts", &inner.attempts)
            .field("elapsed", &inner.elapsed)
            .field("hint", &self.hint())
            .field("source", &inner.source.as_ref().map(|source| mask(&source.to_string())))
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_with_everything_a_person_needs() {
        let error = Error::new(ErrorKind::Invalid, "contacts.create")
            .with_vendor("acme")
            .with_status(StatusCode::BAD_REQUEST)
            .with_code("400")
            .with_message("Email ada@example.com\nis not unique")
            .with_field(FieldError::new("email", "ada@example.com is taken").with_code("taken"))
            .with_request_id("r-1")
            .with_effort(1, Duration::from_millis(210));
        assert_eq!(
            error.to_string(),
            "acme contacts.create: 400 Invalid: Email [email] is not unique [code 400, field email, request r-1] \
             (1 attempt, 0.2 s); correct the named value and send again"
        );
        assert!(error.vendor_message().contains("ada@example.com"));
        let debug = format!("{error:#?}");
        assert!(!debug.contains("ada@") && debug.contains("r-1") && debug.lines().count() > 10, "{debug}");
    }

    #[test]
    fn display_without_details_is_short_and_names_the_wait() {
        let error = Error::new(ErrorKind::RateLimited, "x").with_retry_after(Duration::from_millis(1500));
        assert_eq!(error.to_string(), "x: RateLimited; retry after 2 s; slow down and try again later");
    }

    #[test]
    fn the_kind_decides_about_repeating_unless_told_otherwise() {
        assert!(Error::new(ErrorKind::Timeout, "x").is_retryable());
        assert!(!Error::new(ErrorKind::Unknown, "x").is_retryable());
        assert!(!Error::new(ErrorKind::Timeout, "x").with_retryable(false).is_retryable());
        assert!(Error::new(ErrorKind::Conflict, "x").with_retryable(true).is_retryable());
    }
}
