//! Whole flows against the sandbox, over loopback.

use freshsales::models::{
    ContactWrite, DealWrite, EmailWrite, LinkedAccountWrite, NoteWrite, SalesAccountWrite, Set, TaskStatus, TaskWrite,
};
use freshsales::{ErrorKind, Freshsales, Listing, TaskFilter, UniqueIdentifier};
use futures::TryStreamExt;
use sandbox::{Data, Fault, FaultKind, Running, Sandbox, Vendor};

struct Account {
    sandbox: Sandbox,
    _running: Running,
    client: Freshsales,
}

async fn account(data: Data) -> Account {
    let sandbox = Sandbox::builder().data(data).build();
    let running = sandbox.clone().serve(0).await.unwrap();
    let access: serde_json::Value = serde_json::from_str(running.ready_line()).unwrap();
    let access = &access["freshsales"];
    let client =
        Freshsales::builder(access["base_url"].as_str().unwrap(), access["api_key"].as_str().unwrap().to_owned())
            .build()
            .unwrap();
    Account { sandbox, _running: running, client }
}

#[tokio::test]
async fn a_sale_from_the_company_to_the_note() {
    let account = account(Data::Empty).await;
    let client = &account.client;
    let company = client
        .sales_accounts()
        .create(&SalesAccountWrite { name: "Analytical Engines".into(), ..SalesAccountWrite::default() }, &[])
        .await
        .unwrap();
    let ada = ContactWrite {
        first_name: "Ada".into(),
        emails: vec![EmailWrite { value: "ada@example.com".into(), ..EmailWrite::default() }],
        sales_accounts: vec![LinkedAccountWrite { id: company.id, is_primary: true }].into(),
        ..ContactWrite::default()
    };
    let ada = client.contacts().create(&ada, &["owner", "sales_accounts"]).await.unwrap();
    assert_eq!(ada.sales_accounts.as_ref().unwrap()[0].id, company.id);
    assert!(ada.extra("owner_id").is_some());

    let stage = client.selectors().deal_stages().await.unwrap().remove(1);
    let deal = DealWrite {
        name: "Engine No. 1".into(),
        amount: "1250.50".parse::<rust_decimal::Decimal>().unwrap().into(),
        deal_stage_id: stage.id.into(),
        sales_account_id: company.id.into(),
        contacts_added_list: vec![ada.id],
        ..DealWrite::default()
    };
    let deal = client.deals().create(&deal, &["contacts", "sales_account"]).await.unwrap();
    assert_eq!(deal.amount.unwrap().to_string(), "1250.5");
    assert_eq!((deal.deal_stage_id, deal.contact_ids.as_deref()), (Some(stage.id), Some(&[ada.id][..])));

    let task = TaskWrite {
        title: "Call".into(),
        due_date: Set::To("2025-06-03T10:00:00Z".parse().unwrap()),
        target: Set::To(deal.id.into()),
        ..TaskWrite::default()
    };
    let task = client.tasks().create(&task).await.unwrap();
    let done = client
        .tasks()
        .update(task.id, &TaskWrite { status: TaskStatus::Done.into(), ..TaskWrite::default() })
        .await
        .unwrap();
    assert_eq!((done.status, done.completed_date.is_some()), (Some(TaskStatus::Done), true));
    let completed: Vec<_> = client.tasks().pages(TaskFilter::Completed).try_concat().await.unwrap();
    assert_eq!(completed.len(), 1);
    client.tasks().delete(task.id).await.unwrap();
    assert_eq!(client.tasks().get(task.id).await.unwrap_err().kind(), ErrorKind::NotFound);

    let note = client
        .notes()
        .create(&NoteWrite { description: "Met in London".into(), target: Set::To(deal.id.into()) })
        .await
        .unwrap();
    client.notes().update(note.id, &NoteWrite { description: "Met in Paris".into(), target: Set::Keep }).await.unwrap();
    let notes = client.deals().notes(deal.id).await.unwrap();
    assert_eq!(notes[0].as_ref().unwrap().description.as_deref(), Some("Met in Paris"));
    assert_eq!(client.deals().get(deal.id, &[]).await.unwrap().recent_note.as_deref(), Some("Met in Paris"));
    client.notes().delete(note.id).await.unwrap();
}

#[tokio::test]
async fn the_recycle_bin_holds_what_is_deleted_and_not_forgotten() {
    let account = account(Data::Empty).await;
    let client = &account.client;
    let mut ids = Vec::new();
    for n in 0..2 {
        let contact = ContactWrite { email: Set::To(format!("p{n}@example.com")), ..ContactWrite::default() };
        ids.push(client.contacts().create(&contact, &[]).await.unwrap().id);
    }
    client.contacts().delete(ids[0]).await.unwrap();
    client.contacts().delete(ids[1]).await.unwrap();
    client.contacts().forget(ids[1]).await.unwrap();
    let bin = client.contacts().view("Recycle Bin").await.unwrap();
    let deleted: Vec<_> = client.contacts().list(bin, Listing::new()).try_collect().await.unwrap();
    assert_eq!(
        deleted.iter().map(|contact| (contact.id, contact.is_deleted)).collect::<Vec<_>>(),
        [(ids[0], Some(true))]
    );
    let all: Vec<_> = client.contacts().list_all(Listing::new()).try_collect().await.unwrap();
    assert!(all.is_empty());
    assert_eq!(client.contacts().get(ids[1], &[]).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn upserts_find_what_they_created() {
    let account = account(Data::Empty).await;
    let client = &account.client;
    let write = ContactWrite { last_name: "Lovelace".into(), ..ContactWrite::default() };
    let by_email = UniqueIdentifier::email("ada@example.com");
    let first = client.contacts().upsert(&by_email, &write, &["sales_accounts"]).await.unwrap();
    let again = client.contacts().upsert(&by_email, &write, &[]).await.unwrap();
    assert_eq!((first.created, again.created), (true, false));
    assert_eq!(first.record.id, again.record.id);
    assert_eq!(first.record.sales_accounts.as_ref().map(Vec::len), Some(0));
}

#[tokio::test]
async fn a_demo_account_is_read_whole_whatever_the_pages_do() {
    for quirks in
        [serde_json::json!({}), serde_json::json!({"short_pages": true}), serde_json::json!({"all_deals_view": false})]
    {
        let account = account(Data::Demo).await;
        let (sandbox, client) = (&account.sandbox, &account.client);
        sandbox.set_quirks(Vendor::Freshsales, &quirks).unwrap();
        let view = client.contacts().all_views().await.unwrap()[0];
        let total = client.contacts().pages(view, Listing::new()).try_next_page().await;
        let contacts: Vec<_> = client.contacts().list_all(Listing::new()).try_collect().await.unwrap();
        assert_eq!(Some(contacts.len() as u64), total);
        let deals: Vec<_> = client.deals().list_all(Listing::new()).try_collect().await.unwrap();
        assert!(deals.len() > 100 && deals.iter().all(|deal| deal.deal_stage_id.is_some()));
    }
}

/// The total that the first page tells.
trait FirstTotal {
    async fn try_next_page(self) -> Option<u64>;
}

impl<E, S: futures::Stream<Item = freshsales::Result<freshsales::RecordPage<E>>>> FirstTotal for S {
    async fn try_next_page(self) -> Option<u64> {
        std::pin::pin!(self).try_next().await.unwrap().unwrap().total
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_from_a_wrong_host() {
    let account = account(Data::Empty).await;
    let (sandbox, client) = (&account.sandbox, &account.client);
    let wrong = Freshsales::builder(client.base().to_string(), "wrong-key-9876".to_owned()).build().unwrap();
    let error = wrong.verify().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthorized, 1));
    assert!(error.to_string().contains("API Settings") && !error.to_string().contains("9876"), "{error}");
    client.verify().await.unwrap();
    sandbox.faults().inject(Vendor::Freshsales, Fault::next(FaultKind::TruncatedBody));
    client.verify().await.unwrap();
    assert_eq!(client.usage().total().retried, 1, "a body that broke off is read again");
}
