//! How fast a client may go: its own quotas, a daily budget, and what the server says about its limits.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;

use crate::retry;

/// At most so many calls in any span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    permits: NonZeroU32,
    per: Duration,
    pub(crate) burst: NonZeroU32,
}

impl Quota {
    /// At most `permits` calls in *any* span of length `per`, of which a tenth may come at once. Zero counts as one.
    #[must_use]
    pub fn new(permits: u32, per: Duration) -> Self {
        let permits = NonZeroU32::new(permits).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(permits.get() / 10).unwrap_or(NonZeroU32::MIN);
        Self { permits, per: per.max(Duration::from_millis(1)), burst }
    }

    /// At most `permits` calls in any minute.
    #[must_use]
    pub fn per_minute(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(60))
    }

    /// At most `permits` calls in any hour.
    #[must_use]
    pub fn per_hour(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(3600))
    }

    /// How many calls may come at once, from 1 to all of them. The more, the slower the steady rate: the number in any
    /// span stays the same.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = NonZeroU32::new(burst.min(self.permits.get())).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// A bucket of `burst` that gains one permit per interval. In a span of `per` it gives at most `burst` plus what it
    /// gains, so the interval is chosen such that both together are `permits`.
    pub(crate) fn to_governor(self) -> governor::Quota {
        let gained = self.permits.get() - self.burst.get() + 1;
        let interval = self.per.div_f64(f64::from(gained)).max(Duration::from_nanos(1));
        governor::Quota::with_period(interval)
            .map_or_else(|| governor::Quota::per_second(self.burst), |quota| quota.allow_burst(self.burst))
    }
}

/// What may be spent in a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DailyBudget {
    /// Calls this client may make between two UTC midnights. Default: no limit of ours.
    pub calls: Option<u64>,
    /// Calls of the vendor's daily allotment that must be left for others, by the server's own count. Default 0.
    pub reserve: u64,
    /// The same as a share of the allotment, in percent (at most 100). The larger of the two counts. Default 0.
    pub reserve_percent: u8,
}

impl DailyBudget {
    /// At most `calls` a day.
    #[must_use]
    pub fn calls(calls: u64) -> Self {
        Self { calls: Some(calls), ..Self::default() }
    }

    /// Leaves `reserve` calls of the vendor's allotment untouched.
    #[must_use]
    pub fn reserve(mut self, reserve: u64) -> Self {
        self.reserve = reserve;
        self
    }

    /// Leaves `percent` of the vendor's allotment untouched, where the server tells how large it is.
    #[must_use]
    pub fn reserve_percent(mut self, percent: u8) -> Self {
        self.reserve_percent = percent.min(100);
        self
    }

    /// How many calls must be left of an allotment.
    #[must_use]
    pub fn floor(&self, limit: Option<u64>) -> u64 {
        let share = |limit: u64| u128::from(limit) * u128::from(self.reserve_percent.min(100));
        let share = limit.map_or(0, |limit| u64::try_from(share(limit).div_ceil(100)).unwrap_or(limit));
        self.reserve.max(share)
    }
}

/// Limits that a client keeps by itself, shared by all its clones. Default: none.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Limits {
    /// Calls per span of time; all must hold.
    pub windows: Vec<Quota>,
    /// What may be spent in a day.
    pub daily: Option<DailyBudget>,
    /// How many calls may be under way at once.
    pub concurrency: Option<usize>,
}

impl Limits {
    /// No limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a quota.
    #[must_use]
    pub fn window(mut self, quota: Quota) -> Self {
        self.windows.push(quota);
        self
    }

    /// Sets the daily budget.
    #[must_use]
    pub fn daily(mut self, budget: DailyBudget) -> Self {
        self.daily = Some(budget);
        self
    }

    /// Sets how many calls may be under way at once. Zero counts as one.
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = Some(calls.max(1));
        self
    }
}

/// What a server says is left of one of its limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Calls left.
    pub remaining: u64,
    /// The whole allotment, if told.
    pub limit: Option<u64>,
    /// Time until it is renewed, if told.
    pub reset_in: Option<Duration>,
}

/// What an answer's headers say about the vendor's limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitFeedback {
    /// The limit of the present short window. None left, with a known reset, pauses all clones until then.
    pub window: Option<Allowance>,
    /// The daily allotment; it feeds [`DailyBudget::reserve`].
    pub daily: Option<Allowance>,
    /// The part of the daily allotment that is this caller's own, where the vendor gives each application one. The
    /// reserve is kept of it, too.
    pub daily_share: Option<Allowance>,
}

impl LimitFeedback {
    /// Reads the usual `X-RateLimit-Remaining`, `-Limit` or `-Total`, and `-Reset` (seconds, or a Unix time) as a window.
    #[must_use]
    pub fn from_x_rate_limit(headers: &HeaderMap, now: DateTime<Utc>) -> Self {
        /// A larger number of seconds is a point in time.
        const A_YEAR: u64 = 366 * 24 * 3600;
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let reset_in = number("x-ratelimit-reset").and_then(|reset| {
            let seconds =
                if reset < A_YEAR { reset } else { reset.saturating_sub(u64::try_from(now.timestamp()).ok()?) };
            retry::seconds(&seconds.to_string())
        });
        let window = number("x-ratelimit-remaining").map(|remaining| Allowance {
            remaining,
            limit: number("x-ratelimit-limit").or_else(|| number("x-ratelimit-total")),
            reset_in,
        });
        Self { window, ..Self::default() }
    }

    /// Says what is left of the daily allotment.
    #[must_use]
    pub fn with_daily(mut self, allowance: Allowance) -> Self {
        self.daily = Some(allowance);
        self
    }

    /// Says what is left of the caller's own part of the daily allotment.
    #[must_use]
    pub fn with_daily_share(mut self, allowance: Allowance) -> Self {
        self.daily_share = Some(allowance);
        self
    }

    /// Says what is left of the short window.
    #[must_use]
    pub fn with_window(mut self, allowance: Allowance) -> Self {
        self.window = Some(allowance);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn x_rate_limit_headers() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let read = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            LimitFeedback::from_x_rate_limit(&headers, now).window
        };
        let allowance = |remaining, limit, reset: Option<u64>| {
            Some(Allowance { remaining, limit, reset_in: reset.map(Duration::from_secs) })
        };
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("x-ratelimit-remaining", "7"), ("x-ratelimit-total", "50")]), allowance(7, Some(50), None));
        assert_eq!(read(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "30")]), allowance(0, None, Some(30)));
        assert_eq!(
            read(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000060")]),
            allowance(0, None, Some(60))
        );
        assert_eq!(
            read(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1900000060")]),
            allowance(0, None, None)
        );
        assert_eq!(read(&[("x-ratelimit-remaining", "-3")]), None);
    }
}
