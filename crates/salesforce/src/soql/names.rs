//! What may stand where a query names something.

/// Functions of one field that stand where a field does.
const FUNCTIONS: [&str; 25] = [
    "CALENDAR_MONTH",
    "CALENDAR_QUARTER",
    "CALENDAR_YEAR",
    "DAY_IN_MONTH",
    "DAY_IN_WEEK",
    "DAY_IN_YEAR",
    "DAY_ONLY",
    "FISCAL_MONTH",
    "FISCAL_QUARTER",
    "FISCAL_YEAR",
    "HOUR_IN_DAY",
    "WEEK_IN_MONTH",
    "WEEK_IN_YEAR",
    "convertTimezone",
    "toLabel",
    "FORMAT",
    "convertCurrency",
    "GROUPING",
    "COUNT",
    "COUNT_DISTINCT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "FIELDS",
];

/// Names of objects, fields and relationships are ASCII letters, digits and underscores, joined by points; each begins
/// with a letter.
pub(crate) fn name(text: &str) -> Result<(), String> {
    let fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if text.split('.').all(fits) { Ok(()) } else { Err(format!("{text:?} is not the name of a field or an object")) }
}

/// A name, or one of the language's functions of a name.
pub(crate) fn expression(text: &str) -> Result<(), String> {
    let Some((function, argument)) = text.strip_suffix(')').and_then(|call| call.split_once('(')) else {
        return name(text);
    };
    if !FUNCTIONS.iter().any(|known| known.eq_ignore_ascii_case(function)) {
        return Err(format!("{function:?} is not a function of the query language"));
    }
    expression(argument)
}
