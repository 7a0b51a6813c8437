//! Weather: which faults the vendors' calls meet by chance.

use sandbox::{FaultKind, Matcher, Rate, Sandbox, Vendor};

/// A kind of trouble between a sync and the vendors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultClass {
    /// 429 with and without `Retry-After`.
    Throttled,
    /// 5xx, before and after the vendor acted.
    ServerErrors,
    /// Connections that are lost, before and after the vendor acted.
    LostConnections,
    /// Answers that break off, are no JSON, or are a web page.
    BrokenAnswers,
    /// Sessions and keys that the vendor refuses.
    ExpiredCredentials,
    /// One record of a list that cannot be read.
    BadRecords,
    /// All of them.
    Everything,
}

impl FaultClass {
    /// Every class.
    pub const ALL: [Self; 7] = [
        Self::Throttled,
        Self::ServerErrors,
        Self::LostConnections,
        Self::BrokenAnswers,
        Self::ExpiredCredentials,
        Self::BadRecords,
        Self::Everything,
    ];

    fn kinds(self) -> Vec<FaultKind> {
        let server = |status, after| FaultKind::Server5xx { status, after };
        match self {
            Self::Throttled => {
                vec![FaultKind::Status429 { retry_after: Some(3) }, FaultKind::Status429 { retry_after: None }]
            }
            Self::ServerErrors => vec![server(503, false), server(500, false), server(502, true), server(504, true)],
            Self::LostConnections => vec![FaultKind::ResetBefore, FaultKind::ResetAfter],
            Self::BrokenAnswers => vec![FaultKind::TruncatedBody, FaultKind::MalformedBody, FaultKind::Html200],
            Self::ExpiredCredentials => vec![FaultKind::ExpiredToken],
            Self::BadRecords => vec![FaultKind::BadRecord],
            Self::Everything => {
                let others = Self::ALL.into_iter().filter(|class| *class != Self::Everything);
                others.flat_map(Self::kinds).collect()
            }
        }
    }

    /// Sets the chance that a call meets one of the class's faults; it is shared by them evenly.
    pub(super) fn apply(self, sandbox: &Sandbox, chance: f64) {
        let kinds = self.kinds();
        for vendor in Vendor::ALL {
            for kind in &kinds {
                let chance = chance / kinds.len() as f64;
                sandbox.faults().rate(vendor, Rate { kind: kind.clone(), on: Matcher::any(), chance });
            }
        }
    }
}
