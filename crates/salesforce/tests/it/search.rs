//! Full-text search, against the emulated vendor.

use salesforce::soql::{Condition, Order};
use salesforce::sosl::{Find, Returning, Scope, Term};
use salesforce::{Account, Contact, ErrorKind, NewAccount, NewContact};

use crate::Org;

async fn org() -> Org {
    let org = Org::empty().await;
    for name in ["Acme Corp", "Acme (Holding) 50%", "Other"] {
        org.client.accounts().create(&NewAccount { name: Some(name.into()), ..NewAccount::default() }).await.unwrap();
    }
    let ada = NewContact { last_name: Some("Acme".into()), email: Some("ada@x.test".into()), ..NewContact::default() };
    org.client.contacts().create(&ada).await.unwrap();
    org
}

#[tokio::test]
async fn a_search_finds_records_of_several_objects() {
    let org = org().await;
    let find = Find::new(Term::words("acme"))
        .in_fields(Scope::Name)
        .returning(Returning::of("Account").fields(["Id", "Name"]).order_by([Order::descending("Name")]))
        .returning(Returning::all_of::<Contact>().filter(Condition::eq("Email", "ada@x.test")));
    let found = org.client.search(find).await.unwrap();
    let objects: Vec<&str> = found.records.iter().map(salesforce::AnyRecord::object).collect();
    assert_eq!(objects, ["Account", "Account", "Contact"]);
    let names: Vec<_> = found.of::<Account>().map(|account| account.unwrap().name.clone().unwrap()).collect();
    assert_eq!(names, ["Acme Corp", "Acme (Holding) 50%"]);
    assert_eq!(found.of::<Contact>().next().unwrap().unwrap().email.as_deref(), Some("ada@x.test"));
}

#[tokio::test]
async fn reserved_characters_in_a_term_stand_for_themselves() {
    let org = org().await;
    for (term, count) in [
        (Term::words("(holding) acme"), 1),
        (Term::phrase("acme (holding)"), 1),
        (Term::phrase("holding acme"), 0),
        (Term::starting_with("hold"), 1),
        (Term::words("hold*"), 0),
        (Term::words("corp").or(Term::words("other")), 2),
        (Term::words("acme").and_not(Term::words("corp")), 1),
        (Term::words("acme and corp"), 0),
        (Term::words("ada@x.test"), 0),
    ] {
        let find = Find::new(term.clone()).returning(Returning::of("Account").fields(["Id"]));
        assert_eq!(org.client.search(find).await.unwrap().records.len(), count, "{term}");
    }
}

#[tokio::test]
async fn a_long_search_goes_in_a_body_and_finds_the_same() {
    let org = org().await;
    let names: Vec<String> = (0..1_500).map(|n| format!("No Such Name {n}")).chain(["acme corp".to_owned()]).collect();
    let account = Returning::of("Account").fields(["Id", "Name"]).filter(Condition::is_in("Name", names)).limit(9);
    let found = org.client.search(Find::new(Term::words("acme")).returning(account).limit(20)).await.unwrap();
    assert_eq!(found.of::<Account>().next().unwrap().unwrap().name.as_deref(), Some("Acme Corp"));
    assert_eq!(found.records.len(), 1);
}

#[tokio::test]
async fn refusals_of_a_search_are_told() {
    let org = org().await;
    let error = org.client.search(Find::new(Term::words("a"))).await.unwrap_err();
    assert_eq!(error.vendor_code(), Some("MALFORMED_SEARCH"));
    let error = org.client.search(Find::new(Term::words("-"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
