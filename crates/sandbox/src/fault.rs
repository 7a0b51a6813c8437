//! Faults on demand and by seeded rate.
//!
//! A fault is decided before the vendor sees a call. Queued faults come first, in the order in which they were
//! injected, each for the next calls that match; then every rate throws its (seeded) dice. One call meets at most
//! one fault besides latency.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Vendor;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// 429 (or what the vendor answers when called too fast), with `Retry-After` in seconds if given. Nothing is done.
    Status429 {
        /// Seconds for the `Retry-After` header.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The vendor's answer when the budget of the hour or day is spent. Nothing is done.
    Quota,
    /// A 5xx in the vendor's or its gateway's words.
    Server5xx {
        /// 500, 502, 503 or 504.
        status: u16,
        /// Whether the request was carried out before the error was answered.
        #[serde(default)]
        after: bool,
    },
    /// The connection is dropped before the request is looked at.
    ResetBefore,
    /// The request is carried out, then the connection is dropped without an answer.
    ResetAfter,
    /// The request is carried out; the answer breaks off in the middle of its body.
    TruncatedBody,
    /// The request is carried out; the answer is complete by HTTP's rules but its body is not valid JSON.
    MalformedBody,
    /// A middle box answers 200 with an HTML page. Nothing is done.
    Html200,
    /// The presented credentials have just expired. Nothing is done.
    ExpiredToken,
    /// The answer comes this many milliseconds late; may come on top of another fault.
    Latency {
        /// Milliseconds.
        millis: u64,
    },
    /// In an answer that lists records, one record in the middle carries a field of a wrong type.
    BadRecord,
}

impl FaultKind {
    /// Short name for the call log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            FaultKind::Status429 { .. } => "status_429",
            FaultKind::Quota => "quota",
            FaultKind::Server5xx { after: false, .. } => "server_5xx_before",
            FaultKind::Server5xx { after: true, .. } => "server_5xx_after",
            FaultKind::ResetBefore => "reset_before",
            FaultKind::ResetAfter => "reset_after",
            FaultKind::TruncatedBody => "truncated_body",
            FaultKind::MalformedBody => "malformed_body",
            FaultKind::Html200 => "html_200",
            FaultKind::ExpiredToken => "expired_token",
            FaultKind::Latency { .. } => "latency",
            FaultKind::BadRecord => "bad_record",
        }
    }
}

/// Which calls a fault meets. Empty parts match everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Matcher {
    /// The HTTP method, in upper case.
    pub method: Option<String>,
    /// The path must start with this.
    pub prefix: Option<String>,
    /// The path must contain this.
    pub contains: Option<String>,
    /// The path must end with this.
    pub suffix: Option<String>,
}

impl Matcher {
    /// Matches every call.
    #[must_use]
    pub fn any() -> Matcher {
        Matcher::default()
    }

    /// Matches calls with this method whose path contains `part`.
    pub fn on(method: impl Into<String>, part: impl Into<String>) -> Matcher {
        Matcher { method: Some(method.into()), contains: Some(part.into()), ..Matcher::default() }
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.prefix.as_deref().is_none_or(|prefix| path.starts_with(prefix))
            && self.contains.as_deref().is_none_or(|part| path.contains(part))
            && self.suffix.as_deref().is_none_or(|suffix| path.ends_with(suffix))
    }
}

/// A fault for the next matching calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Which calls it meets.
    #[serde(default)]
    pub on: Matcher,
    /// How many matching calls pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many matching calls it meets after that.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// `kind` for the next call of any kind.
    #[must_use]
    pub fn next(kind: FaultKind) -> Fault {
        Fault::on(kind, Matcher::any())
    }

    /// `kind` for the next call that matches.
    #[must_use]
    pub fn on(kind: FaultKind, on: Matcher) -> Fault {
        Fault { kind, on, skip: 0, times: 1 }
    }

    /// Lets `skip` matching calls pass first.
    #[must_use]
    pub fn skip(self, skip: u32) -> Fault {
        Fault { skip, ..self }
    }

    /// Meets `times` matching calls instead of one.
    #[must_use]
    pub fn times(self, times: u32) -> Fault {
        Fault { times, ..self }
    }
}

/// A fault that meets matching calls by chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Which calls it may meet.
    #[serde(default)]
    pub on: Matcher,
    /// Chance per matching call, 0 to 1.
    pub chance: f64,
}

/// The fault plan of all vendors of one sandbox. Clones share it.
#[derive(Debug, Clone)]
pub struct Faults {
    inner: Arc<Mutex<Plan>>,
}

#[derive(Debug)]
struct Plan {
    seed: u64,
    vendors: BTreeMap<Vendor, VendorPlan>,
}

#[derive(Debug)]
struct VendorPlan {
    queue: Vec<Fault>,
    rates: Vec<Rate>,
    dice: fastrand::Rng,
}

/// What one call meets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) latency: Duration,
    pub(crate) fault: Option<FaultKind>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Faults {
        Faults { inner: Arc::new(Mutex::new(Plan { seed, vendors: BTreeMap::new() })) }
    }

    /// Queues a fault.
    pub fn inject(&self, vendor: Vendor, fault: Fault) {
        self.with(vendor, |plan| plan.queue.push(fault));
    }

    /// Adds a seeded rate.
    pub fn rate(&self, vendor: Vendor, rate: Rate) {
        self.with(vendor, |plan| plan.rates.push(rate));
    }

    /// Queued faults that no call has met yet.
    #[must_use]
    pub fn pending(&self, vendor: Vendor) -> Vec<Fault> {
        self.with(vendor, |plan| plan.queue.clone())
    }

    /// Drops the queue and the rates of one vendor.
    pub fn clear(&self, vendor: Vendor) {
        self.with(vendor, |plan| {
            plan.queue.clear();
            plan.rates.clear();
        });
    }

    /// Decides what the next call meets, and uses up what it met.
    pub(crate) fn decide(&self, vendor: Vendor, method: &str, path: &str) -> Decision {
        self.with(vendor, |plan| {
            let mut decision = Decision::default();
            for fault in plan.queue.iter_mut().filter(|fault| fault.on.matches(method, path)) {
                let is_latency = matches!(fault.kind, FaultKind::Latency { .. });
                if decision.fault.is_some() && !is_latency {
                    continue;
                }
                if fault.skip > 0 {
                    fault.skip -= 1;
                    continue;
                }
                fault.times = fault.times.saturating_sub(1);
                decision.meet(&fault.kind);
            }
            plan.queue.retain(|fault| fault.times > 0);
            for rate in plan.rates.iter().filter(|rate| rate.on.matches(method, path)) {
                // The dice are thrown even when a fault is already decided, so that one plan stays one sequence.
                if plan.dice.f64() < rate.chance {
                    decision.meet(&rate.kind);
                }
            }
            decision
        })
    }

    fn with<R>(&self, vendor: Vendor, act: impl FnOnce(&mut VendorPlan) -> R) -> R {
        let mut plan = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let seed = plan.seed ^ (vendor as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        act(plan.vendors.entry(vendor).or_insert_with(|| VendorPlan {
            queue: Vec::new(),
            rates: Vec::new(),
            dice: fastrand::Rng::with_seed(seed),
        }))
    }
}

impl Decision {
    fn meet(&mut self, kind: &FaultKind) {
        match kind {
            FaultKind::Latency { millis } => self.latency += Duration::from_millis(*millis),
            other => {
                self.fault.get_or_insert_with(|| other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queued_faults_meet_matching_calls_in_order_and_are_used_up() {
        let faults = Faults::new(1);
        faults.inject(Vendor::Freshsales, Fault::on(FaultKind::Quota, Matcher::on("POST", "/notes")).skip(1).times(2));
        faults.inject(Vendor::Freshsales, Fault::next(FaultKind::Latency { millis: 5 }));
        let decide = |method: &str, path: &str| faults.decide(Vendor::Freshsales, method, path);
        assert_eq!(decide("GET", "/api/notes"), Decision { latency: Duration::from_millis(5), fault: None });
        assert_eq!(decide("POST", "/api/notes").fault, None);
        assert_eq!(decide("POST", "/api/tasks").fault, None);
        assert_eq!(decide("POST", "/api/notes").fault, Some(FaultKind::Quota));
        assert_eq!(decide("post", "/api/notes").fault, Some(FaultKind::Quota));
        assert_eq!(decide("POST", "/api/notes").fault, None);
        assert_eq!(faults.pending(Vendor::Freshsales), []);
    }

    #[test]
    fn rates_repeat_with_the_seed() {
        let throw = |seed| {
            let faults = Faults::new(seed);
            faults.rate(Vendor::Freshsales, Rate { kind: FaultKind::ResetBefore, on: Matcher::any(), chance: 0.3 });
            (0..200).map(|_| faults.decide(Vendor::Freshsales, "GET", "/").fault.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
        let hits = throw(7).iter().filter(|hit| **hit).count();
        assert!((30..=90).contains(&hits), "{hits} of 200 at a chance of 0.3");
    }
}
