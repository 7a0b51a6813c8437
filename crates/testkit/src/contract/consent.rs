//! What a person refused stays refused.

use crm_model::{Channel, ConsentState, Contact, OptOuts, RecordPatch, Value};

use super::Subject;
use super::bench::{Bench, Sample, ok};

fn closing(channel: Channel) -> RecordPatch {
    let mut patch = RecordPatch::new();
    patch.opt_outs = OptOuts::from_iter([channel]);
    patch
}

async fn state(bench: &Bench, id: &crm_model::RemoteId<Contact>, channel: Channel) -> ConsentState {
    bench.read(id).await.consent.state(channel)
}

/// A new person has refused nothing; an opt-out is kept, by an update and by a create, and no later write undoes it.
pub async fn an_opt_out_travels_up_and_stays(subject: Subject) {
    let bench = Bench::new(subject).await;
    if !bench.has::<Contact>() || !bench.capabilities::<Contact>().update {
        return;
    }
    let id = bench.create_minimal::<Contact>().await;
    assert_ne!(state(&bench, &id, Channel::Email).await, ConsentState::OptedOut);

    ok(bench.update(&id, &closing(Channel::Email)).await, "opt out");
    assert_eq!(state(&bench, &id, Channel::Email).await, ConsentState::OptedOut);

    let rename = RecordPatch::from_iter([(Contact::NAME.into(), Value::text(bench.name()))]);
    ok(bench.update(&id, &rename).await, "rename");
    assert_eq!(state(&bench, &id, Channel::Email).await, ConsentState::OptedOut, "an ordinary write lowered consent");

    ok(bench.update(&id, &closing(Channel::Email)).await, "opt out again");
    assert_eq!(state(&bench, &id, Channel::Email).await, ConsentState::OptedOut);

    let mut born_out = bench.minimal::<Contact>(&bench.name());
    born_out.opt_outs = OptOuts::from_iter([Channel::Email]);
    let id = bench.create::<Contact>(&born_out).await;
    assert_eq!(state(&bench, &id, Channel::Email).await, ConsentState::OptedOut);
}

/// A channel that the vendor has no place for is refused; it is not passed over in silence.
pub async fn an_opt_out_is_never_dropped(subject: Subject) {
    let bench = Bench::new(subject).await;
    if !bench.has::<Contact>() || !bench.capabilities::<Contact>().update {
        return;
    }
    let channels = [Channel::Email, Channel::Sms, Channel::Phone, Channel::WhatsApp, Channel::Fax, Channel::Post];
    for channel in channels {
        let id = bench.create_minimal::<Contact>().await;
        let done = bench.update(&id, &closing(channel)).await;
        let after = state(&bench, &id, channel).await;
        assert_eq!(
            done.is_ok(),
            after == ConsentState::OptedOut,
            "{channel:?}: answered {:?}, is {after:?}",
            done.err()
        );
    }
}
