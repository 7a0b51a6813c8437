//! The fields that CRMs have in common.

use crm_model::{FieldPath, ObjectKind};

use super::Pair;
use crate::{Codec, Direction};

/// Field and codec of the default pairs; both sides call the field the same.
///
/// Left out on purpose: a deal's probability follows from its stage; a note's title exists on one side only; choices
/// such as the lead source need a table that only the owner of the data can give.
fn fields(object: ObjectKind) -> &'static [(&'static str, Codec)] {
    match object {
        ObjectKind::Contact => &[
            ("first_name", Codec::Text),
            ("last_name", Codec::Text),
            ("job_title", Codec::Text),
            ("department", Codec::Text),
            ("emails[primary]", Codec::Email),
            ("phones[work]", Codec::Phone),
            ("phones[mobile]", Codec::Phone),
            ("addresses[mailing]", Codec::Address),
            ("accounts[primary]", Codec::Ref),
            ("owner", Codec::Ref),
        ],
        ObjectKind::Account => &[
            ("name", Codec::Text),
            ("website", Codec::Url),
            ("phones[main]", Codec::Phone),
            ("addresses[billing]", Codec::Address),
            ("employee_count", Codec::Number),
            ("annual_revenue", Codec::Money),
            ("parent", Codec::Ref),
            ("owner", Codec::Ref),
        ],
        ObjectKind::Deal => &[
            ("name", Codec::Text),
            ("amount", Codec::Money),
            ("expected_close", Codec::Date),
            ("stage", Codec::Ref),
            ("account", Codec::Ref),
            ("contacts[primary]", Codec::Ref),
            ("owner", Codec::Ref),
        ],
        ObjectKind::Task => &[
            ("title", Codec::Text),
            ("description", Codec::Text),
            ("due", Codec::DateOrTime),
            ("done", Codec::Bool),
            ("owner", Codec::Ref),
            ("targets[primary]", Codec::Ref),
        ],
        ObjectKind::Note => &[("body", Codec::Text), ("targets[primary]", Codec::Ref)],
        ObjectKind::Lead => &[
            ("first_name", Codec::Text),
            ("last_name", Codec::Text),
            ("job_title", Codec::Text),
            ("company_name", Codec::Text),
            ("emails[primary]", Codec::Email),
            ("phones[work]", Codec::Phone),
            ("phones[mobile]", Codec::Phone),
            ("owner", Codec::Ref),
        ],
        ObjectKind::Ticket => &[
            ("subject", Codec::Text),
            ("description", Codec::Text),
            ("status", Codec::Choice),
            ("priority", Codec::Choice),
            ("requester", Codec::Ref),
            ("account", Codec::Ref),
            ("assignee", Codec::Ref),
        ],
        ObjectKind::Engagement => &[
            ("kind", Codec::Choice),
            ("subject", Codec::Text),
            ("body", Codec::Text),
            ("occurred_at", Codec::DateOrTime),
            ("owner", Codec::Ref),
            ("targets[primary]", Codec::Ref),
        ],
        _ => &[],
    }
}

pub(super) fn pairs(object: ObjectKind) -> Vec<Pair> {
    let pair = |(path, codec): &(&str, Codec)| {
        let path: FieldPath = path.parse().ok()?;
        let pair = Pair::new(path.clone(), path, Direction::Both);
        Some(Pair { codec: Some(*codec), is_default: true, ..pair })
    };
    fields(object).iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_path_can_be_read() {
        for object in ObjectKind::RECORDS {
            assert!(!fields(object).is_empty(), "{object}");
            assert_eq!(pairs(object).len(), fields(object).len(), "{object}");
        }
    }
}
