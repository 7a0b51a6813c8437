//! Deletions need evidence, give way to edits, and stop when there are too many.

use crm_model::Deleted;
use sync_core::deletes::{DeleteAction, DeletePolicy, brake, brake_limit, decide};

#[test]
fn every_kind_of_evidence() {
    let soft = Deleted::Soft { at: None };
    let merged = Deleted::MergedInto("7".into());
    for (evidence, edited, policy, expected) in [
        (&Deleted::No, false, DeletePolicy::Delete, DeleteAction::Nothing),
        (&Deleted::No, true, DeletePolicy::Delete, DeleteAction::Nothing),
        (&soft, false, DeletePolicy::Unlink, DeleteAction::Unlink),
        (&soft, false, DeletePolicy::Delete, DeleteAction::Delete),
        (&Deleted::Hard, false, DeletePolicy::Unlink, DeleteAction::Unlink),
        (&Deleted::Hard, false, DeletePolicy::Delete, DeleteAction::Delete),
        (&Deleted::Hard, true, DeletePolicy::Unlink, DeleteAction::Review),
        (&soft, true, DeletePolicy::Delete, DeleteAction::Review),
        (&merged, false, DeletePolicy::Delete, DeleteAction::Repoint("7".into())),
        (&merged, true, DeletePolicy::Unlink, DeleteAction::Repoint("7".into())),
    ] {
        assert_eq!(decide(evidence, edited, policy), expected, "{evidence:?} {edited} {policy:?}");
    }
    assert_eq!(DeletePolicy::default(), DeletePolicy::Unlink);
}

#[test]
fn the_brake() {
    for (deletes, links, limit, stops) in [
        (0, 0, 10, false),
        (10, 10, 10, false),
        (11, 11, 10, true),
        (10, 549, 10, false),
        (11, 550, 11, false),
        (12, 550, 11, true),
        (200, 10_000, 200, false),
        (201, 10_000, 200, true),
        (u64::MAX, u64::MAX, u64::MAX / 50, true),
    ] {
        assert_eq!(brake_limit(links), limit, "{links}");
        assert_eq!(brake(deletes, links).is_err(), stops, "{deletes} of {links}");
    }
    assert_eq!(
        brake(30, 500).unwrap_err().to_string(),
        "the run would delete 30 of 500 linked records; more than 10 at once are not deleted unless somebody approves \
         them, and none was"
    );
}
