//! The hourly limit of the plan, and the gateway's own.

use axum::http::HeaderName;
use chrono::{DateTime, Utc};

use super::errors::{Failure, Result};
use super::state::State;
use crate::Reply;

/// Calls counted in the current hour or minute.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Window {
    number: i64,
    count: u32,
}

impl Window {
    /// Counts a call, and says how many there are now in its window.
    fn count(&mut self, now: DateTime<Utc>, seconds: i64) -> u32 {
        let number = now.timestamp().div_euclid(seconds);
        if number != self.number {
            *self = Window { number, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }

    fn seconds_left(self, now: DateTime<Utc>, seconds: i64) -> i64 {
        seconds - now.timestamp().rem_euclid(seconds)
    }
}

const HOUR: i64 = 3_600;
/// What the gateway asks callers to wait.
const EDGE_PAUSE: u64 = 180;

impl State {
    /// The gateway counts every call, before it is known whose.
    pub(super) fn pass_gateway(&mut self, now: DateTime<Utc>) -> Result<()> {
        let limit = self.quirks.edge_limit_per_minute;
        if limit > 0 && self.minute.count(now, 60) > limit {
            return Err(Failure::too_many_requests(Some(EDGE_PAUSE)));
        }
        Ok(())
    }

    /// The plan counts every call of the account, also those beyond the limit.
    pub(super) fn pass_plan(&mut self, now: DateTime<Utc>) -> Result<()> {
        if self.hour.count(now, HOUR) > self.quirks.hourly_limit {
            return Err(Failure::too_many_requests(None));
        }
        Ok(())
    }

    /// Some contact calls fail because a service behind them is called too fast.
    pub(super) fn pass_inner_limit(&mut self) -> Result<()> {
        let every = u64::from(self.quirks.inner_limit_every);
        self.contact_calls += 1;
        if every > 0 && self.contact_calls.is_multiple_of(every) { Err(Failure::inner_limit()) } else { Ok(()) }
    }

    pub(super) fn with_rate_headers(&self, reply: Reply, now: DateTime<Utc>) -> Reply {
        if !self.quirks.rate_limit_headers {
            return reply;
        }
        let limit = self.quirks.hourly_limit;
        reply
            .header(HeaderName::from_static("x-ratelimit-limit"), limit)
            .header(HeaderName::from_static("x-ratelimit-remaining"), limit.saturating_sub(self.hour.count))
            .header(HeaderName::from_static("x-ratelimit-reset"), self.hour.seconds_left(now, HOUR))
    }
}
