//! The code that stands for the objects of an organisation.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use salesforce::{Describe, DescribedField, FieldKind, SObject};

use super::names::{Members, Types, assumed};

macro_rules! modelled {
    ($($name:ident),* $(,)?) => {
        /// The types of the crate by the API names of their objects.
        const MODELLED: &[(&str, &str)] = &[$((<salesforce::$name as SObject>::NAME, stringify!($name))),*];
    };
}
modelled!(
    Account,
    AccountContactRelation,
    Attachment,
    Campaign,
    CampaignMember,
    CampaignMemberStatus,
    Case,
    CaseComment,
    Contact,
    ContentDocument,
    ContentDocumentLink,
    ContentNote,
    ContentVersion,
    EmailMessage,
    Event,
    Group,
    GroupMember,
    Individual,
    Lead,
    ListView,
    Note,
    Opportunity,
    OpportunityContactRole,
    OpportunityLineItem,
    Organization,
    Pricebook2,
    PricebookEntry,
    Product2,
    Profile,
    RecordType,
    Task,
    User,
    UserRole,
);

const HEAD: &str = "\
// Made by the example `codegen` of the crate `salesforce` from what an organisation tells of its objects.
// Make it again when the objects change; what is changed here by hand is then lost.
";

/// The code for some objects. References among them are typed, and so are references to the objects of the crate.
pub(crate) fn render(objects: &[Describe]) -> String {
    let mut types = Types::default();
    let mut named: BTreeMap<&str, String> = BTreeMap::new();
    for object in objects {
        // An object that is given twice is written once.
        if !named.contains_key(object.name.as_str()) {
            named.insert(&object.name, types.object(&object.name));
        }
    }
    let mut code = HEAD.to_owned();
    let mut written: Vec<&str> = Vec::new();
    for object in objects {
        if let Some(name) = named.get(object.name.as_str()).filter(|_| !written.contains(&object.name.as_str())) {
            code.push_str(&rendered(object, name, &named, &mut types));
            written.push(&object.name);
        }
    }
    code
}

/// One object: its picklists, then its struct.
fn rendered(object: &Describe, name: &str, named: &BTreeMap<&str, String>, types: &mut Types) -> String {
    let (mut picklists, mut fields, mut left_out) = (String::new(), String::new(), Vec::new());
    let mut members = Members::of_object();
    for field in object.fields.iter().filter(|field| field.kind != FieldKind::Id) {
        if let Some(why) = reason_to_leave_out(field) {
            left_out.push(format!("`{}` ({why})", field.name));
            continue;
        }
        let kind = match kind(field, named) {
            Some(kind) => kind,
            None => {
                let kind = types.picklist(name, &field.name);
                picklists.push_str(&picklist(object, field, &kind));
                kind
            }
        };
        fields.push_str(&member(field, &kind, &mut members));
    }
    let mut code = picklists;
    let mut docs = vec![sentence(&escaped(if object.label.is_empty() { &object.name } else { &object.label }))];
    if !left_out.is_empty() {
        docs.push(format!("Left out: {}.", left_out.join(", ")));
    }
    code.push('\n');
    doc(&mut code, "", &docs);
    code.push_str("#[derive(Clone, PartialEq, salesforce::SObject)]\n");
    let prefix = object.key_prefix.as_deref().filter(|prefix| is_prefix(prefix));
    let prefix = prefix.map_or_else(String::new, |prefix| format!(", prefix = \"{prefix}\""));
    let _ = writeln!(code, "#[salesforce(object = {:?}{prefix})]", object.name);
    if object.createable || object.updateable {
        let _ = writeln!(code, "#[salesforce(new = New{name}, update = {name}Update)]");
    }
    let _ = writeln!(code, "pub struct {name} {{\n    /// The record's id.\n    pub id: salesforce::Id<{name}>,");
    code.push_str(&fields);
    let _ = write!(
        code,
        "}}\n
impl std::fmt::Debug for {name} {{
    /// The id only: the rest may be personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{
        f.debug_struct({name:?}).field(\"id\", &self.id).finish_non_exhaustive()
    }}
}}
"
    );
    code
}

/// As the derive asks for it.
fn is_prefix(prefix: &str) -> bool {
    prefix.len() == 3 && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Why a field has no place in a struct.
fn reason_to_leave_out(field: &DescribedField) -> Option<String> {
    match &field.kind {
        FieldKind::Address | FieldKind::Location => Some("a compound of fields that are here".to_owned()),
        FieldKind::Other(kind) if kind != "long" => Some(format!("of the type {kind}")),
        _ if field.deprecated_and_hidden => Some("no longer in use".to_owned()),
        _ => None,
    }
}

/// The type of a field; `None` for a picklist, whose type has yet to be made.
fn kind(field: &DescribedField, named: &BTreeMap<&str, String>) -> Option<String> {
    let known = match &field.kind {
        FieldKind::Boolean => "bool",
        FieldKind::Int | FieldKind::Other(_) => "i64",
        // Numbers are decimal at the vendor, and money must not be rounded.
        FieldKind::Double | FieldKind::Currency | FieldKind::Percent => "rust_decimal::Decimal",
        FieldKind::Date => "chrono::NaiveDate",
        FieldKind::Datetime => "chrono::DateTime<chrono::Utc>",
        FieldKind::Picklist if values(field).next().is_some() => return None,
        FieldKind::Reference => return Some(reference(field, named)),
        _ => "String",
    };
    Some(known.to_owned())
}

/// The id of the one object that a field refers to, if its type is known.
fn reference(field: &DescribedField, named: &BTreeMap<&str, String>) -> String {
    let [object] = field.reference_to.as_slice() else {
        return "salesforce::AnyId".to_owned();
    };
    if let Some(name) = named.get(object.as_str()) {
        return format!("salesforce::Id<{name}>");
    }
    let modelled = MODELLED.iter().find(|(api, _)| api == object);
    modelled.map_or_else(|| "salesforce::AnyId".to_owned(), |(_, name)| format!("salesforce::Id<salesforce::{name}>"))
}

/// The values that a picklist's fields may hold, those that are no longer chosen among them: records keep them.
fn values(field: &DescribedField) -> impl Iterator<Item = &salesforce::PicklistValue> {
    let same = |a: &salesforce::PicklistValue, b: &salesforce::PicklistValue| a.value == b.value;
    let values = &field.picklist_values;
    values.iter().enumerate().filter_map(move |(place, value)| {
        let first = values.iter().position(|other| same(other, value)) == Some(place);
        (first && !value.value.is_empty()).then_some(value)
    })
}

fn picklist(object: &Describe, field: &DescribedField, name: &str) -> String {
    let mut code = "\nsalesforce::picklist! {\n".to_owned();
    let owner = if object.label.is_empty() { &object.name } else { &object.label };
    let mut docs = vec![sentence(&format!("{} of {}", escaped(label(field)), escaped(owner)))];
    docs.extend(field.inline_help_text.as_deref().filter(|help| !help.trim().is_empty()).map(escaped));
    doc(&mut code, "    ", &docs);
    let _ = writeln!(code, "    pub enum {name} {{");
    let mut members = Members::of_picklist();
    for value in values(field) {
        let mut docs: Vec<String> = Vec::new();
        docs.extend(
            value.label.as_deref().filter(|label| *label != value.value).map(|label| sentence(&escaped(label))),
        );
        docs.extend((!value.active).then(|| "No longer chosen for new values.".to_owned()));
        if !docs.is_empty() {
            // The macro starts the documentation with the value.
            code.push_str("        ///\n");
        }
        doc(&mut code, "        ", &docs);
        let _ = writeln!(code, "        {} = {:?},", members.value(&value.value), value.value);
    }
    code.push_str("    }\n}\n");
    code
}

fn label(field: &DescribedField) -> &str {
    if field.label.is_empty() { &field.name } else { &field.label }
}

fn member(field: &DescribedField, kind: &str, members: &mut Members) -> String {
    let name = members.field(&field.name, field.kind == FieldKind::Reference);
    let mut code = String::new();
    let mut docs = vec![[vec![sentence(&escaped(label(field)))], facts(field)].concat().join(" ")];
    docs.extend(field.inline_help_text.as_deref().filter(|help| !help.trim().is_empty()).map(escaped));
    doc(&mut code, "    ", &docs);
    let mut marks: Vec<String> = Vec::new();
    if assumed(&name) != field.name {
        marks.push(format!("field = {:?}", field.name));
    }
    match (field.createable, field.updateable) {
        (_, true) => {}
        (true, false) => marks.push("create_only".to_owned()),
        (false, false) => marks.push("read_only".to_owned()),
    }
    if !marks.is_empty() {
        let _ = writeln!(code, "    #[salesforce({})]", marks.join(", "));
    }
    let _ = writeln!(code, "    pub {name}: Option<{kind}>,");
    code
}

/// What a writer of records must know of a field.
fn facts(field: &DescribedField) -> Vec<String> {
    let mut facts = Vec::new();
    if field.is_required() {
        facts.push("A new record needs it.".to_owned());
    }
    match &field.kind {
        FieldKind::Double | FieldKind::Currency | FieldKind::Percent => {
            let whole = field.precision.saturating_sub(field.scale);
            facts.push(format!("At most {whole} digits before the point and {} after it.", field.scale));
        }
        FieldKind::Int if field.digits > 0 => facts.push(format!("At most {} digits.", field.digits)),
        FieldKind::Multipicklist => facts.push("Values joined by semicolons.".to_owned()),
        FieldKind::Time => facts.push("A time of day such as `10:30:00.000Z`.".to_owned()),
        FieldKind::Base64 => facts.push("Bytes as base64 when written; a query answers with a path.".to_owned()),
        FieldKind::Reference if field.reference_to.len() > 1 => {
            facts.push(format!("An id of one of {}.", field.reference_to.join(", ")));
        }
        FieldKind::String
        | FieldKind::Textarea
        | FieldKind::Email
        | FieldKind::Phone
        | FieldKind::Url
        | FieldKind::Combobox
        | FieldKind::Encryptedstring
            if field.length > 0 =>
        {
            facts.push(format!("At most {} characters.", field.length));
        }
        _ => {}
    }
    for (holds, words) in [
        (field.calculated, "A formula."),
        (field.auto_number, "The vendor numbers it."),
        (field.is_unique_external_id(), "A unique external id."),
        (field.external_id && !field.unique, "An external id."),
        (field.updateable && !field.createable, "A new record cannot name it."),
    ] {
        if holds {
            facts.push(words.to_owned());
        }
    }
    facts
}

/// Paragraphs as documentation.
fn doc(code: &mut String, indent: &str, paragraphs: &[String]) {
    for (place, paragraph) in paragraphs.iter().enumerate() {
        if place > 0 {
            let _ = writeln!(code, "{indent}///");
        }
        let _ = writeln!(code, "{indent}/// {paragraph}");
    }
}

/// People's words on one line, with what Markdown would take for its own kept as it is.
fn escaped(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if matches!(c, '\\' | '[' | ']' | '<' | '>' | '`' | '*' | '_' | '#' | '|') {
                line.push('\\');
            }
            line.push(c);
        }
    }
    line
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?', ':']) { text.to_owned() } else { format!("{text}.") }
}
