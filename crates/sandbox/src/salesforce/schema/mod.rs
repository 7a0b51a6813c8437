//! Objects and their fields: what describe shows and every read and write is checked against.

mod makers;
mod objects;
mod picklists;
mod setup;

use std::collections::HashMap;

/// Index of an object in [`Schema::objects`].
pub(crate) type ObjectIndex = usize;
/// Index of a field in [`Object::fields`], and of its value in a row.
pub(crate) type FieldIndex = usize;

/// The data type of a field, in the vendor's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldType {
    Id,
    Reference,
    String,
    Textarea,
    Picklist,
    Multipicklist,
    Combobox,
    Email,
    Phone,
    Url,
    Boolean,
    Int,
    Double,
    Currency,
    Percent,
    Date,
    DateTime,
    Address,
}

impl FieldType {
    /// The name in describe's `type`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            FieldType::Id => "id",
            FieldType::Reference => "reference",
            FieldType::String => "string",
            FieldType::Textarea => "textarea",
            FieldType::Picklist => "picklist",
            FieldType::Multipicklist => "multipicklist",
            FieldType::Combobox => "combobox",
            FieldType::Email => "email",
            FieldType::Phone => "phone",
            FieldType::Url => "url",
            FieldType::Boolean => "boolean",
            FieldType::Int => "int",
            FieldType::Double => "double",
            FieldType::Currency => "currency",
            FieldType::Percent => "percent",
            FieldType::Date => "date",
            FieldType::DateTime => "datetime",
            FieldType::Address => "address",
        }
    }

    /// The name in describe's `soapType`.
    pub(crate) fn soap_name(self) -> &'static str {
        match self {
            FieldType::Id | FieldType::Reference => "tns:ID",
            FieldType::Boolean => "xsd:boolean",
            FieldType::Int => "xsd:int",
            FieldType::Double | FieldType::Currency | FieldType::Percent => "xsd:double",
            FieldType::Date => "xsd:date",
            FieldType::DateTime => "xsd:dateTime",
            FieldType::Address => "urn:address",
            _ => "xsd:string",
        }
    }

    /// The name that error texts use.
    pub(crate) fn error_name(self) -> &'static str {
        match self {
            FieldType::DateTime => "dateTime",
            FieldType::Currency | FieldType::Percent => "double",
            FieldType::Id | FieldType::Reference => "ID",
            FieldType::Boolean | FieldType::Int | FieldType::Double | FieldType::Date => self.name(),
            _ => "string",
        }
    }

    pub(crate) fn is_text(self) -> bool {
        use FieldType::{Combobox, Email, Multipicklist, Phone, Picklist, String, Textarea, Url};
        matches!(self, String | Textarea | Picklist | Multipicklist | Combobox | Email | Phone | Url)
    }

    pub(crate) fn is_decimal(self) -> bool {
        matches!(self, FieldType::Double | FieldType::Currency | FieldType::Percent)
    }
}

/// One value of a picklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PicklistValue {
    pub(crate) value: &'static str,
    pub(crate) label: &'static str,
}

/// The value that a field takes when a create does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefaultValue {
    /// Unset; false for a boolean.
    None,
    /// A picklist value.
    Text(&'static str),
    /// The user who creates the record.
    CurrentUser,
    /// Filled in by the platform from other fields or on its own.
    Platform,
}

/// One field.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: FieldType,
    /// Characters, for text.
    pub(crate) length: u32,
    /// Digits in all, for decimals.
    pub(crate) precision: u32,
    /// Digits after the point, for decimals.
    pub(crate) scale: u32,
    /// Digits, for integers.
    pub(crate) digits: u32,
    pub(crate) createable: bool,
    pub(crate) updateable: bool,
    pub(crate) nillable: bool,
    pub(crate) default: DefaultValue,
    pub(crate) external_id: bool,
    pub(crate) unique: bool,
    pub(crate) id_lookup: bool,
    pub(crate) name_field: bool,
    pub(crate) restricted: bool,
    pub(crate) filterable: bool,
    pub(crate) picklist: &'static [PicklistValue],
    pub(crate) reference_to: &'static [&'static str],
    pub(crate) relationship: Option<&'static str>,
    /// The parent's name for its children through this field.
    pub(crate) children: Option<&'static str>,
    pub(crate) cascade_delete: bool,
    pub(crate) compound: Option<&'static str>,
    pub(crate) extra_type: Option<&'static str>,
}

impl Field {
    pub(crate) fn custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// Several objects can be meant: the parent's own fields are then those of the Name object.
    pub(crate) fn polymorphic(&self) -> bool {
        self.reference_to.len() > 1
    }

    pub(crate) fn defaulted_on_create(&self) -> bool {
        self.kind == FieldType::Boolean || self.default != DefaultValue::None
    }

    /// Whether a create must name the field.
    pub(crate) fn required(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create()
    }

    pub(crate) fn sortable(&self) -> bool {
        self.filterable && !matches!(self.kind, FieldType::Address | FieldType::Multipicklist)
    }

    pub(crate) fn groupable(&self) -> bool {
        self.sortable() && !self.kind.is_decimal() && self.kind != FieldType::DateTime
    }

    pub(crate) fn aggregatable(&self) -> bool {
        self.sortable() && self.kind != FieldType::Boolean
    }

    /// Usable as the key of an upsert.
    pub(crate) fn upsert_key(&self) -> bool {
        self.external_id || self.id_lookup
    }

    /// Kept in an index of the store.
    pub(crate) fn indexed(&self) -> bool {
        let named = ["SystemModstamp", "LastModifiedDate"].contains(&self.name);
        let reference = self.kind == FieldType::Reference && !["CreatedById", "LastModifiedById"].contains(&self.name);
        let key = self.kind != FieldType::Id && (self.upsert_key() || self.unique || self.name_field);
        named || reference || key
    }
}

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

    /// The index of a field, whatever the case of the name.
    pub(crate) fn find(&self, name: &str) -> Option<FieldIndex> {
        // Callers mostly spell names as describe does: look before folding the case.
        let exact = self.by_name.get(name);
        exact.or_else(|| self.by_name.get(&name.to_ascii_lowercase())).copied()
    }

    /// The field at `index`; indexes come from [`find`](Object::find) and so are always valid.
    pub(crate) fn field(&self, index: FieldIndex) -> &Field {
        &self.fields[index]
    }

    /// The reference field whose parent is called `name`.
    pub(crate) fn find_relationship(&self, name: &str) -> Option<FieldIndex> {
        let exact = self.by_relationship.get(name);
        exact.or_else(|| self.by_relationship.get(&name.to_ascii_lowercase())).copied()
    }

    /// The children called `name`.
    pub(crate) fn find_children(&self, name: &str) -> Option<&ChildRelationship> {
        self.children.iter().find(|child| child.name.is_some_and(|known| known.eq_ignore_ascii_case(name)))
    }

    /// The field that names a record, if the object has one.
    pub(crate) fn name_field(&self) -> Option<FieldIndex> {
        self.fields.iter().position(|field| field.name_field)
    }

    fn index(&mut self) {
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
    /// The standard objects of a sales organisation with the custom fields of the demo world.
    pub(crate) fn standard() -> Schema {
        let mut objects = objects::standard();
        objects.iter_mut().for_each(Object::index);
        let by_name: HashMap<String, ObjectIndex> =
            objects.iter().enumerate().map(|(index, object)| (object.name.to_ascii_lowercase(), index)).collect();
        let by_prefix = objects.iter().enumerate().map(|(index, object)| (object.prefix, index)).collect();
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
            assert_eq!(object.fields[0].name, "Id", "{}", object.name);
            assert_eq!(object.prefix.len(), 3, "{}", object.name);
            assert_eq!(schema.by_prefix(object.prefix), schema.find(object.name));
            let mut names: Vec<_> = object.fields.iter().map(|field| field.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), object.fields.len(), "{} has a field twice", object.name);
            for field in &object.fields {
                let at = format!("{}.{}", object.name, field.name);
                assert_eq!(field.kind == FieldType::Reference, !field.reference_to.is_empty(), "{at}");
                assert!(field.reference_to.iter().all(|parent| schema.find(parent).is_some()), "{at}");
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
