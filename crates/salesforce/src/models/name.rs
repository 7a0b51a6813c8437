use serde::Deserialize;

use crate::AnyId;

/// What is known of a record behind a reference that may lead to several objects: `Who`, `What`, `Owner` of leads,
/// cases and tasks. Only these fields can be selected there (`Who.Name`, `Owner.Type`); those that were not, or that
/// the record does not have, are `None`. `Debug` shows the object only.
#[derive(Clone, PartialEq, Default, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "PascalCase", default)]
pub struct Named {
    #[serde(rename = "attributes")]
    attributes: Attributes,
    /// The record's id.
    pub id: Option<AnyId>,
    /// Its name.
    pub name: Option<String>,
    /// A person's given name.
    pub first_name: Option<String>,
    /// A person's family name.
    pub last_name: Option<String>,
    /// The object's API name, from the field `Type`.
    #[serde(rename = "Type")]
    pub object_type: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// A person's position.
    pub title: Option<String>,
    /// A user's login name.
    pub username: Option<String>,
}

#[derive(Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Attributes {
    #[serde(rename = "type")]
    object: Option<String>,
}

impl Named {
    /// The object's API name: the field `Type` where it was selected, else what the row says of itself. Old API
    /// versions say `Name` there, which tells nothing and gives `None`.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        let said = self.attributes.object.as_deref().filter(|object| *object != "Name");
        self.object_type.as_deref().or(said)
    }
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Named").field("object", &self.object()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_known_from_either_place() {
        let read = |json: &str| serde_json::from_str::<Named>(json).unwrap();
        let lead = read(r#"{"attributes":{"type":"Lead"},"Name":"Ada"}"#);
        assert_eq!((lead.object(), lead.name.as_deref()), (Some("Lead"), Some("Ada")));
        assert_eq!(read(r#"{"attributes":{"type":"Name"},"Name":"Ada"}"#).object(), None);
        assert_eq!(read(r#"{"attributes":{"type":"Name"},"Type":"Contact"}"#).object(), Some("Contact"));
        assert!(!format!("{lead:?}").contains("Ada"));
    }
}
