//! From a record to what the mapping carries of it.

use crm_model::{AnyRef, Record, Value};

use crate::codec::{as_ref, canonical};
use crate::mapping::CompiledPair;
use crate::translate::Same;
use crate::{Codec, Compiled, PairId, Refs, Side, SideState};

impl Compiled {
    /// What a record shows of the mapped fields, in its own form: texts trimmed and in NFC, one form for empty, a field
    /// that was not loaded missing. Projecting twice changes nothing.
    #[must_use]
    pub fn project(&self, side: Side, record: &Record) -> SideState {
        let value = |pair: &CompiledPair| {
            let value = record.peek(&pair.paths[side.index()])?;
            Some((pair.id.clone(), canonical(value)))
        };
        SideState { fields: self.pairs.iter().filter_map(value).collect(), consent: record.consent.clone() }
    }

    /// Every record that a state of a side refers to and whose partner a merge or a create will ask for, so that they can
    /// be looked up together.
    pub fn refs<'a>(&'a self, side: Side, state: &'a SideState) -> impl Iterator<Item = &'a AnyRef> {
        let leaves = move |pair: &&CompiledPair| pair.codec == Codec::Ref && pair.direction.allows(side);
        self.pairs.iter().filter(leaves).filter_map(|pair| as_ref(state.fields.get(&pair.id)?))
    }

    /// The pairs in which two linked records differ, where both were loaded: empty if they agree. References to records
    /// that are not linked yet differ.
    #[must_use]
    pub fn differing(&self, a: &SideState, b: &SideState, refs: &dyn Refs) -> Vec<PairId> {
        let differs = |pair: &&CompiledPair| match (a.fields.get(&pair.id), b.fields.get(&pair.id)) {
            (Some(a), Some(b)) => !matches!(pair.same(a, b, refs, &self.context), Same::Yes),
            _ => false,
        };
        self.pairs.iter().filter(differs).map(|pair| pair.id.clone()).collect()
    }
}

/// The values of one state, asked for in the order of the pairs: one step each, no search.
pub(crate) struct Walk<'a> {
    rest: std::iter::Peekable<std::collections::btree_map::Iter<'a, PairId, Value>>,
}

impl<'a> Walk<'a> {
    pub(crate) fn over(state: &'a SideState) -> Self {
        Self { rest: state.fields.iter().peekable() }
    }

    /// The value of a pair. Pairs must be asked for in ascending order.
    pub(crate) fn take(&mut self, id: &PairId) -> Option<&'a Value> {
        loop {
            let (next, value) = *self.rest.peek()?;
            match next.cmp(id) {
                std::cmp::Ordering::Less => {
                    self.rest.next();
                }
                std::cmp::Ordering::Equal => return Some(value),
                std::cmp::Ordering::Greater => return None,
            }
        }
    }
}
