//! Logging in. One file per family of flows; all of them end in a session that is renewed when it ends.
//!
//! | situation | login |
//! |---|---|
//! | a server for one organisation, no user involved | [`ClientCredentials`] at the My Domain |
//! | a server that acts for named users, with a certificate | `JwtBearer` (feature `jwt`) |
//! | a person lets the app in with a browser | [`AuthorizationRequest`], then [`AuthorizationCode`] |
//! | a refresh token that was obtained before | [`RefreshToken`] |
//! | another system's token is exchanged | [`TokenExchange`] |
//! | an old organisation that still allows it | [`UsernamePassword`], or `SoapLogin` (feature `soap`) |
//! | a session that somebody else opened | [`Session`] |
//! | anything else | a [`SessionProvider`] of your own |

mod app;
mod client_credentials;
mod code;
mod exchange;
mod host;
#[cfg(feature = "jwt")]
mod jwt;
mod password;
mod refresh;
mod refusal;
mod revoke;
mod session;
#[cfg(feature = "soap")]
mod soap;
mod token;

use std::fmt;
use std::sync::Arc;

use rest_core::{Authenticator, BaseUrl, Result};

pub use app::ConnectedApp;
pub use client_credentials::ClientCredentials;
pub use code::{AuthorizationCode, AuthorizationRequest};
pub use exchange::{SubjectTokenType, TokenExchange};
pub use host::LoginHost;
#[cfg(feature = "jwt")]
pub use jwt::{JwtBearer, PrivateKey};
pub use password::UsernamePassword;
pub use refresh::{RefreshToken, RefreshTokenStore};
pub use session::{Session, SessionProvider};
#[cfg(feature = "soap")]
pub use soap::SoapLogin;

/// A way to log in, made `from` one of the flows or a [`Session`].
#[derive(Clone)]
pub struct Login(Arc<dyn Flow>);

/// What the client needs of a flow.
pub(crate) trait Flow: Authenticator {
    /// Where calls go until a session says where else.
    fn base(&self) -> Result<BaseUrl>;
}

impl Login {
    /// A login by sessions that come from elsewhere.
    pub fn provider(provider: impl SessionProvider + 'static) -> Self {
        Self(Arc::new(session::Provided(provider)))
    }

    pub(crate) fn base(&self) -> Result<BaseUrl> {
        self.0.base()
    }

    pub(crate) fn authenticator(self) -> Arc<dyn Authenticator> {
        self.0
    }
}

/// Shows the flow, and no secret.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! flows {
    ($($flow:ty)*) => { $(
        impl From<$flow> for Login {
            fn from(flow: $flow) -> Self {
                Self(Arc::new(flow))
            }
        }
    )* };
}
flows! { ClientCredentials RefreshToken AuthorizationCode TokenExchange UsernamePassword Session }
#[cfg(feature = "jwt")]
flows! { JwtBearer }
#[cfg(feature = "soap")]
flows! { SoapLogin }
