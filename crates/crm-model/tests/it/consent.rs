use crm_model::{
    Channel, ConsentSet, ConsentState, Instant, Meta, ObjectKind, OptOutCause, OptOuts, Record, RecordPatch,
};
use proptest::prelude::*;

use crate::strategy::{consent_set, opt_outs};

fn closes(opt_outs: OptOuts) -> RecordPatch {
    let mut patch = RecordPatch::new();
    patch.opt_outs = opt_outs;
    patch
}

proptest! {
    #[test]
    fn joining_is_a_lattice(a in consent_set(), b in consent_set(), c in consent_set()) {
        prop_assert_eq!(a.join(&a), a.clone());
        prop_assert_eq!(a.join(&b), b.join(&a));
        prop_assert_eq!(a.join(&b).join(&c), a.join(&b.join(&c)));
        prop_assert_eq!(a.join(&ConsentSet::default()), a.clone());
        prop_assert_eq!(a.join(&a.join(&b)), a.join(&b));
    }

    #[test]
    fn joining_never_loses_an_opt_out(a in consent_set(), b in consent_set()) {
        let joined = a.join(&b).opted_out();
        for channel in a.opted_out().iter().chain(b.opted_out().iter()) {
            prop_assert!(joined.contains(channel));
        }
    }

    #[test]
    fn a_patch_only_moves_consent_up(before in consent_set(), closing in opt_outs()) {
        let mut record = Record::new(ObjectKind::Contact, Meta::default());
        record.consent = before.clone();
        let patch = closes(closing.clone());
        record.apply(&patch);
        for (channel, consent) in before.iter() {
            prop_assert!(record.consent.state(channel) >= consent.state);
        }
        prop_assert!(closing.iter().all(|channel| record.consent.state(channel) == ConsentState::OptedOut));

        let once = record.consent.clone();
        record.apply(&patch);
        prop_assert_eq!(record.consent, once);
    }
}

#[test]
fn an_opt_out_keeps_its_evidence_when_it_is_written_again() {
    let at = Instant::from_timestamp(1_700_000_000, 0);
    let mut record = Record::new(ObjectKind::Contact, Meta::default());
    let bounced = crm_model::Consent { state: ConsentState::OptedOut, cause: Some(OptOutCause::Bounced), at };
    record.consent.observe(Channel::Email, bounced.clone());
    record.apply(&closes(OptOuts::from_iter([Channel::Email])));
    assert_eq!(record.consent.get(Channel::Email), Some(&bounced));
}

#[test]
fn of_two_opt_outs_the_earlier_time_is_kept_whatever_the_order() {
    let at = |second| Instant::from_timestamp(second, 0);
    let out = |second| {
        let mut set = ConsentSet::default();
        set.observe(Channel::Sms, crm_model::Consent { state: ConsentState::OptedOut, cause: None, at: at(second) });
        set
    };
    assert_eq!(out(5).join(&out(3)), out(3));
    assert_eq!(out(3).join(&out(5)), out(3));
}
