//! An opt-out on any side closes the channel on both; nothing opens one.

use crm_model::{Channel, ConsentState, ContactPatch, OptOuts};
use unified_crm::{CollectionExt, Crm};

use crate::support::*;

#[tokio::test]
async fn an_opt_out_travels_with_a_new_link_and_with_an_edit() {
    let pair = Pair::new();
    let mut here = person("Ada", "Lovelace", "ada@example.com");
    here.opt_outs = OptOuts::from_iter([Channel::Email]);
    add(&pair.a, here).await;
    let b = add(&pair.b, person("Ada", "Lovelace", "ada@example.com")).await;
    let sync = pair.contacts();
    sync.run().await.unwrap();
    assert_eq!(by_email(&pair.b, "ada@example.com").await.consent.state(Channel::Email), ConsentState::OptedOut);

    pair.later();
    let patch = ContactPatch { opt_outs: OptOuts::from_iter([Channel::Phone]), ..ContactPatch::default() };
    pair.b.contacts().unwrap().update(&b, patch).await.unwrap();
    sync.run().await.unwrap();
    assert_eq!(by_email(&pair.a, "ada@example.com").await.consent.state(Channel::Phone), ConsentState::OptedOut);
    assert_quiet(&sync).await;
}

#[tokio::test]
async fn a_new_record_is_created_with_its_opt_out() {
    let pair = Pair::new();
    let mut here = person("Ada", "Lovelace", "ada@example.com");
    here.opt_outs = OptOuts::from_iter([Channel::Email]);
    add(&pair.a, here).await;
    let sync = pair.contacts();
    sync.run().await.unwrap();
    assert_eq!(by_email(&pair.b, "ada@example.com").await.consent.state(Channel::Email), ConsentState::OptedOut);
    assert_quiet(&sync).await;
}
