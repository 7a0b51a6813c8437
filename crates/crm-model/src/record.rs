use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ConsentSet, FieldKey, FieldPath, Label, Labelled, Meta, ObjectKind, OptOuts, Presence, Slot, Value};

/// A record as an ordered map of fields: the form on which a sync works.
///
/// A key that is missing was *not loaded*; [`Value::Null`] means *empty*. Consent is not a field: it is joined, never
/// mapped or overwritten.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// What kind of record it is.
    pub object: ObjectKind,
    /// Where it comes from and when it changed.
    pub meta: Meta,
    /// What the person it describes has agreed to and refused; empty for records that are not people.
    pub consent: ConsentSet,
    fields: BTreeMap<FieldKey, Value>,
}

impl Record {
    /// A record without fields.
    #[must_use]
    pub fn new(object: ObjectKind, meta: Meta) -> Self {
        Self { object, meta, consent: ConsentSet::default(), fields: BTreeMap::new() }
    }

    /// Sets a field. [`Value::Null`] marks it as read and empty.
    pub fn set(&mut self, key: FieldKey, value: Value) {
        self.fields.insert(key, value);
    }

    /// What is known about a field or an entry of a list. An entry of a list that was read but has no such entry is
    /// [`Presence::Null`].
    #[must_use]
    pub fn get(&self, path: &FieldPath) -> Presence<Value> {
        match self.peek(path) {
            None => Presence::NotLoaded,
            Some(Value::Null) => Presence::Null,
            Some(value) => Presence::Known(value.clone()),
        }
    }

    /// The same as [`get`](Self::get) without a copy: `None` was not loaded, [`Value::Null`] is empty.
    #[must_use]
    pub fn peek(&self, path: &FieldPath) -> Option<&Value> {
        static EMPTY: Value = Value::Null;
        let value = self.fields.get(&path.key)?;
        let found = match &path.slot {
            None => Some(value),
            Some(slot) => entry(value, slot),
        };
        Some(found.filter(|value| !value.is_empty()).unwrap_or(&EMPTY))
    }

    /// The fields that were loaded, in the order of their names.
    pub fn fields(&self) -> impl Iterator<Item = (&FieldKey, &Value)> {
        self.fields.iter()
    }

    /// Takes a field out of the record.
    pub fn take(&mut self, key: &FieldKey) -> Option<Value> {
        self.fields.remove(key)
    }

    /// Whether a field was loaded.
    #[must_use]
    pub fn is_loaded(&self, key: &FieldKey) -> bool {
        self.fields.contains_key(key)
    }

    /// Applies a patch as a vendor would: named fields change, an entry of a list is set or removed on its own.
    /// Opt-outs are joined into the consent.
    pub fn apply(&mut self, patch: &RecordPatch) {
        for (path, value) in patch.iter() {
            match &path.slot {
                None => self.set(path.key.clone(), value.clone()),
                Some(slot) => {
                    let list = match self.fields.entry(path.key.clone()) {
                        Entry::Vacant(entry) => entry.insert(Value::List(Vec::new())),
                        Entry::Occupied(entry) => entry.into_mut(),
                    };
                    set_entry(list, slot, value);
                }
            }
        }
        self.consent = self.consent.join(&patch.opt_outs.as_consent());
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("object", &self.object)
            .field("meta", &self.meta)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

fn matches(value: &Value, slot: &Slot) -> bool {
    match (value, slot) {
        (Value::Labelled(entry), Slot::Primary) => entry.is_primary,
        (Value::Labelled(entry), Slot::Label(label)) => entry.label == *label,
        (Value::Ref(reference), Slot::Primary) => reference.is_primary,
        (Value::Ref(reference), Slot::Object(kind)) => reference.object == *kind,
        _ => false,
    }
}

fn position(list: &[Value], slot: &Slot) -> Option<usize> {
    let found = list.iter().position(|value| matches(value, slot));
    found.or_else(|| (*slot == Slot::Primary && !list.is_empty()).then_some(0))
}

fn entry<'a>(value: &'a Value, slot: &Slot) -> Option<&'a Value> {
    let Value::List(list) = value else {
        return (*slot == Slot::Primary).then_some(value);
    };
    match list.get(position(list, slot)?)? {
        Value::Labelled(entry) => Some(&entry.value),
        plain => Some(plain),
    }
}

/// Sets or removes the entry under a slot. An entry that is there keeps its label and its place: the slot says which
/// one is meant, the value says what it holds.
fn set_entry(list: &mut Value, slot: &Slot, value: &Value) {
    if !matches!(list, Value::List(_)) {
        *list = Value::List(Vec::new());
    }
    let Value::List(list) = list else { return };
    let position = position(list, slot);
    if *value == Value::Null {
        position.map(|index| list.remove(index));
        return;
    }
    let place = position.unwrap_or(list.len());
    match (list.get_mut(place), value) {
        (Some(Value::Labelled(entry)), Value::Labelled(new)) => entry.value = new.value.clone(),
        (Some(Value::Labelled(entry)), plain) => entry.value = plain.clone(),
        (Some(other), value) => *other = with_slot(value, slot),
        (None, value) => list.push(with_slot(value, slot)),
    }
    if let Value::Ref(new) = value {
        // A record that was in the list already and now takes another's place is not listed twice.
        let same = |entry: &Value| matches!(entry, Value::Ref(old) if old.object == new.object && old.id == new.id);
        let mut index = 0..;
        list.retain(|entry| index.next() == Some(place) || !same(entry));
    }
}

/// The entry that a value becomes when it is put into a slot of a list: the slot decides its label.
pub(crate) fn with_slot(value: &Value, slot: &Slot) -> Value {
    match (value, slot) {
        (Value::Ref(reference), Slot::Primary) => Value::Ref(reference.clone().primary()),
        (Value::Ref(_) | Value::Null, _) => value.clone(),
        (Value::Labelled(entry), Slot::Primary) => Value::Labelled(Box::new((**entry).clone().primary())),
        (Value::Labelled(entry), Slot::Label(label)) => {
            Value::Labelled(Box::new(Labelled { label: label.clone(), ..(**entry).clone() }))
        }
        (Value::Labelled(_), Slot::Object(_)) => value.clone(),
        (plain, Slot::Label(label)) => Value::Labelled(Box::new(Labelled::new(plain.clone(), label.clone()))),
        (plain, _) => Value::Labelled(Box::new(Labelled::new(plain.clone(), Label::Work).primary())),
    }
}

/// What a write changes: fields or list entries with their new value, and channels to opt out of.
///
/// [`Value::Null`] empties a field; a path that is not named is left alone.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RecordPatch {
    fields: BTreeMap<FieldPath, Value>,
    /// Channels to close. There is no way to open one.
    #[serde(default, skip_serializing_if = "OptOuts::is_empty")]
    pub opt_outs: OptOuts,
}

impl RecordPatch {
    /// A patch that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a field a value; [`Value::Null`] empties it.
    pub fn set(&mut self, path: FieldPath, value: Value) {
        self.fields.insert(path, value);
    }

    /// What the patch does to a field: `None` leaves it alone, `Some(Value::Null)` empties it.
    #[must_use]
    pub fn get(&self, path: &FieldPath) -> Option<&Value> {
        self.fields.get(path)
    }

    /// The fields that change, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&FieldPath, &Value)> {
        self.fields.iter()
    }

    /// How many fields change.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether neither a field nor a channel changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.opt_outs.is_empty()
    }

    /// Takes a field out of the patch.
    pub fn remove(&mut self, path: &FieldPath) -> Option<Value> {
        self.fields.remove(path)
    }
}

impl IntoIterator for RecordPatch {
    type Item = (FieldPath, Value);
    type IntoIter = std::collections::btree_map::IntoIter<FieldPath, Value>;

    /// The fields that change, in the order of their names.
    fn into_iter(self) -> Self::IntoIter {
        self.fields.into_iter()
    }
}

impl FromIterator<(FieldPath, Value)> for RecordPatch {
    fn from_iter<I: IntoIterator<Item = (FieldPath, Value)>>(fields: I) -> Self {
        Self { fields: fields.into_iter().collect(), opt_outs: OptOuts::none() }
    }
}

impl fmt::Debug for RecordPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.fields.iter().map(|(path, value)| (path.to_string(), value))).finish()
    }
}
