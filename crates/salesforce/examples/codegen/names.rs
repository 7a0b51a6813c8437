//! Rust names for API names, labels and values.

use std::collections::BTreeSet;

/// Words that need `r#` to be names.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Words that are no names even with `r#`.
const NEVER: [&str; 3] = ["crate", "self", "super"];

/// What ends the names of custom objects and fields and says nothing about them.
const SUFFIXES: [&str; 8] = ["__c", "__s", "__e", "__b", "__x", "__mdt", "__kav", "__pc"];

/// Whether a character may stand in a name. Letters beyond ASCII stay where every one of their block is a letter to Rust.
fn stays(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || (c.is_alphabetic()
            && matches!(c, '\u{C0}'..='\u{24F}' | '\u{386}'..='\u{52F}' | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | '\u{4E00}'..='\u{9FFF}'))
}

/// The words of a name: `Last`, `Modified`, `By`, `Id` of `LastModifiedById`; `Unit`, `Price` of `unit price`.
fn words(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for (place, &c) in letters.iter().enumerate() {
        if !stays(c) {
            open = false;
            continue;
        }
        let before = place.checked_sub(1).and_then(|before| letters.get(before)).copied();
        let after = letters.get(place + 1).copied();
        let starts = c.is_uppercase()
            && before.is_some_and(|before| !before.is_uppercase() || after.is_some_and(char::is_lowercase));
        match words.last_mut().filter(|_| open && !starts) {
            Some(word) => word.push(c),
            None => words.push(c.to_string()),
        }
        open = true;
    }
    words
}

/// `PascalCase` of a text. Numbers that stood apart stay apart: `1_10` of `1-10`. Empty if nothing of it can be kept.
fn pascal(text: &str) -> String {
    let mut name = String::new();
    for word in words(text) {
        let digits = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        if digits(name.chars().last()) && digits(word.chars().next()) {
            name.push('_');
        }
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        let rest = letters.as_str();
        // `USA` and `CRM` would otherwise shout.
        if rest.chars().any(char::is_lowercase) { name.push_str(rest) } else { name.push_str(&rest.to_lowercase()) }
    }
    name
}

/// An API name without what marks it as custom.
fn bare(api: &str) -> &str {
    let ends = SUFFIXES.iter().find(|suffix| api.len() > suffix.len() && api.ends_with(*suffix));
    ends.map_or(api, |suffix| &api[..api.len() - suffix.len()])
}

/// A name that starts as one may.
fn started(name: String, letter: char) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("{letter}{name}") } else { name }
}

/// The first of a name's variations that is free.
fn free(name: &str, between: &str, mut taken: impl FnMut(&str) -> bool) -> String {
    if !taken(name) {
        return name.to_owned();
    }
    let mut number = 2_u32;
    loop {
        let candidate = format!("{name}{between}{number}");
        if !taken(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

/// The types of a file.
#[derive(Default)]
pub(crate) struct Types(BTreeSet<String>);

impl Types {
    /// The struct of an object, for which `New…` and `…Update` are free as well.
    pub(crate) fn object(&mut self, api: &str) -> String {
        // What code without paths means by these names must stay so.
        const MEANT: [&str; 9] = ["Box", "Err", "None", "Ok", "Option", "Self", "Some", "String", "Vec"];
        let mut name = started(pascal(bare(api)), 'O');
        if name.is_empty() || MEANT.contains(&name.as_str()) {
            name.push_str("Record");
        }
        let all = |name: &str| [name.to_owned(), format!("New{name}"), format!("{name}Update")];
        let name = free(&name, "", |name| all(name).iter().any(|name| self.0.contains(name)));
        self.0.extend(all(&name));
        name
    }

    /// The enum of a picklist.
    pub(crate) fn picklist(&mut self, object: &str, field: &str) -> String {
        let field = pascal(bare(field));
        // `AccountSource`, not `AccountAccountSource`.
        let name = if field.starts_with(object) && field != object { field } else { format!("{object}{field}") };
        let name = free(&name, "", |name| self.0.contains(name));
        self.0.insert(name.clone());
        name
    }
}

/// The fields of a struct, or the values of an enum.
pub(crate) struct Members(BTreeSet<String>);

impl Members {
    /// The fields of a struct: `id` is every record's, and `custom` stands in what creates and changes records.
    pub(crate) fn of_object() -> Self {
        Self(["id", "custom"].map(str::to_owned).into())
    }

    /// The values of an enum of `picklist!`, which has a value `Other`.
    pub(crate) fn of_picklist() -> Self {
        Self(["Other"].map(str::to_owned).into())
    }

    /// The field of an API name; a custom reference ends in `_id` like the standard ones.
    pub(crate) fn field(&mut self, api: &str, is_reference: bool) -> String {
        let snake = |text: &str| words(text).join("_").to_lowercase();
        let mut name = started(snake(bare(api)), 'n');
        if name.is_empty() {
            name.push_str("field");
        }
        if is_reference && !name.ends_with("_id") {
            name.push_str("_id");
        }
        if NEVER.contains(&name.as_str()) {
            name.push_str("_field");
        }
        if self.0.contains(&name) {
            let whole = started(snake(api), 'n');
            name = if whole.is_empty() || self.0.contains(&whole) { name } else { whole };
        }
        let name = free(&name, "_", |name| self.0.contains(name));
        self.0.insert(name.clone());
        if KEYWORDS.contains(&name.as_str()) { format!("r#{name}") } else { name }
    }

    /// The variant of a picklist's value.
    pub(crate) fn value(&mut self, value: &str) -> String {
        let mut name = started(pascal(value), 'N');
        if name.is_empty() || name == "Other" || name == "Self" {
            name.push_str("Value");
        }
        let between = if name.ends_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
        let name = free(&name, between, |name| self.0.contains(name));
        self.0.insert(name.clone());
        name
    }
}

/// The API name that `#[derive(SObject)]` assumes for a field without an attribute.
pub(crate) fn assumed(field: &str) -> String {
    let words = field.trim_start_matches("r#").split('_').filter(|word| !word.is_empty());
    let upper = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    words.map(upper).collect()
}
