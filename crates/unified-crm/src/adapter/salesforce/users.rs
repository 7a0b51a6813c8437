//! Who owns records: users, and the queues that records wait in.

use std::collections::BTreeSet;

use crm_model::{Meta, ObjectKind, User, UserKind};
use futures::TryStreamExt;
use rest_core::{Result, Row};
use salesforce::soql::{Condition, Select};
use salesforce::{Group, Salesforce};

use super::VENDOR;
use super::read::{Base, Fields};
use super::shape::object_of;

/// Users and queues, in two calls.
pub(crate) async fn all(client: &Salesforce) -> Result<Vec<User>> {
    let fields = [
        "Id",
        "Name",
        "Email",
        "IsActive",
        "UserType",
        "TimeZoneSidKey",
        "UserRoleId",
        "CreatedDate",
        "SystemModstamp",
    ];
    let soql = Select::from("User").fields(fields).order_by(["Id"]).build()?;
    let rows: Vec<Row<Base>> = client.query(soql).stream().try_collect().await?;
    let mut users: Vec<User> = rows.iter().map(user).collect();
    users.extend(queues(client).await?);
    Ok(users)
}

fn user(row: &Row<Base>) -> User {
    let fields = Fields::of(row);
    let mut meta = Meta::new(VENDOR, row.id.as_str());
    meta.created_at = fields.moment("CreatedDate");
    meta.updated_at = fields.stamp();
    let mut user = User::new(meta);
    user.name = fields.text("Name").unwrap_or_default();
    user.email = fields.text("Email");
    user.is_active = fields.is_true("IsActive");
    user.kind = kind(fields.text("UserType").as_deref());
    user.time_zone = fields.text("TimeZoneSidKey");
    user.role = fields.text("UserRoleId");
    user
}

/// Portal and community users are people, too.
fn kind(user_type: Option<&str>) -> UserKind {
    match user_type {
        Some("AutomatedProcess" | "CloudIntegrationUser") => UserKind::System,
        Some("Guest") => UserKind::Other("guest".to_owned()),
        _ => UserKind::Agent,
    }
}

async fn queues(client: &Salesforce) -> Result<Vec<User>> {
    let soql = Select::from("Group")
        .fields(["Id", "Name", "Email", "SystemModstamp"])
        .child(Select::from("QueueSobjects").fields(["Id", "SobjectType"]))
        .filter(Condition::eq("Type", "Queue"))
        .order_by(["Id"])
        .build()?;
    let rows: Vec<Row<Group>> = client.query(soql).stream().try_collect().await?;
    let mut queues = Vec::new();
    for row in rows {
        let mut meta = Meta::new(VENDOR, row.id.as_str());
        meta.updated_at = row.system_modstamp;
        let mut queue = User::new(meta);
        queue.name = row.name.clone().unwrap_or_default();
        queue.email.clone_from(&row.email);
        queue.is_active = true;
        queue.kind = UserKind::Queue;
        let mut owns: BTreeSet<ObjectKind> = BTreeSet::new();
        if let Some(objects) = &row.objects {
            let rest: Vec<_> = client.rest_of(objects).try_collect().await?;
            let here = objects.records.iter().filter_map(|object| object.as_ref().ok());
            let all = here.chain(rest.iter().map(|row: &Row<salesforce::QueueSobject>| &**row));
            owns.extend(all.filter_map(|object| object_of(object.sobject_type.as_deref()?)));
        }
        // A queue that owns nothing that the model knows is of no use to anybody here.
        queue.owns = owns.into_iter().collect();
        if !queue.owns.is_empty() {
            queues.push(queue);
        }
    }
    Ok(queues)
}
