//! The limits at work: who may go, who must wait, and for how long.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::error::ErrorKind;
use crate::limit::{Allowance, DailyBudget, LimitFeedback, Limits, Quota};
use crate::retry::LONGEST_PAUSE;

/// Why a call was not let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) wait: Option<Duration>,
    pub(crate) why: Cow<'static, str>,
    pub(crate) hint: Option<&'static str>,
}

/// Held while a call is under way.
#[derive(Debug)]
pub(crate) struct Permit {
    _slot: Option<OwnedSemaphorePermit>,
}

type Window = governor::RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>;

/// The limits at work. Waiters stand in one queue, so that nobody starves.
#[derive(Debug)]
pub(crate) struct Limiter {
    windows: Vec<(Window, NonZeroU32)>,
    queue: tokio::sync::Mutex<()>,
    clock: TokioClock,
    paused_until: Mutex<Option<Instant>>,
    slots: Option<Arc<Semaphore>>,
    budget: Option<DailyBudget>,
    day: Mutex<Day>,
}

#[derive(Debug, Default)]
struct Day {
    date: Option<NaiveDate>,
    spent: u64,
    told: Option<Told>,
    /// Calls whose answers have not come: the server's count may not know them yet.
    open: u64,
}

/// The server's last word about the day: of the whole account, and of the caller's own part.
#[derive(Debug, Clone, Copy)]
struct Told {
    whole: Option<Allowance>,
    share: Option<Allowance>,
    since: Instant,
}

/// A call that was taken out of the daily budget and is under way.
#[derive(Debug)]
#[must_use]
pub(crate) struct Spent<'a> {
    limiter: &'a Limiter,
    weight: u64,
}

impl Drop for Spent<'_> {
    fn drop(&mut self) {
        let mut day = lock(&self.limiter.day);
        day.open = day.open.saturating_sub(self.weight);
    }
}

/// A server's word about the day is believed for so long; then one call may go and ask.
const TOLD_HOLDS: Duration = LONGEST_PAUSE;

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        let clock = TokioClock { origin: Instant::now() };
        let window = |quota: &Quota| (Window::direct_with_clock(quota.to_governor(), clock.clone()), quota.burst);
        Self {
            windows: limits.windows.iter().map(window).collect(),
            queue: tokio::sync::Mutex::new(()),
            paused_until: Mutex::new(None),
            slots: limits.concurrency.map(|calls| Arc::new(Semaphore::new(calls.min(Semaphore::MAX_PERMITS)))),
            budget: limits.daily,
            day: Mutex::new(Day::default()),
            clock,
        }
    }

    /// Takes `weight` calls out of the daily budget, or says that it is spent.
    pub(crate) fn spend(&self, weight: u32, now: DateTime<Utc>) -> Result<Option<Spent<'_>>, Refusal> {
        let Some(budget) = self.budget else {
            return Ok(None);
        };
        let weight = u64::from(weight);
        let mut day = lock(&self.day);
        if day.date != Some(now.date_naive()) {
            day.date = Some(now.date_naive());
            day.spent = 0;
        }
        if let Some(calls) = budget.calls.filter(|calls| day.spent + weight > *calls) {
            let why = format!("the client's own daily budget is spent: {} of {calls} calls", day.spent);
            let hint = Some("wait until midnight (UTC), or raise the client's daily budget");
            return Err(Refusal { kind: ErrorKind::QuotaExhausted, wait: until_midnight(now), why: why.into(), hint });
        }
        for left in day.told.into_iter().flat_map(|told| [told.whole, told.share]).flatten() {
            let floor = budget.floor(left.limit);
            let age = day.told.map_or(Duration::ZERO, |told| told.since.elapsed());
            let holds = left.reset_in.map_or(TOLD_HOLDS, |reset| reset.min(TOLD_HOLDS));
            if floor > 0 && left.remaining < floor.saturating_add(weight).saturating_add(day.open) {
                let wait = left.reset_in.unwrap_or(holds).saturating_sub(age);
                // Once the word is old, one call asks anew; until its answer comes the others keep waiting.
                if age < holds || day.open > 0 {
                    return Err(down_to_the_floor(left, floor, wait));
                }
            }
        }
        day.spent += weight;
        day.open += weight;
        drop(day);
        Ok(Some(Spent { limiter: self, weight }))
    }

    /// Waits until `weight` calls may be made, or says how long that would take if it is later than `deadline`.
    pub(crate) async fn admit(&self, weight: u32, deadline: Instant) -> Result<Permit, Refusal> {
        let late = |wait| Refusal {
            kind: ErrorKind::RateLimited,
            wait,
            why: Cow::Borrowed("the rate limit leaves no time before the deadline"),
            hint: None,
        };
        let wait = async {
            let slot = match &self.slots {
                Some(slots) => slots.clone().acquire_owned().await.ok(),
                None => None,
            };
            self.pass_pause(deadline).await.map_err(|wait| late(Some(wait)))?;
            if !self.windows.is_empty() && weight > 0 {
                let _turn = self.queue.lock().await;
                for (window, burst) in &self.windows {
                    self.pass_window(window, *burst, weight, deadline).await.map_err(|wait| late(Some(wait)))?;
                }
                // The server may have called for a pause meanwhile.
                self.pass_pause(deadline).await.map_err(|wait| late(Some(wait)))?;
            }
            Ok(Permit { _slot: slot })
        };
        tokio::time::timeout_at(deadline, wait).await.unwrap_or_else(|_| Err(late(None)))
    }

    async fn pass_window(
        &self,
        window: &Window,
        burst: NonZeroU32,
        weight: u32,
        deadline: Instant,
    ) -> Result<(), Duration> {
        let mut left = weight;
        while let Some(part) = NonZeroU32::new(left.min(burst.get())) {
            match window.check_n(part) {
                Ok(Ok(())) => left -= part.get(),
                Ok(Err(not_yet)) => {
                    sleep_before(not_yet.wait_time_from(self.clock.now()), deadline).await?;
                }
                // A part never exceeds the burst, so this cannot be; were it so, waiting would not help.
                Err(_) => break,
            }
        }
        Ok(())
    }

    async fn pass_pause(&self, deadline: Instant) -> Result<(), Duration> {
        loop {
            let paused_until = *lock(&self.paused_until);
            match paused_until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(wait) if !wait.is_zero() => sleep_before(wait, deadline).await?,
                _ => return Ok(()),
            }
        }
    }

    /// Stops all clones for `wait` (at most 15 minutes), or until an earlier pause ends if that is later.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait.min(LONGEST_PAUSE);
        let mut paused_until = lock(&self.paused_until);
        *paused_until = Some(paused_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// Listens to what the server says.
    pub(crate) fn hear(&self, feedback: &LimitFeedback) {
        if let Some(Allowance { remaining: 0, reset_in: Some(reset), .. }) = feedback.window {
            self.pause(reset);
        }
        let (whole, share) = (feedback.daily, feedback.daily_share);
        if whole.is_some() || share.is_some() {
            let mut day = lock(&self.day);
            // Answers overtake each other: of calls that were under way together, the one counted last is right.
            let open = day.open;
            let overtaken = |old: Option<Allowance>, new: Option<Allowance>| {
                let (Some(old), Some(new)) = (old, new) else { return false };
                old.limit == new.limit && new.remaining > old.remaining && new.remaining - old.remaining <= open
            };
            if !day.told.is_some_and(|told| overtaken(told.whole, whole) || overtaken(told.share, share)) {
                day.told = Some(Told { whole, share, since: Instant::now() });
            }
        }
    }

    /// Calls that may still be made today, by the own budget and by the server's last word.
    pub(crate) fn left(&self, now: DateTime<Utc>) -> Option<u64> {
        let day = lock(&self.day);
        let spent = if day.date == Some(now.date_naive()) { day.spent } else { 0 };
        let own = self.budget.and_then(|budget| budget.calls).map(|calls| calls.saturating_sub(spent));
        let floor = |left: &Allowance| self.budget.map_or(0, |budget| budget.floor(left.limit));
        let told = day.told.into_iter().flat_map(|told| [told.whole, told.share]).flatten();
        let told = told.map(|left| left.remaining.saturating_sub(floor(&left)).saturating_sub(day.open));
        told.chain(own).min()
    }

    /// What the server last said about the day.
    pub(crate) fn daily_allowance(&self) -> Option<Allowance> {
        lock(&self.day).told.and_then(|told| told.whole.or(told.share))
    }
}

async fn sleep_before(wait: Duration, deadline: Instant) -> Result<(), Duration> {
    let until = Instant::now() + wait;
    if until > deadline {
        return Err(wait);
    }
    tokio::time::sleep_until(until).await;
    Ok(())
}

/// The refusal of a call that would use up what is kept for others.
fn down_to_the_floor(left: Allowance, floor: u64, wait: Duration) -> Refusal {
    let used = match left.limit {
        Some(limit) => format!("{} of {limit} calls are used", limit.saturating_sub(left.remaining)),
        None => format!("{} calls are left", left.remaining),
    };
    let lifted = match left.reset_in {
        Some(_) => "it is renewed after the wait",
        None => "the server does not say when it is renewed; it is asked again after the wait",
    };
    let why = format!("the vendor's daily allotment is down to the reserve: {used}, {floor} are kept; {lifted}");
    let hint = Some("wait until the allotment is renewed, or keep fewer calls in reserve");
    Refusal { kind: ErrorKind::QuotaExhausted, wait: Some(wait), why: why.into(), hint }
}

fn until_midnight(now: DateTime<Utc>) -> Option<Duration> {
    let midnight = now.date_naive().checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN).and_utc();
    (midnight - now).to_std().ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Governor's view of tokio's clock, so that rates follow paused time.
#[derive(Debug, Clone)]
struct TokioClock {
    origin: Instant,
}

impl GovernorClock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.origin.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn far() -> Instant {
        Instant::now() + Duration::from_secs(1_000_000)
    }

    fn run<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_span_ever_sees_more_than_the_quota(permits in 1u32..40, burst in 1u32..40, weights in proptest::collection::vec(1u32..4, 1..60)) {
            let times = run(async {
                let limiter = Limiter::new(&Limits::new().window(Quota::per_minute(permits).burst(burst)));
                let start = Instant::now();
                let mut times = Vec::new();
                for weight in weights {
                    limiter.admit(weight, far()).await.unwrap();
                    times.extend(std::iter::repeat_n(start.elapsed(), weight.min(permits.min(burst)) as usize));
                }
                times
            });
            for from in &times {
                let within = times.iter().filter(|at| *at >= from && **at < *from + Duration::from_secs(60) - Duration::from_millis(5)).count();
                prop_assert!(within <= permits as usize, "{within} > {permits}");
            }
        }
    }

    #[test]
    fn the_full_rate_is_reached() {
        let elapsed = run(async {
            let limiter = Limiter::new(&Limits::new().window(Quota::per_minute(400)));
            let start = Instant::now();
            for _ in 0..4000 {
                limiter.admit(1, far()).await.unwrap();
            }
            start.elapsed()
        });
        assert!(elapsed > Duration::from_secs(9 * 60) && elapsed < Duration::from_secs(12 * 60), "{elapsed:?}");
    }

    #[test]
    fn a_wait_beyond_the_deadline_is_an_answer_at_once() {
        run(async {
            let limiter = Limiter::new(&Limits::new().window(Quota::per_hour(1)));
            let soon = Instant::now() + Duration::from_secs(10);
            limiter.admit(1, soon).await.unwrap();
            let before = Instant::now();
            let refusal = limiter.admit(1, soon).await.unwrap_err();
            assert_eq!(refusal.kind, ErrorKind::RateLimited);
            assert!(refusal.wait.unwrap() > Duration::from_secs(3500), "{refusal:?}");
            assert_eq!(before.elapsed(), Duration::ZERO);
        });
    }

    #[test]
    fn concurrency_is_bounded_and_given_back() {
        run(async {
            let limiter = Limiter::new(&Limits::new().concurrency(2));
            let one = limiter.admit(1, far()).await.unwrap();
            let _two = limiter.admit(1, far()).await.unwrap();
            let refusal = limiter.admit(1, Instant::now() + Duration::from_secs(5)).await.unwrap_err();
            assert_eq!(refusal.kind, ErrorKind::RateLimited);
            drop(one);
            limiter.admit(1, far()).await.unwrap();
        });
    }

    #[test]
    fn pauses_hold_everyone_and_are_clamped() {
        run(async {
            let limiter = Limiter::new(&Limits::new());
            let start = Instant::now();
            limiter.pause(Duration::from_secs(10));
            limiter.pause(Duration::from_secs(5));
            limiter.admit(1, far()).await.unwrap();
            assert_eq!(start.elapsed().as_secs(), 10);
            limiter.pause(Duration::from_secs(1_000_000_000));
            limiter.admit(1, far()).await.unwrap();
            assert_eq!(start.elapsed().as_secs(), 10 + 15 * 60);
        });
    }

    #[test]
    fn a_spent_window_pauses_until_its_reset() {
        run(async {
            let limiter = Limiter::new(&Limits::new());
            let left = |remaining, reset| {
                LimitFeedback::default().with_window(Allowance { remaining, limit: None, reset_in: reset })
            };
            let start = Instant::now();
            limiter.hear(&left(1, Some(Duration::from_secs(50))));
            limiter.hear(&left(0, None));
            limiter.admit(1, far()).await.unwrap();
            assert_eq!(start.elapsed().as_secs(), 0);
            limiter.hear(&left(0, Some(Duration::from_secs(42))));
            limiter.admit(1, far()).await.unwrap();
            assert_eq!(start.elapsed().as_secs(), 42);
        });
    }

    #[test]
    fn the_days_own_budget_is_renewed_at_midnight() {
        let limiter = run(async { Limiter::new(&Limits::new().daily(DailyBudget::calls(3))) });
        let evening = DateTime::parse_from_rfc3339("2024-05-01T23:00:00Z").unwrap().to_utc();
        drop(limiter.spend(1, evening).unwrap());
        drop(limiter.spend(2, evening).unwrap());
        let refusal = limiter.spend(1, evening).unwrap_err();
        assert_eq!((refusal.kind, refusal.wait), (ErrorKind::QuotaExhausted, Some(Duration::from_secs(3600))));
        drop(limiter.spend(3, evening + chrono::TimeDelta::hours(1)).unwrap());
    }

    fn told(remaining: u64) -> LimitFeedback {
        LimitFeedback::default().with_daily(Allowance { remaining, limit: Some(15_000), reset_in: None })
    }

    #[test]
    fn the_reserve_is_kept_by_the_servers_count_until_its_word_is_old() {
        run(async {
            for budget in [DailyBudget::default().reserve(150), DailyBudget::default().reserve(1).reserve_percent(1)] {
                let limiter = Limiter::new(&Limits::new().daily(budget));
                let now = DateTime::UNIX_EPOCH;
                drop(limiter.spend(1, now).unwrap());
                limiter.hear(&told(151));
                drop(limiter.spend(1, now).unwrap());
                limiter.hear(&told(150));
                let refusal = limiter.spend(1, now).unwrap_err();
                assert_eq!(refusal.kind, ErrorKind::QuotaExhausted);
                assert!(refusal.why.contains("14850 of 15000 calls are used, 150 are kept"), "{}", refusal.why);
                assert_eq!(refusal.wait, Some(TOLD_HOLDS));
                assert_eq!(limiter.daily_allowance().unwrap().remaining, 150);
                tokio::time::sleep(TOLD_HOLDS).await;
                let asking = limiter.spend(1, now).unwrap();
                limiter.spend(1, now).map(drop).expect_err("one call asks, the others wait for its answer");
                limiter.hear(&told(5_000));
                drop(asking);
                drop(limiter.spend(1, now).unwrap());
            }
        });
    }

    #[test]
    fn what_is_left_is_told_before_it_is_spent() {
        run(async {
            let now = DateTime::UNIX_EPOCH;
            assert_eq!(Limiter::new(&Limits::new()).left(now), None);
            let limiter = Limiter::new(&Limits::new().daily(DailyBudget::calls(100).reserve(50)));
            drop(limiter.spend(10, now).unwrap());
            assert_eq!(limiter.left(now), Some(90));
            limiter.hear(&told(80));
            let under_way = limiter.spend(5, now).unwrap();
            assert_eq!(limiter.left(now), Some(25), "80, less 50 in reserve and 5 under way");
            drop(under_way);
            limiter.hear(&told(20));
            assert_eq!(limiter.left(now), Some(0));
            limiter.hear(&told(10_000));
            assert_eq!(limiter.left(now + chrono::TimeDelta::days(1)), Some(100));
        });
    }

    #[test]
    fn the_reserve_is_kept_of_the_callers_own_share_too() {
        run(async {
            let limiter = Limiter::new(&Limits::new().daily(DailyBudget::default().reserve_percent(10)));
            let share = |remaining| {
                let own = Allowance { remaining, limit: Some(250), reset_in: None };
                told(14_000).with_daily_share(own)
            };
            limiter.hear(&share(26));
            drop(limiter.spend(1, DateTime::UNIX_EPOCH).unwrap());
            limiter.hear(&share(25));
            let refusal = limiter.spend(1, DateTime::UNIX_EPOCH).unwrap_err();
            assert!(refusal.why.contains("225 of 250 calls are used, 25 are kept"), "{}", refusal.why);
        });
    }

    #[test]
    fn calls_under_way_count_against_the_reserve() {
        run(async {
            let limiter = Limiter::new(&Limits::new().daily(DailyBudget::default().reserve(100)));
            let now = DateTime::UNIX_EPOCH;
            limiter.hear(&told(102));
            let first = limiter.spend(1, now).unwrap();
            let second = limiter.spend(1, now).unwrap();
            limiter.spend(1, now).map(drop).expect_err("the two that are under way may use up the rest");
            // The answers arrive in the wrong order.
            limiter.hear(&told(100));
            drop(second);
            limiter.hear(&told(101));
            drop(first);
            limiter.spend(1, now).map(drop).expect_err("the older answer must not hide the newer one");
        });
    }
}
