//! Objects and their fields: what describe shows and every read and write is checked against.

mod activities;
mod alter;
mod custom;
mod events;
mod field;
mod files;
mod makers;
mod marketing;
mod objects;
mod picklists;
mod products;
mod service;
mod setup;

use std::collections::HashMap;

pub(crate) use alter::SchemaEdit;
pub(crate) use field::{DefaultValue, Field, FieldType, PicklistValue};

/// Index of an object in [`Schema::objects`].
pub(crate) type ObjectIndex = usize;
/// Index of a field in [`Object::fields`], and of its value in a row.
pub(crate) type FieldIndex = usize;

/// What can be done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Abilities {
    pub(crate) createable: bool,
    pub(crate) updateable: bool,
    pub(crate) deletable: bool,
    pub(crate) undeletable: bool,
    pub(crate) mergeable: bool,
    pub(crate) searchable: bool,
    pub(crate) replicateable: bool,
    pub(crate) layoutable: bool,
    pub(crate) triggerable: bool,
    pub(crate) feeds: bool,
    pub(crate) most_recently_used: bool,
}

/// One object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) label_plural: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) can: Abilities,
    pub(crate) fields: Vec<Field>,
    pub(crate) children: Vec<ChildRelationship>,
    by_name: HashMap<String, FieldIndex>,
    by_relationship: HashMap<String, FieldIndex>,
}

/// The view from a parent on the children that refer to it through one field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChildRelationship {
    pub(crate) name: Option<&'static str>,
    pub(crate) child: ObjectIndex,
    pub(crate) field: FieldIndex,
    pub(crate) cascade_delete: bool,
    pub(crate) restricted_delete: bool,
    /// The field is hidden from the API user, and the relationship with it.
    pub(crate) hidden: bool,
}

impl Object {
    fn new(name: &'static str, label: &'static str, plural: &'static str, prefix: &'static str) -> Object {
        Object {
            name,
            label,
            label_plural: plural,
            prefix,
            can: Abilities::default(),
            fields: Vec::new(),
            children: Vec::new(),
            by_name: HashMap::new(),
            by_relationship: HashMap::new(),
        }
    }

    /// The index of a field that the API user may see, whatever the case of the name.
    pub(crate) fn find(&self, name: &str) -> Option<FieldIndex> {
        self.position(name).filter(|index| !self.fields[*index].hidden)
    }

    /// The index of a field, hidden or not: for what the platform does itself.
    pub(crate) fn position(&self, name: &str) -> Option<FieldIndex> {
        // Callers mostly spell names as describe does: look before folding the case.
        let exact = self.by_name.get(name);
        exact.or_else(|| self.by_name.get(&name.to_ascii_lowercase())).copied()
    }

    /// The fields that the API user may see, with their indexes.
    pub(crate) fn visible(&self) -> impl Iterator<Item = (FieldIndex, &Field)> {
        self.fields.iter().enumerate().filter(|(_, field)| !field.hidden)
    }

    /// The field at `index`; indexes come from [`find`](Object::find) and so are always valid.
    pub(crate) fn field(&self, index: FieldIndex) -> &Field {
        &self.fields[index]
    }

    /// The reference field whose parent is called `name`.
    pub(crate) fn find_relationship(&self, name: &str) -> Option<FieldIndex> {
        let exact = self.by_relationship.get(name);
        let index = exact.or_else(|| self.by_relationship.get(&name.to_ascii_lowercase())).copied();
        index.filter(|index| !self.fields[*index].hidden)
    }

    /// The children called `name`.
    pub(crate) fn find_children(&self, name: &str) -> Option<&ChildRelationship> {
        let named = |child: &ChildRelationship| child.name.is_some_and(|known| known.eq_ignore_ascii_case(name));
        self.children.iter().find(|child| !child.hidden && named(child))
    }

    /// The field that names a record, if the object has one.
    pub(crate) fn name_field(&self) -> Option<FieldIndex> {
        self.fields.iter().position(|field| field.name_field)
    }

    fn index(&mut self) {
        self.by_name.clear();
        self.by_relationship.clear();
        for (index, field) in self.fields.iter().enumerate() {
            self.by_name.insert(field.name.to_owned(), index);
            self.by_name.insert(field.name.to_ascii_lowercase(), index);
            if let Some(relationship) = field.relationship {
                self.by_relationship.insert(relationship.to_owned(), index);
                self.by_relationship.insert(relationship.to_ascii_lowercase(), index);
            }
        }
    }
}

/// All objects of the organisation.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(crate) objects: Vec<Object>,
    by_name: HashMap<String, ObjectIndex>,
    by_prefix: HashMap<&'static str, ObjectIndex>,
}

impl Schema {
    /// The standard objects of a sales and service organisation, with custom fields and objects of every kind.
    pub(crate) fn standard() -> Schema {
        let mut objects = objects::standard();
        objects.extend(custom::objects());
        for (object, field) in custom::fields() {
            if let Some(object) = objects.iter_mut().find(|known| known.name == object) {
                object.fields.push(field);
            }
        }
        Schema::of(objects)
    }

    /// Objects with their names looked up and their relationships linked.
    fn of(mut objects: Vec<Object>) -> Schema {
        objects.extend(events::platform_events());
        objects.iter_mut().for_each(Object::index);
        let by_name: HashMap<String, ObjectIndex> =
            objects.iter().enumerate().map(|(index, object)| (object.name.to_ascii_lowercase(), index)).collect();
        // Where two objects share a prefix, ids mean the first of them: a content note is a document.
        let by_prefix = objects.iter().enumerate().rev().map(|(index, object)| (object.prefix, index)).collect();
        for object in &mut objects {
            object.children.clear();
            object.index();
        }
        let mut schema = Schema { objects, by_name, by_prefix };
        schema.link_children();
        schema
    }

    fn link_children(&mut self) {
        let mut links = Vec::new();
        for (child, object) in self.objects.iter().enumerate() {
            for (field, definition) in object.fields.iter().enumerate() {
                let parents = definition.reference_to.iter().filter_map(|parent| self.find(parent));
                let link = ChildRelationship {
                    name: definition.children,
                    child,
                    field,
                    cascade_delete: definition.cascade_delete,
                    restricted_delete: definition.restricted_delete,
                    hidden: definition.hidden,
                };
                links.extend(parents.map(|parent| (parent, link)));
            }
        }
        for (parent, link) in links {
            self.objects[parent].children.push(link);
        }
    }

    /// The index of an object, whatever the case of the name.
    pub(crate) fn find(&self, name: &str) -> Option<ObjectIndex> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// The object whose ids start with `prefix`.
    pub(crate) fn by_prefix(&self, prefix: &str) -> Option<ObjectIndex> {
        self.by_prefix.get(prefix).copied()
    }

    /// The object at `index`; indexes come from this schema and so are always valid.
    pub(crate) fn object(&self, index: ObjectIndex) -> &Object {
        &self.objects[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Objects to which standard fields refer and of which this organisation has no licence.
    const NOT_SERVED: [&str; 7] =
        ["Asset", "Calendar", "CallCenter", "DandBCompany", "OperatingHours", "OpportunityHistory", "EmailTemplate"];

    #[test]
    fn names_ignore_case_and_keep_their_spelling() {
        let schema = Schema::standard();
        let contact = schema.object(schema.find("cOnTaCt").unwrap());
        assert_eq!(contact.name, "Contact");
        assert_eq!(contact.field(contact.find("lastNAME").unwrap()).name, "LastName");
        assert_eq!(contact.find("Nope"), None);
        assert_eq!(contact.field(contact.find_relationship("reportsto").unwrap()).name, "ReportsToId");
    }

    #[test]
    fn the_tables_are_consistent() {
        let schema = Schema::standard();
        for object in &schema.objects {
            assert_eq!(object.fields[0].name == "Id", !object.name.ends_with("__e"), "{}", object.name);
            assert_eq!(object.prefix.len(), 3, "{}", object.name);
            let shared = if object.name == "ContentNote" { "ContentDocument" } else { object.name };
            assert_eq!(schema.by_prefix(object.prefix), schema.find(shared), "{}", object.name);
            let mut names: Vec<_> = object.fields.iter().map(|field| field.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), object.fields.len(), "{} has a field twice", object.name);
            for field in &object.fields {
                let at = format!("{}.{}", object.name, field.name);
                assert_eq!(field.kind == FieldType::Reference, !field.reference_to.is_empty(), "{at}");
                let known = |parent: &&str| schema.find(parent).is_some() || NOT_SERVED.contains(parent);
                assert!(field.reference_to.iter().all(known), "{at}");
                assert!(field.controller.is_none_or(|name| object.find(name).is_some()), "{at}");
                assert!(field.compound.is_none_or(|name| object.find(name).is_some()), "{at}");
                let text = field.kind.is_text() || matches!(field.kind, FieldType::Id | FieldType::Reference);
                assert_eq!(text, field.length > 0, "{at}");
                let listed = |value: &str| field.picklist.iter().any(|entry| entry.value == value);
                assert!(!matches!(field.default, DefaultValue::Text(value) if !listed(value)), "{at}");
            }
        }
    }

    #[test]
    fn required_fields_are_the_documented_ones() {
        let schema = Schema::standard();
        for (object, required) in [
            ("Account", vec!["Name"]),
            ("Contact", vec!["LastName"]),
            ("Lead", vec!["LastName", "Company"]),
            ("Opportunity", vec!["Name", "StageName", "CloseDate"]),
            ("OpportunityContactRole", vec!["OpportunityId", "ContactId"]),
            ("Task", vec![]),
            ("Note", vec!["ParentId", "Title"]),
        ] {
            let object = schema.object(schema.find(object).unwrap());
            let names: Vec<_> = object.fields.iter().filter(|field| field.required()).map(|field| field.name).collect();
            assert_eq!(names, required, "{}", object.name);
        }
    }

    #[test]
    fn children_are_known_by_their_relationship_names() {
        let schema = Schema::standard();
        for (parent, name, child) in [
            ("Account", "Contacts", "Contact"),
            ("Account", "Opportunities", "Opportunity"),
            ("Account", "ChildAccounts", "Account"),
            ("Contact", "Tasks", "Task"),
            ("Opportunity", "OpportunityContactRoles", "OpportunityContactRole"),
            ("Opportunity", "Notes", "Note"),
        ] {
            let object = schema.object(schema.find(parent).unwrap());
            let link = object.find_children(name).unwrap_or_else(|| panic!("{parent}.{name}"));
            assert_eq!(schema.object(link.child).name, child);
        }
    }
}
