//! Records reached over relationships.

use futures::TryStreamExt as _;
use salesforce::{Account, AccountUpdate, Contact, ErrorKind, NewAccount, NewContact, Row};

use crate::Org;

fn company(name: &str) -> NewAccount {
    NewAccount { name: Some(name.to_owned()), ..NewAccount::default() }
}

fn person(name: &str) -> NewContact {
    NewContact { last_name: Some(name.to_owned()), ..NewContact::default() }
}

#[tokio::test]
async fn parents_are_read_changed_and_deleted_through_their_child() {
    let org = Org::empty().await;
    let (accounts, contacts) = (org.client.accounts(), org.client.contacts());
    let account = accounts.create(&company("Acme")).await.unwrap();
    let id = contacts.create(&NewContact { account_id: Some(account), ..person("x") }).await.unwrap();

    let parent: Row<Account> = contacts.parent(id, "Account", &["Name"]).await.unwrap().unwrap();
    assert_eq!((parent.id, parent.name.as_deref()), (account, Some("Acme")));
    assert!(parent.extra("Phone").is_none(), "only what was asked for");
    let owner: Row<salesforce::User> = contacts.parent(id, "Account/Owner", &[]).await.unwrap().unwrap();
    assert!(owner.username.is_some());

    contacts.update_parent(id, "Account", &AccountUpdate { phone: "1".into(), ..Default::default() }).await.unwrap();
    assert_eq!(accounts.get(account).await.unwrap().phone.as_deref(), Some("1"));

    let reports_to: Option<Row<Contact>> = contacts.parent(id, "ReportsTo", &[]).await.unwrap();
    assert!(reports_to.is_none(), "an empty lookup is no error");
    let unknown = contacts.parent::<Account>(id, "Nope", &[]).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    contacts.delete(id).await.unwrap();
    assert_eq!(contacts.parent::<Account>(id, "Account", &[]).await.unwrap_err().kind(), ErrorKind::NotFound);

    let other = contacts.create(&NewContact { account_id: Some(account), ..person("y") }).await.unwrap();
    contacts.delete_parent(other, "Account").await.unwrap();
    assert_eq!(accounts.get(account).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn children_are_streamed_over_all_their_pages() {
    let org = Org::empty().await;
    let account = org.client.accounts().create(&company("Acme")).await.unwrap();
    let many: Vec<NewContact> =
        (0..2_100).map(|n| NewContact { account_id: Some(account), ..person(&format!("n{n}")) }).collect();
    assert!(org.client.contacts().create_many(&many).await.iter().all(Result::is_ok));
    let before = org.calls();
    let rows: Vec<Row<Contact>> =
        org.client.accounts().children(account, "Contacts", &["LastName"]).try_collect().await.unwrap();
    assert_eq!(rows.len(), 2_100);
    assert!(rows.iter().all(|row| row.last_name.is_some() && row.extra("Email").is_none()));
    assert_eq!(org.calls() - before, 2, "2,000 rows and the rest");
    let missing = org.client.accounts().children::<Contact>(account, "Nope", &[]).try_collect::<Vec<_>>().await;
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
}
