//! What people, companies, places and numbers are called, country by country.

mod europe;
mod overseas;

/// One country's vocabulary. In number patterns a `#` stands for a digit.
pub(in crate::data) struct Country {
    pub(in crate::data) name: &'static str,
    /// Relative number of companies seated here.
    pub(in crate::data) weight: u32,
    pub(in crate::data) sales_region: &'static str,
    /// Country calling code.
    pub(in crate::data) calling: &'static str,
    /// Prefix of national calls, not part of the international number.
    pub(in crate::data) trunk: &'static str,
    /// National significant numbers of desk phones.
    pub(in crate::data) desk: &'static [&'static str],
    /// National significant numbers of mobile phones.
    pub(in crate::data) mobile: &'static [&'static str],
    pub(in crate::data) legal_forms: &'static [&'static str],
    pub(in crate::data) given: &'static [&'static str],
    pub(in crate::data) family: &'static [&'static str],
    /// Whether people carry two family names.
    pub(in crate::data) double_surname: bool,
    /// City, region (may be empty), postal code pattern.
    pub(in crate::data) cities: &'static [(&'static str, &'static str, &'static str)],
    pub(in crate::data) streets: &'static [&'static str],
    /// Whether the house number comes before the street.
    pub(in crate::data) number_first: bool,
    /// Second word of a company's name.
    pub(in crate::data) trades: &'static [&'static str],
}

/// All countries.
pub(super) fn all() -> impl Iterator<Item = &'static Country> + Clone {
    overseas::COUNTRIES.iter().chain(europe::COUNTRIES)
}

/// The country whose share of all weights a ticket falls into; the first for a ticket beyond them.
pub(super) fn drawn(mut ticket: u32) -> &'static Country {
    for country in all() {
        match ticket.checked_sub(country.weight) {
            Some(rest) => ticket = rest,
            None => return country,
        }
    }
    &overseas::COUNTRIES[0]
}
