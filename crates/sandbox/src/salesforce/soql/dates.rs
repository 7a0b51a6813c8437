//! Relative dates: each is a range of days, cut at midnight UTC, the users' time zone here.

use std::ops::Range;

use chrono::{Datelike as _, Days, Months, NaiveDate};

/// A unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    /// Reads `WEEK`, `WEEKS`, `FISCAL_QUARTER`, …. The fiscal year starts in January, so it is the calendar's.
    fn parse(text: &str) -> Option<Unit> {
        let text = text.strip_suffix('S').unwrap_or(text);
        match text {
            "DAY" => Some(Unit::Day),
            "WEEK" => Some(Unit::Week),
            "MONTH" => Some(Unit::Month),
            "QUARTER" | "FISCAL_QUARTER" => Some(Unit::Quarter),
            "YEAR" | "FISCAL_YEAR" => Some(Unit::Year),
            _ => None,
        }
    }

    /// The first day of the unit that holds `day`. Weeks start on Sunday, as in the English (US) locale.
    fn start(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Unit::Day => Some(day),
            Unit::Week => day.checked_sub_days(Days::new(day.weekday().num_days_from_sunday().into())),
            Unit::Month => day.with_day(1),
            Unit::Quarter => day.with_day(1)?.with_month(day.month0() / 3 * 3 + 1),
            Unit::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1),
        }
    }

    /// `start` moved by a number of whole units.
    fn shift(self, start: NaiveDate, by: i64) -> Option<NaiveDate> {
        let months = |months: u64| {
            let months = Months::new(u32::try_from(months.checked_mul(by.unsigned_abs())?).ok()?);
            if by < 0 { start.checked_sub_months(months) } else { start.checked_add_months(months) }
        };
        let days = |days: u64| {
            let days = Days::new(days.checked_mul(by.unsigned_abs())?);
            if by < 0 { start.checked_sub_days(days) } else { start.checked_add_days(days) }
        };
        match self {
            Unit::Day => days(1),
            Unit::Week => days(7),
            Unit::Month => months(1),
            Unit::Quarter => months(3),
            Unit::Year => months(12),
        }
    }
}

/// What a literal means, in units from the current one: first included, end excluded.
fn meaning(name: &str, count: Option<u32>) -> Option<(Unit, i64, i64)> {
    let Some(count) = count else {
        return match name {
            "YESTERDAY" => Some((Unit::Day, -1, 0)),
            "TODAY" => Some((Unit::Day, 0, 1)),
            "TOMORROW" => Some((Unit::Day, 1, 2)),
            // Today belongs to it.
            "LAST_90_DAYS" => Some((Unit::Day, -90, 1)),
            "NEXT_90_DAYS" => Some((Unit::Day, 1, 91)),
            _ => {
                let (which, unit) = name.split_once('_')?;
                let unit = Unit::parse(unit).filter(|unit| *unit != Unit::Day && !name.ends_with('S'))?;
                match which {
                    "LAST" => Some((unit, -1, 0)),
                    "THIS" => Some((unit, 0, 1)),
                    "NEXT" => Some((unit, 1, 2)),
                    _ => None,
                }
            }
        };
    };
    let count = i64::from(count);
    if !name.trim_end_matches("_AGO").ends_with('S') {
        return None;
    }
    if let Some(unit) = name.strip_prefix("LAST_N_") {
        let unit = Unit::parse(unit)?;
        return Some((unit, -count, if unit == Unit::Day { 1 } else { 0 }));
    }
    if let Some(unit) = name.strip_prefix("NEXT_N_") {
        return Some((Unit::parse(unit)?, 1, count + 1));
    }
    let unit = Unit::parse(name.strip_prefix("N_")?.strip_suffix("_AGO")?)?;
    Some((unit, -count, 1 - count))
}

/// Whether there is such a literal, with or without a count.
pub(super) fn is_literal(name: &str, counted: bool) -> bool {
    meaning(name, counted.then_some(1)).is_some()
}

/// The days that a literal stands for; `None` when they leave the calendar.
pub(super) fn range(name: &str, count: Option<u32>, today: NaiveDate) -> Option<Range<NaiveDate>> {
    let (unit, first, end) = meaning(name, count)?;
    let current = unit.start(today)?;
    Some(unit.shift(current, first)?..unit.shift(current, end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_the_documented_ranges() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        // A Wednesday.
        let today = day("2024-05-15");
        for (name, count, from, to) in [
            ("YESTERDAY", None, "2024-05-14", "2024-05-15"),
            ("TODAY", None, "2024-05-15", "2024-05-16"),
            ("TOMORROW", None, "2024-05-16", "2024-05-17"),
            ("LAST_WEEK", None, "2024-05-05", "2024-05-12"),
            ("THIS_WEEK", None, "2024-05-12", "2024-05-19"),
            ("NEXT_WEEK", None, "2024-05-19", "2024-05-26"),
            ("LAST_MONTH", None, "2024-04-01", "2024-05-01"),
            ("THIS_QUARTER", None, "2024-04-01", "2024-07-01"),
            ("NEXT_FISCAL_YEAR", None, "2025-01-01", "2026-01-01"),
            ("LAST_90_DAYS", None, "2024-02-15", "2024-05-16"),
            ("LAST_N_DAYS", Some(7), "2024-05-08", "2024-05-16"),
            ("NEXT_N_DAYS", Some(2), "2024-05-16", "2024-05-18"),
            ("N_DAYS_AGO", Some(3), "2024-05-12", "2024-05-13"),
            ("LAST_N_WEEKS", Some(2), "2024-04-28", "2024-05-12"),
            ("NEXT_N_MONTHS", Some(2), "2024-06-01", "2024-08-01"),
            ("N_QUARTERS_AGO", Some(1), "2024-01-01", "2024-04-01"),
            ("LAST_N_FISCAL_QUARTERS", Some(1), "2024-01-01", "2024-04-01"),
            ("N_YEARS_AGO", Some(10), "2014-01-01", "2015-01-01"),
        ] {
            assert_eq!(range(name, count, today), Some(day(from)..day(to)), "{name}");
        }
        for (name, counted) in [
            ("SOON", false),
            ("LAST_DAY", false),
            ("LAST_N_DAY", true),
            ("LAST_N_DAYS", false),
            ("TODAY", true),
            ("THIS_WEEKS", false),
        ] {
            assert!(!is_literal(name, counted), "{name}");
        }
        assert_eq!(range("LAST_N_YEARS", Some(u32::MAX), today), None);
    }
}
