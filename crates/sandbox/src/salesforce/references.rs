//! References of a composite part to the answers of earlier ones: `@{refA.id}`, `@{q.records[0].Account.Name}`.

use serde_json::Value as Json;

use super::errors::ApiError;
use super::write::Fields;

/// From this version on a reference to a null value is the null; before, the part that refers to it fails.
const NULLS_PASS_FROM: u32 = 52;

/// The answers that a part can refer to, by reference id: those that succeeded.
pub(crate) struct Answers {
    bodies: Fields,
    nulls_pass: bool,
}

impl Answers {
    pub(crate) fn new(major: u32) -> Answers {
        Answers { bodies: Fields::new(), nulls_pass: major >= NULLS_PASS_FROM }
    }

    pub(crate) fn insert(&mut self, reference: &str, body: Json) {
        self.bodies.insert(reference.to_owned(), body);
    }

    /// Replaces the references of a text. In an address the values are encoded.
    pub(crate) fn fill_in(&self, text: &str, in_url: bool) -> Result<String, ApiError> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, path, after)) = next_reference(rest) {
            filled.push_str(before);
            match self.look_up(path)? {
                Json::String(value) if in_url => {
                    let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                    filled.push_str(&encoded.replace('+', "%20"));
                }
                Json::String(value) => filled.push_str(value),
                Json::Null => {}
                other => filled.push_str(&other.to_string()),
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// Replaces the references of a body. One that is a whole text keeps its type.
    pub(crate) fn fill_in_json(&self, value: &Json) -> Result<Json, ApiError> {
        Ok(match value {
            Json::String(text) => match next_reference(text) {
                Some(("", path, "")) => self.look_up(path)?.clone(),
                _ => Json::String(self.fill_in(text, false)?),
            },
            Json::Array(list) => list.iter().map(|entry| self.fill_in_json(entry)).collect::<Result<_, _>>()?,
            Json::Object(members) => {
                let filled = members.iter().map(|(name, value)| Ok((name.clone(), self.fill_in_json(value)?)));
                Json::Object(filled.collect::<Result<_, ApiError>>()?)
            }
            other => other.clone(),
        })
    }

    /// Follows `ref.records[0].Id` into the earlier answers.
    fn look_up<'a>(&'a self, path: &str) -> Result<&'a Json, ApiError> {
        let reference = reference_of(path);
        let message = || format!("Invalid reference specified. No value for {path} found in {reference}");
        let missing = || ApiError::request("PROCESSING_HALTED", message());
        let steps = path.get(reference.len()..).unwrap_or_default();
        let mut value = self.bodies.get(reference).ok_or_else(missing)?;
        for step in steps.split('.') {
            let (name, indexes) = step.split_once('[').map_or((step, ""), |(name, rest)| (name, rest));
            if !name.is_empty() {
                value = value.get(name).ok_or_else(missing)?;
            }
            for index in indexes.split('[').filter(|index| !index.is_empty()) {
                let index: usize = index.trim_end_matches(']').parse().map_err(|_| missing())?;
                value = value.get(index).ok_or_else(missing)?;
            }
        }
        if value.is_null() && !self.nulls_pass {
            let message = format!("{}. {}", message(), illegal(path));
            return Err(ApiError::request("PROCESSING_HALTED", message));
        }
        Ok(value)
    }
}

/// What is said of a reference id that is none.
pub(crate) fn illegal(reference: &str) -> String {
    format!(
        "Provided referenceId ('{reference}') must start with a letter or a number, and it can contain only letters, \
         numbers and underscores ('_')."
    )
}

/// Whether a text can be a reference id.
pub(crate) fn is_legal(reference: &str) -> bool {
    reference.starts_with(|c: char| c.is_ascii_alphanumeric())
        && reference.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The text before the first reference, its path, and the rest.
fn next_reference(text: &str) -> Option<(&str, &str, &str)> {
    let (before, after) = text.split_once("@{")?;
    let (path, after) = after.split_once('}')?;
    Some((before, path, after))
}

/// The reference id that a path begins with.
fn reference_of(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or_default()
}

/// The reference ids that a text or a body names.
pub(crate) fn named_in(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) => {
            let mut names = Vec::new();
            let mut rest = text.as_str();
            while let Some((_, path, after)) = next_reference(rest) {
                names.push(reference_of(path).to_owned());
                rest = after;
            }
            names
        }
        Json::Array(list) => list.iter().flat_map(named_in).collect(),
        Json::Object(members) => members.values().flat_map(named_in).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answers(major: u32) -> Answers {
        let mut answers = Answers::new(major);
        answers.insert("a", json!({"id": "001 x", "Fax": null}));
        answers.insert("q", json!({"records": [{"Account": {"Name": "A&B"}, "N": 7}]}));
        answers.insert("l", json!([{"id": "y"}]));
        answers
    }

    #[test]
    fn references_reach_into_earlier_answers() {
        let answers = answers(62);
        let fill = |text: &str, in_url| answers.fill_in(text, in_url).map_err(|error| error.message);
        assert_eq!(fill("/x/@{a.id}/@{q.records[0].N}", true), Ok("/x/001%20x/7".to_owned()));
        assert_eq!(fill("<@{q.records[0].Account.Name}>", false), Ok("<A&B>".to_owned()));
        assert_eq!(fill("@{l[0].id}", false), Ok("y".to_owned()));
        assert_eq!(fill("a@{b", false), Ok("a@{b".to_owned()), "no reference without its end");
        assert_eq!(answers.fill_in_json(&json!({"n": "@{q.records[0].N}"})).unwrap(), json!({"n": 7}));
        let missing = "Invalid reference specified. No value for a.Id found in a";
        assert_eq!(fill("@{a.Id}", false), Err(missing.to_owned()), "names are case-sensitive");
        assert!(fill("@{z.id}", false).is_err() && fill("@{q.records[1].N}", false).is_err());
        assert_eq!(named_in(&json!({"x": ["<@{a.id}@{q.n}>"], "y": "@{l[0].id}"})), ["a", "q", "l"]);
    }

    #[test]
    fn nulls_pass_in_newer_versions_only() {
        assert_eq!(answers(52).fill_in_json(&json!("@{a.Fax}")).unwrap(), Json::Null);
        assert_eq!(answers(52).fill_in("<@{a.Fax}>", false).unwrap(), "<>");
        assert_eq!(
            answers(51).fill_in_json(&json!("@{a.Fax}")).unwrap_err().message,
            "Invalid reference specified. No value for a.Fax found in a. Provided referenceId ('a.Fax') must start with \
             a letter or a number, and it can contain only letters, numbers and underscores ('_')."
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[@{}.\\[\\]a-z0-9é]{0,30}") {
            let _ = answers(62).fill_in(&text, true);
            let _ = named_in(&json!(text));
        }
    }
}
