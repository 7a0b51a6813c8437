use crm_model::{Contact, FieldKey, FieldPath, Label, ModelError, ObjectKind, Slot};
use proptest::prelude::*;

use crate::strategy::slot;

fn path(text: &str) -> Result<FieldPath, ModelError> {
    text.parse()
}

proptest! {
    #[test]
    fn every_path_reads_back_as_it_was_written(slot in proptest::option::of(slot())) {
        let path = FieldPath { key: Contact::PHONES, slot };
        prop_assert_eq!(path.to_string().parse::<FieldPath>().unwrap(), path);
    }

    #[test]
    fn every_custom_name_reads_back(name in "\\PC{1,12}") {
        let path = FieldPath::from(FieldKey::custom(&name));
        prop_assert_eq!(path.to_string().parse::<FieldPath>().unwrap(), path.clone());
        prop_assert_eq!(path.key.custom_name(), Some(name.as_str()));
    }

    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,16}|[a-z\\[\\]\".]{0,12}") {
        if let Ok(path) = text.parse::<FieldPath>() {
            prop_assert_eq!(path.to_string().parse::<FieldPath>().unwrap(), path);
        }
    }
}

#[test]
fn paths_are_read() {
    let entry = |slot| FieldPath::entry(Contact::PHONES, slot);
    let own = |text: &str| entry(Slot::Label(Label::Other(text.to_owned())));
    let check = |text, expected| assert_eq!(path(text).unwrap(), expected, "{text}");
    check("job_title", Contact::JOB_TITLE.into());
    check("phones[primary]", entry(Slot::Primary));
    check("phones[Primary]", entry(Slot::Primary));
    check("phones[ mobile ]", entry(Slot::Label(Label::Mobile)));
    check("phones[deal]", entry(Slot::Object(ObjectKind::Deal)));
    check("phones[Direct line]", own("Direct line"));
    check("phones[\"primary\"]", own("primary"));
    check("phones[\"a]b\"]", own("a]b"));
    check("phones[\"\"]", own(""));
    check("phones[\"home\"]", entry(Slot::Label(Label::Home)));
    check("custom.Tier__c", FieldKey::custom("Tier__c").into());
    check("custom.odd[name]", FieldKey::custom("odd[name]").into());
}

#[test]
fn what_is_no_path_says_why_and_what_to_write() {
    let check = |text: &str, why: &str| {
        let error = path(text).unwrap_err();
        assert!(matches!(&error, ModelError::Path { why: found, .. } if found.contains(why)), "{text}: {error}");
        assert!(error.to_string().contains("emails[primary]"), "{error}");
    };
    check("", "no name");
    check("[primary]", "no name");
    check("custom.", "no name");
    check("emails[", "bracket");
    check("emails[]", "bracket");
    check("emails[a]b", "bracket");
    check("emails[a][b]", "bracket");
    check("emails[\"]", "bracket");
    check("Job_Title", "lower-case");
    check("job title", "lower-case");
    check("e-mail", "lower-case");
}
