use std::sync::Arc;

use crm_model::{FieldKey, List, ListKind, Meta, ObjectKind, Pipeline, Stage, User, UserKind, Value, View};
use testkit::contract::Subject;
use unified_crm::{ManualClock, MemoryCrm};

/// An empty CRM with a person and a pipeline, in the tests' own time.
async fn make() -> Subject {
    let start = chrono::DateTime::from_timestamp(1_748_854_800, 0).expect("a time");
    let crm = MemoryCrm::with_clock("acme", Arc::new(ManualClock::starting_at(start)));
    let mut ada = User::new(Meta::new("memory", "ada"));
    ada.name = "Ada Lovelace".to_owned();
    ada.email = Some("ada@acme.example".to_owned());
    ada.is_active = true;
    crm.add_user(ada);

    let stage = |order: u32, name: &str, is_closed, is_won| {
        let mut stage = Stage::new(Meta::new("memory", name.to_lowercase()));
        stage.name = name.to_owned();
        (stage.order, stage.is_closed, stage.is_won) = (order, is_closed, is_won);
        stage
    };
    let mut sales = Pipeline::new(Meta::new("memory", "sales"));
    sales.name = "Sales".to_owned();
    sales.is_default = true;
    sales.stages = vec![stage(0, "New", false, false), stage(1, "Won", true, true), stage(2, "Lost", true, false)];
    crm.add_pipeline(sales);
    let mut queue = User::new(Meta::new("memory", "inbox"));
    queue.name = "Inbox".to_owned();
    (queue.is_active, queue.kind, queue.owns) = (true, UserKind::Queue, vec![ObjectKind::Lead, ObjectKind::Ticket]);
    crm.add_user(queue);

    let mut fair = List::new(Meta::new("memory", "fair"));
    fair.name = "Trade fair".to_owned();
    (fair.kind, fair.holds) = (ListKind::Campaign, vec![ObjectKind::Contact, ObjectKind::Lead]);
    crm.add_list(fair);
    for object in ObjectKind::RECORDS {
        crm.add_view(View::new(object, format!("all-{object}"), "All"), []);
        let nobodys = [(FieldKey::custom("cf_nobody").into(), Value::Bool(true))];
        crm.add_view(View::new(object, format!("nobodys-{object}"), "Nobody's"), nobodys);
    }
    Subject::new(Arc::new(crm))
}

testkit::contract_tests!(make);
