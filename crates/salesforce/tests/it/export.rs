//! Queries written as CSV page by page.

use salesforce::soql::Soql;
use salesforce::{NewAccount, NewContact};
use sandbox::{Fault, FaultKind, Matcher, Vendor};

use crate::Org;

#[tokio::test]
async fn every_row_and_parent_reaches_the_file_once() {
    let org = Org::empty().await;
    let account = NewAccount { name: Some("Acme, \"Inc\"".into()), ..NewAccount::default() };
    let parent = org.client.accounts().create(&account).await.unwrap();
    for n in 0..3 {
        let person = NewContact {
            last_name: Some(format!("N{n}")),
            account_id: (n == 1).then_some(parent),
            ..NewContact::default()
        };
        org.client.contacts().create(&person).await.unwrap();
    }
    org.sandbox.faults().inject(Vendor::Salesforce, Fault::on(FaultKind::TruncatedBody, Matcher::on("GET", "query")));
    let soql = "SELECT LastName, Title, Account.Name, DoNotCall FROM Contact ORDER BY LastName";
    let mut export = org.client.export(Soql::unchecked(soql));
    let mut out = Vec::new();
    while export.next_page(&mut out).await.unwrap().is_some() {}
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "\"LastName\",\"Title\",\"Account.Name\",\"DoNotCall\"\n\"N0\",,,false\n\"N1\",,\"Acme, \"\"Inc\"\"\",false\n\"N2\",,,false\n"
    );
    assert_eq!((export.rows(), export.pages()), (3, 1));
}
