//! Records that become others: leads that are converted, records that are merged.

use crm_model::{
    Account, Channel, ConsentState, Contact, Conversion, Deal, Deleted, FieldPath, Label, Lead, ObjectKind, OptOuts,
    Presence, RecordPatch, RemoteId, Slot, Value,
};
use unified_crm::{CollectionExt, ConvertLead, ErrorKind, Fetched, Merge};

use super::Subject;
use super::bench::{Bench, Sample, for_each_object, ok};
use super::changes::read_changes;
use super::reads::list_all;

async fn convert(bench: &Bench, how: ConvertLead) -> unified_crm::Result<Conversion> {
    let mut results = ok(bench.crm().convert_leads(&[how]).await, "convert leads");
    assert_eq!(results.len(), 1, "one result per lead");
    results.remove(0)
}

fn converted_to(fetched: Fetched<Lead>) -> Conversion {
    match fetched {
        Fetched::Deleted(Deleted::ConvertedTo(conversion)) => conversion,
        other => panic!("the lead was converted, but reads as {other:?}"),
    }
}

/// A conversion makes a contact of an account and, where asked, a deal; the lead names them ever after and is not alive.
pub async fn a_converted_lead_is_told_with_what_it_became(subject: Subject) {
    let bench = Bench::new(subject).await;
    if !bench.crm().capabilities().convert_leads {
        return;
    }
    let mut new = bench.minimal::<Lead>("Lovelace");
    new.set(Lead::FIRST_NAME.into(), Value::text("Ada"));
    let company = bench.name();
    new.set(Lead::COMPANY_NAME.into(), Value::text(&*company));
    let (lead, plain) = (bench.create::<Lead>(&new).await, bench.create_minimal::<Lead>().await);
    let cursor = read_changes::<Lead>(&bench, None).await.cursor;

    let became = ok(convert(&bench, ConvertLead::new(lead.clone()).with_deal("Engine")).await, "convert");
    let (Some(contact), Some(account), Some(deal)) = (&became.contact, &became.account, &became.deal) else {
        panic!("what it became is not told")
    };
    let shown = |presence: Presence<Value>| presence.into_option().map(|value| value.reveal());
    let person = bench.read::<Contact>(contact).await;
    assert_eq!(shown(person.get(&Contact::LAST_NAME.into())).as_deref(), Some("Lovelace"));
    assert_eq!(shown(person.get(&Contact::FIRST_NAME.into())).as_deref(), Some("Ada"));
    let emails = FieldPath::entry(Contact::EMAILS, Slot::Primary);
    assert_eq!(shown(person.get(&emails)), new.get(&emails).map(Value::reveal));
    let at = FieldPath::entry(Contact::ACCOUNTS, Slot::Primary);
    assert_eq!(shown(person.get(&at)), Some(format!("account {account}")));
    assert_eq!(shown(bench.read::<Account>(account).await.get(&Account::NAME.into())), Some(company));
    let sale = bench.read::<Deal>(deal).await;
    assert_eq!(shown(sale.get(&Deal::NAME.into())).as_deref(), Some("Engine"));
    assert_eq!(shown(sale.get(&Deal::ACCOUNT.into())), Some(format!("account {account}")));

    let told = converted_to(bench.fetch(&lead).await);
    assert_eq!((&told.contact, &told.account, &told.deal), (&became.contact, &became.account, &became.deal));
    let listed = list_all::<Lead>(&bench, unified_crm::ListQuery::all()).await;
    assert!(listed.iter().all(|other| crm_model::Object::id(other) != lead), "converted, but listed");
    let feed = read_changes::<Lead>(&bench, Some(cursor)).await;
    let in_feed = feed.deleted.iter().find(|(id, _)| *id == lead).map(|(_, how)| how.clone());
    assert!(matches!(in_feed, Some(Deleted::ConvertedTo(how)) if how.contact == became.contact), "the feed tells it");
    assert!(feed.records.iter().all(|other| crm_model::Object::id(other) != lead), "told as alive");

    let again = convert(&bench, ConvertLead::new(lead.clone())).await.expect_err("it is converted already");
    assert!(!again.is_retryable(), "{again}");
    let rename = RecordPatch::from_iter([(Lead::LAST_NAME.into(), Value::text("Byron"))]);
    bench.update(&lead, &rename).await.expect_err("a converted lead cannot be changed");

    // In a batch, the one that cannot be converted fails in its place.
    let nobody = ConvertLead::new(RemoteId::new("nobody"));
    let mut results =
        ok(bench.crm().convert_leads(&[nobody, ConvertLead::new(plain.clone())]).await, "two").into_iter();
    let error = results.next().and_then(Result::err).expect("nobody is there");
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid), "{error}");
    let plain_became = ok(results.next().expect("two results"), "convert");
    assert!(plain_became.contact.is_some() && plain_became.deal.is_none(), "no deal was asked for");
    assert!(ok(bench.crm().convert_leads(&[]).await, "none").is_empty());
}

/// Folded into a person who is there, a lead fills what is empty and overwrites nothing; what it refused stays refused.
pub async fn a_conversion_fills_what_is_empty_and_keeps_refusals(subject: Subject) {
    let bench = Bench::new(subject).await;
    if !bench.crm().capabilities().convert_leads {
        return;
    }
    let account = bench.create_minimal::<Account>().await;
    let mobile = FieldPath::entry(Contact::PHONES, Label::Mobile);
    let mut known = bench.minimal::<Contact>("Lovelace");
    known.set(Contact::JOB_TITLE.into(), Value::text("Countess"));
    let to = crm_model::AnyRef::new(ObjectKind::Account, account.as_str());
    known.set(FieldPath::entry(Contact::ACCOUNTS, Slot::Primary), Value::Ref(to));
    let contact = bench.create::<Contact>(&known).await;
    let mut new = bench.minimal::<Lead>("King");
    new.set(Lead::JOB_TITLE.into(), Value::text("Analyst"));
    new.set(mobile.clone(), Value::text("+442071838750"));
    new.opt_outs = OptOuts::from_iter([Channel::Email]);
    let lead = bench.create::<Lead>(&new).await;

    let how = ConvertLead::new(lead).into_account(account.clone()).into_contact(contact.clone());
    let became = ok(convert(&bench, how).await, "convert");
    assert_eq!((became.contact, became.account), (Some(contact.clone()), Some(account)));
    let after = bench.read::<Contact>(&contact).await;
    assert_eq!(after.get(&Contact::LAST_NAME.into()), Presence::Known(Value::text("Lovelace")));
    assert_eq!(after.get(&Contact::JOB_TITLE.into()), Presence::Known(Value::text("Countess")), "overwritten");
    assert_eq!(after.consent.state(Channel::Email), ConsentState::OptedOut, "a refusal was lost");
    assert_eq!(after.get(&mobile), Presence::Known(Value::text("+442071838750")), "what was empty is filled");
}

/// Merged records name their survivor ever after; it holds what was asked, and every refusal of any of them.
pub async fn merged_records_are_told_with_their_survivor(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, merges);
}

async fn merges<T: Sample>(bench: &Bench) {
    if !bench.crm().capabilities().merge.contains(&T::KIND) {
        return;
    }
    let is_person = matches!(T::KIND, ObjectKind::Contact | ObjectKind::Lead);
    let survivor = bench.create_minimal::<T>().await;
    let mut refuses = bench.minimal::<T>(&bench.name());
    if is_person {
        refuses.opt_outs = OptOuts::from_iter([Channel::Email]);
    }
    let losers = [bench.create::<T>(&refuses).await, bench.create_minimal::<T>().await];
    let cursor = read_changes::<T>(bench, None).await.cursor;

    let name = bench.name();
    let fields = RecordPatch::from_iter([(FieldPath::from(T::NAME), Value::text(&*name))]);
    let merge = Merge::new(T::KIND, survivor.as_str(), losers[0].as_str()).and(losers[1].as_str()).with(fields);
    ok(bench.crm().merge(merge).await, format!("merge {} records", T::KIND));

    let after = bench.read(&survivor).await;
    assert_eq!(after.get(&T::NAME.into()), Presence::Known(Value::Text(name)), "{}", T::KIND);
    if is_person {
        assert_eq!(after.consent.state(Channel::Email), ConsentState::OptedOut, "{}: a refusal was lost", T::KIND);
    }
    let feed = read_changes::<T>(bench, Some(cursor)).await;
    for loser in &losers {
        let into = Deleted::MergedInto(survivor.as_str().into());
        match bench.fetch(loser).await {
            Fetched::Deleted(how) => assert_eq!(how, into, "{}", T::KIND),
            other => panic!("{}: merged, but reads as {other:?}", T::KIND),
        }
        let told = feed.deleted.iter().find(|(id, _)| id == loser).map(|(_, how)| how.clone());
        assert_eq!(told, Some(into), "{}: in the feed", T::KIND);
    }
    let oneself = Merge::new(T::KIND, survivor.as_str(), survivor.as_str());
    let error = bench.crm().merge(oneself).await.expect_err("a record cannot be merged into itself");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{}: {error}", T::KIND);
    let nobody = bench.crm().merge(Merge::new(T::KIND, survivor.as_str(), "nobody")).await;
    let error = nobody.expect_err("nobody is there");
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid), "{}: {error}", T::KIND);
    ok(bench.on::<T>().delete(&survivor).await, "delete");
}
