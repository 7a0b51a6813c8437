//! Tasks and notes.

use serde_json::{Value, json};

use crate::freshsales_account::{Account, ids};

#[tokio::test]
async fn a_task_is_made_done_and_removed() {
    let account = Account::empty();
    let contact = account.new_contact(json!({"emails": "a@x.example"})).await;
    let user = account.get("/selector/owners").await.expect(200)["users"][1]["id"].clone();
    let fields = json!({"title": "Call", "due_date": "2025-03-11T05:30:00-06:00", "targetable_id": contact.to_string(),
        "targetable_type": "Contact", "task_users_attributes": [{"user_id": user.to_string()}]});
    let created = account.post("/tasks", json!({ "task": fields })).await.expect(201);
    let task = &created["task"];
    assert_eq!(
        (&task["status"], &task["completed_date"], &task["due_date"]),
        (&json!(0), &Value::Null, &json!("2025-03-11T05:30:00-06:00"))
    );
    assert_eq!(task["targetables"], json!([{"id": contact, "type": "Contact"}]));
    assert_eq!(task["targetable"], json!({"type": "Contact", "id": contact}));
    let path = format!("/tasks/{}", task["id"]);
    let read = account.get(&format!("{path}?include=users,owner,targetable")).await.expect(200);
    assert_eq!(ids(&read["users"]).len(), 2);
    assert_eq!(read["users"][0]["type"], "FdMultitenant::User");
    assert_eq!(read["contacts"][0]["email"], "a@x.example");

    account.advance(90);
    let done = account.put(&path, json!({"task": {"status": 1}})).await.expect(200);
    assert_eq!(
        (&done["task"]["status"], &done["task"]["completed_date"]),
        (&json!(1), &json!("2025-03-10T09:31:30-06:00"))
    );
    let contact_now = account.get(&format!("/contacts/{contact}?include=tasks")).await.expect(200);
    assert_eq!(contact_now["contact"]["updated_at"], "2025-03-10T09:30:00-06:00", "a task does not touch its parent");
    assert_eq!(contact_now["contact"]["task_ids"], json!([task["id"]]));
    let again = account.put(&path, json!({"task": {"status": "0"}})).await.expect(200);
    assert_eq!(again["task"]["completed_date"], Value::Null);
    let listed = account.get(&format!("/contacts/{contact}/tasks")).await.expect(200);
    assert_eq!((ids(&listed["tasks"]).len(), &listed["meta"]), (1, &json!({"total": 1})));
    assert_eq!(account.delete(&path).await.text, r#"{"success":"200"}"#);
    assert_eq!(account.get(&path).await.status, 404);
}

#[tokio::test]
async fn task_filters_go_by_the_accounts_days() {
    let account = Account::empty();
    // It is 09:30 on March 10th in the account's zone.
    let due = [
        "2025-03-10T08:00:00-06:00",
        "2025-03-10T23:30:00-06:00",
        "2025-03-11T06:30:00Z",
        "2025-03-20",
        "2025-03-01T12:00:00Z",
    ];
    let mut made = Vec::new();
    for due in due {
        let body = account.post("/tasks", json!({"task": {"title": "t", "due_date": due}})).await.expect(201);
        made.push(body["task"]["id"].as_i64().unwrap());
    }
    account.put(&format!("/tasks/{}", made[4]), json!({"task": {"status": 1}})).await.expect(200);
    let cases = [
        ("filter=open", vec![0, 1, 2, 3]),
        ("", vec![0, 1, 2, 3]),
        ("filter=due_today", vec![0, 1]),
        ("filter=due%20tomorrow", vec![2]),
        ("filter=overdue", vec![0]),
        ("filter=completed", vec![4]),
        ("filter=open&per_page=2&page=2", vec![2, 3]),
    ];
    for (query, expected) in cases {
        let body = account.get(&format!("/tasks?{query}")).await.expect(200);
        let expected: Vec<i64> = expected.into_iter().map(|index| made[index]).collect();
        assert_eq!(ids(&body["tasks"]), expected, "{query}");
        assert!(body["meta"].get("total_pages").is_none());
    }
    assert_eq!(account.get("/tasks?filter=mine").await.complaints(), ["Filter is invalid"]);
}

#[tokio::test]
async fn task_complaints() {
    let account = Account::empty();
    let due = "2025-03-11";
    let cases = [
        (json!({"title": "t"}), vec!["Due date can't be blank"]),
        (json!({"due_date": due, "title": " "}), vec!["Title can't be blank"]),
        (json!({"title": "t", "due_date": "soon"}), vec!["Due date is invalid"]),
        (json!({"title": "t", "due_date": due, "status": 2}), vec!["Status is invalid"]),
        (json!({"title": "t", "due_date": due, "owner_id": 3}), vec!["Owner is invalid"]),
        (json!({"title": "t", "due_date": due, "task_type_id": 3}), vec!["Task type is invalid"]),
        (
            json!({"title": "t", "due_date": due, "targetable_id": 3, "targetable_type": "Contact"}),
            vec!["Targetable is invalid"],
        ),
        (
            json!({"title": "t", "due_date": due, "targetable_id": 3, "targetable_type": "Lead"}),
            vec!["Targetable type is invalid"],
        ),
        (json!({"title": [], "due_date": {}}), vec!["The type for title is invalid.", "Due date is invalid"]),
    ];
    for (fields, expected) in cases {
        assert_eq!(account.post("/tasks", json!({ "task": fields })).await.complaints(), expected, "{fields}");
    }
    account.quirk(json!({"always_200": true}));
    account.post("/tasks", json!({"task": {"title": "t", "due_date": due}})).await.expect(200);
}

#[tokio::test]
async fn notes_are_listed_under_their_parent_and_touch_it() {
    let account = Account::empty();
    let deal = account.new_deal(json!({"name": "d"})).await;
    let parent = format!("/deals/{deal}");
    let recent = async || {
        let body = account.get(&parent).await.expect(200);
        (body["deal"]["recent_note"].clone(), body["deal"]["updated_at"].as_str().unwrap()[11..19].to_owned())
    };
    account.advance(10);
    let note = |text: &str| json!({"note": {"description": text, "targetable_type": "Deal", "targetable_id": deal}});
    let first = account.post("/notes", note("one")).await.expect(200);
    assert_eq!(first["note"]["targetables"], json!([{"id": deal, "type": "Deal"}]));
    assert_eq!(recent().await, (json!("one"), "09:30:10".to_owned()));
    account.advance(10);
    let second = account.post("/notes", note("two")).await.expect(200);
    let list = account.get(&format!("{parent}/notes?include=creater")).await.expect(200);
    assert_eq!(ids(&list["notes"]), [second["note"]["id"].as_i64().unwrap(), first["note"]["id"].as_i64().unwrap()]);
    assert_eq!((&list["meta"], ids(&list["users"]).len()), (&json!({"total": 2}), 1));
    account.advance(10);
    let path = format!("/notes/{}", second["note"]["id"]);
    account.put(&path, json!({"note": {"description": "two!"}})).await.expect(200);
    assert_eq!(recent().await, (json!("two!"), "09:30:30".to_owned()));
    account.quirk(json!({"note_touches_parent": false, "delete_success_as_text": false}));
    account.advance(10);
    assert_eq!(account.delete(&path).await.text, r#"{"success":true}"#);
    assert_eq!(recent().await, (json!("one"), "09:30:30".to_owned()));
    assert_eq!(account.get(&path).await.status, 404, "notes cannot be read alone");

    let bad = json!({"note": {"description": "", "targetable_type": "Deal", "targetable_id": 1}});
    assert_eq!(account.post("/notes", bad).await.complaints(), ["Description can't be blank", "Targetable is invalid"]);
    account.delete(&format!("{parent}/forget")).await.expect(200);
    assert_eq!(account.sandbox.state(sandbox::Vendor::Freshsales)["notes"], json!([]));
}
