use std::fmt::Debug;

use crate::{ConsentSet, FieldKey, Meta, ModelError, ObjectKind, Record, RecordPatch, RemoteId, ValueKind};

/// One field of an object's declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDef {
    /// The field's name.
    pub key: FieldKey,
    /// What it holds; of a list, what an entry holds.
    pub kind: ValueKind,
    /// Whether it is a list.
    pub is_list: bool,
}

/// A record that can be read, created and patched in a CRM: the bridge between the typed structs and [`Record`].
///
/// Implemented by the declarations in this crate; it is not meant to be implemented elsewhere.
pub trait Object: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// What a new record is created from.
    type New: Clone + Debug + Default + Send + Sync + 'static;
    /// What changes an existing record.
    type Patch: Clone + Debug + Default + Send + Sync + 'static;

    /// Which object this is.
    const KIND: ObjectKind;
    /// The fields that the model names, in the order of their declaration.
    const FIELDS: &'static [FieldDef];

    /// Where the record comes from and when it changed.
    fn meta(&self) -> &Meta;

    /// The record's id.
    fn id(&self) -> RemoteId<Self> {
        RemoteId::new(self.meta().id.clone())
    }

    /// What the person has agreed to and refused.
    fn consent(&self) -> &ConsentSet;

    /// The record as a field map. Fields that were not loaded are missing from it.
    fn to_record(&self) -> Record;

    /// The typed form of a field map.
    ///
    /// # Errors
    /// [`ModelError::WrongObject`] and [`ModelError::Type`] where the map does not fit the declaration.
    fn from_record(record: Record) -> Result<Self, ModelError>;

    /// The fields of a new record as a field map.
    fn new_to_patch(new: &Self::New) -> RecordPatch;

    /// A new record from a field map. Empty values are left out.
    ///
    /// # Errors
    /// [`ModelError::UnknownField`] and [`ModelError::Type`] where the map does not fit the declaration.
    fn new_from_patch(patch: RecordPatch) -> Result<Self::New, ModelError>;

    /// A typed patch as a field map.
    fn patch_to_record(patch: &Self::Patch) -> RecordPatch;

    /// A typed patch from a field map.
    ///
    /// # Errors
    /// [`ModelError::UnknownField`] and [`ModelError::Type`] where the map does not fit the declaration.
    fn patch_from_record(patch: RecordPatch) -> Result<Self::Patch, ModelError>;
}

/// Declares an object once: its struct, what creates it, what patches it, its field constants and its record form.
macro_rules! object {
    (
        $(#[$doc:meta])*
        $name:ident, $new:ident, $patch:ident = $kind:expr;
        fields { $( $(#[$fdoc:meta])* $fconst:ident $field:ident: $ftype:ty, )* }
        lists { $( $(#[$ldoc:meta])* $lconst:ident $list:ident: $ltype:ty, )* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Default)]
        #[non_exhaustive]
        pub struct $name {
            /// Where the record comes from and when it changed.
            pub meta: $crate::Meta,
            $( $(#[$fdoc])* pub $field: $crate::Presence<$ftype>, )*
            $( $(#[$ldoc])* pub $list: $crate::Presence<Vec<$ltype>>, )*
            /// What the person has agreed to and refused; empty for records that are not people.
            pub consent: $crate::ConsentSet,
            /// Every field of the vendor that the model does not name, by API name.
            pub custom: std::collections::BTreeMap<String, $crate::Value>,
        }

        #[doc = concat!("What a new ", stringify!($name), " is created from. What is `None` is left to the vendor's default.")]
        #[derive(Clone, PartialEq, Default)]
        pub struct $new {
            $( $(#[$fdoc])* pub $field: Option<$ftype>, )*
            $( $(#[$ldoc])* pub $list: Vec<$ltype>, )*
            /// Channels that the person has refused.
            pub opt_outs: $crate::OptOuts,
            /// Fields of the vendor that the model does not name, by API name.
            pub custom: std::collections::BTreeMap<String, $crate::Value>,
        }

        #[doc = concat!("What a write changes of a ", stringify!($name), ". Everything that is not named is left alone.")]
        #[derive(Clone, PartialEq, Default)]
        pub struct $patch {
            $( $(#[$fdoc])* pub $field: $crate::Patch<$ftype>, )*
            $( $(#[$ldoc])* pub $list: $crate::ListPatch<$ltype>, )*
            /// Channels to close.
            pub opt_outs: $crate::OptOuts,
            /// Fields of the vendor that the model does not name, by API name; [`Value::Null`]($crate::Value::Null)
            /// empties one.
            pub custom: std::collections::BTreeMap<String, $crate::Value>,
        }

        impl $name {
            $( $(#[$fdoc])* pub const $fconst: $crate::FieldKey = $crate::FieldKey::known(stringify!($field)); )*
            $( $(#[$ldoc])* pub const $lconst: $crate::FieldKey = $crate::FieldKey::known(stringify!($list)); )*
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("meta", &self.meta)
                    $( .field(stringify!($field), &self.$field) )*
                    $( .field(stringify!($list), &self.$list) )*
                    .field("custom", &self.custom)
                    .finish_non_exhaustive()
            }
        }

        impl std::fmt::Debug for $new {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($new), <$name as $crate::Object>::new_to_patch(self))
            }
        }

        impl std::fmt::Debug for $patch {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($patch), <$name as $crate::Object>::patch_to_record(self))
            }
        }

        impl $patch {
            /// The patch as a field map.
            #[must_use]
            pub fn to_record_patch(&self) -> $crate::RecordPatch {
                <$name as $crate::Object>::patch_to_record(self)
            }
        }

        impl $crate::value::RefTarget for $name {
            const KIND: $crate::ObjectKind = $kind;
        }

        impl $crate::Object for $name {
            type New = $new;
            type Patch = $patch;

            const KIND: $crate::ObjectKind = $kind;
            const FIELDS: &'static [$crate::FieldDef] = &[
                $( $crate::FieldDef {
                    key: Self::$fconst, kind: <$ftype as $crate::FieldValue>::KIND, is_list: false,
                }, )*
                $( $crate::FieldDef {
                    key: Self::$lconst, kind: <$ltype as $crate::FieldValue>::KIND, is_list: true,
                }, )*
            ];

            fn meta(&self) -> &$crate::Meta {
                &self.meta
            }

            fn consent(&self) -> &$crate::ConsentSet {
                &self.consent
            }

            fn to_record(&self) -> $crate::Record {
                let mut record = $crate::Record::new($kind, self.meta.clone());
                record.consent = self.consent.clone();
                $( $crate::object::put_field(&mut record, Self::$fconst, self.$field.clone()); )*
                $( $crate::object::put_list(&mut record, Self::$lconst, self.$list.clone()); )*
                for (name, value) in &self.custom {
                    record.set($crate::FieldKey::custom(name), value.clone());
                }
                record
            }

            fn from_record(mut record: $crate::Record) -> Result<Self, $crate::ModelError> {
                if record.object != $kind {
                    return Err($crate::ModelError::WrongObject { expected: $kind, found: record.object });
                }
                $( let $field = $crate::object::take_field(&mut record, Self::$fconst)?; )*
                $( let $list = $crate::object::take_list(&mut record, Self::$lconst)?; )*
                let custom = $crate::object::rest($kind, record.fields())?;
                Ok(Self { $( $field, )* $( $list, )* custom, consent: record.consent, meta: record.meta })
            }

            fn new_to_patch(new: &$new) -> $crate::RecordPatch {
                let mut patch = $crate::RecordPatch::new();
                patch.opt_outs = new.opt_outs.clone();
                $( if let Some(value) = new.$field.clone() {
                    patch.set(Self::$fconst.into(), $crate::FieldValue::into_value(value));
                } )*
                $( if !new.$list.is_empty() {
                    patch.set(Self::$lconst.into(), $crate::object::list_value(new.$list.clone()));
                } )*
                $crate::object::put_custom(&mut patch, &new.custom);
                patch
            }

            fn new_from_patch(patch: $crate::RecordPatch) -> Result<$new, $crate::ModelError> {
                let opt_outs = patch.opt_outs.clone();
                // Applying the patch to an empty record turns entries of lists into lists.
                let mut record = $crate::Record::new($kind, $crate::Meta::default());
                record.apply(&patch.into_iter().filter(|(_, value)| !value.is_empty()).collect());
                let made = Self::from_record(record)?;
                Ok($new {
                    $( $field: made.$field.into_option(), )*
                    $( $list: made.$list.into_option().unwrap_or_default(), )*
                    opt_outs,
                    custom: made.custom.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
                })
            }

            fn patch_to_record(patch: &$patch) -> $crate::RecordPatch {
                let mut record = $crate::RecordPatch::new();
                record.opt_outs = patch.opt_outs.clone();
                $( $crate::object::put_patch(&mut record, Self::$fconst, patch.$field.clone()); )*
                $( $crate::object::put_list_patch(&mut record, Self::$lconst, patch.$list.clone()); )*
                $crate::object::put_custom(&mut record, &patch.custom);
                record
            }

            fn patch_from_record(mut patch: $crate::RecordPatch) -> Result<$patch, $crate::ModelError> {
                $( let $field = $crate::object::take_patch($kind, &mut patch, Self::$fconst)?; )*
                $( let $list = $crate::object::take_list_patch($kind, &mut patch, Self::$lconst)?; )*
                let custom = $crate::object::rest_of_patch($kind, &patch)?;
                Ok($patch { $( $field, )* $( $list, )* custom, opt_outs: patch.opt_outs })
            }
        }
    };
}
pub(crate) use object;
pub(crate) use support::*;

mod support {
    use std::collections::BTreeMap;

    use crate::{
        FieldKey, FieldPath, FieldValue, ListPatch, ModelError, ObjectKind, Patch, Presence, Record, RecordPatch, Slot,
        Value,
    };

    pub(crate) fn list_value<T: FieldValue>(list: Vec<T>) -> Value {
        Value::List(list.into_iter().map(FieldValue::into_value).collect())
    }

    pub(crate) fn put_field<T: FieldValue>(record: &mut Record, key: FieldKey, field: Presence<T>) {
        match field {
            Presence::Known(value) => record.set(key, value.into_value()),
            Presence::Null => record.set(key, Value::Null),
            Presence::NotLoaded => {}
        }
    }

    pub(crate) fn put_list<T: FieldValue>(record: &mut Record, key: FieldKey, list: Presence<Vec<T>>) {
        match list {
            Presence::Known(list) => record.set(key, list_value(list)),
            Presence::Null => record.set(key, Value::List(Vec::new())),
            Presence::NotLoaded => {}
        }
    }

    fn typed<T: FieldValue>(object: ObjectKind, path: &FieldPath, value: Value) -> Result<T, ModelError> {
        let found = value.kind().describe();
        let wrong = || ModelError::Type { object, path: path.clone(), expected: T::KIND.describe(), found };
        T::from_value(value).ok_or_else(wrong)
    }

    fn typed_list<T: FieldValue>(object: ObjectKind, path: &FieldPath, value: Value) -> Result<Vec<T>, ModelError> {
        match value {
            Value::Null => Ok(Vec::new()),
            Value::List(list) => list.into_iter().map(|value| typed(object, path, value)).collect(),
            single => Ok(vec![typed(object, path, single)?]),
        }
    }

    pub(crate) fn take_field<T: FieldValue>(record: &mut Record, key: FieldKey) -> Result<Presence<T>, ModelError> {
        match record.take(&key) {
            None => Ok(Presence::NotLoaded),
            Some(Value::Null) => Ok(Presence::Null),
            Some(value) => typed(record.object, &key.into(), value).map(Presence::Known),
        }
    }

    pub(crate) fn take_list<T: FieldValue>(record: &mut Record, key: FieldKey) -> Result<Presence<Vec<T>>, ModelError> {
        match record.take(&key) {
            None => Ok(Presence::NotLoaded),
            Some(value) => typed_list(record.object, &key.into(), value).map(Presence::Known),
        }
    }

    pub(crate) fn put_patch<T: FieldValue>(record: &mut RecordPatch, key: FieldKey, patch: Patch<T>) {
        match patch {
            Patch::Keep => {}
            Patch::Clear => record.set(key.into(), Value::Null),
            Patch::Set(value) => record.set(key.into(), value.into_value()),
        }
    }

    pub(crate) fn put_list_patch<T: FieldValue>(record: &mut RecordPatch, key: FieldKey, patch: ListPatch<T>) {
        match patch {
            ListPatch::Keep => {}
            ListPatch::Replace(list) => record.set(key.into(), list_value(list)),
            ListPatch::Slots(slots) => {
                for (slot, value) in slots {
                    let value = value.map_or(Value::Null, FieldValue::into_value);
                    record.set(FieldPath::entry(key.clone(), slot), value);
                }
            }
        }
    }

    pub(crate) fn take_patch<T: FieldValue>(
        object: ObjectKind,
        patch: &mut RecordPatch,
        key: FieldKey,
    ) -> Result<Patch<T>, ModelError> {
        let path = key.into();
        match patch.remove(&path) {
            None => Ok(Patch::Keep),
            Some(Value::Null) => Ok(Patch::Clear),
            Some(value) => typed(object, &path, value).map(Patch::Set),
        }
    }

    pub(crate) fn take_list_patch<T: FieldValue>(
        object: ObjectKind,
        patch: &mut RecordPatch,
        key: FieldKey,
    ) -> Result<ListPatch<T>, ModelError> {
        let path = FieldPath::from(key);
        if let Some(value) = patch.remove(&path) {
            return typed_list(object, &path, value).map(ListPatch::Replace);
        }
        let entries: Vec<FieldPath> =
            patch.iter().map(|(other, _)| other).filter(|o| o.key == path.key).cloned().collect();
        let mut slots = BTreeMap::<Slot, Option<T>>::new();
        for entry in entries {
            let (Some(value), Some(slot)) = (patch.remove(&entry), entry.slot.clone()) else {
                continue;
            };
            let value = match crate::record::with_slot(&value, &slot) {
                Value::Null => None,
                value => Some(typed(object, &entry, value)?),
            };
            slots.insert(slot, value);
        }
        Ok(if slots.is_empty() { ListPatch::Keep } else { ListPatch::Slots(slots) })
    }

    pub(crate) fn put_custom(patch: &mut RecordPatch, custom: &BTreeMap<String, Value>) {
        for (name, value) in custom {
            patch.set(FieldKey::custom(name).into(), value.clone());
        }
    }

    /// What is left after the declared fields were taken must be the vendor's own.
    pub(crate) fn rest<'a>(
        object: ObjectKind,
        fields: impl Iterator<Item = (&'a FieldKey, &'a Value)>,
    ) -> Result<BTreeMap<String, Value>, ModelError> {
        let custom = |(key, value): (&FieldKey, &Value)| match key.custom_name() {
            Some(name) => Ok((name.to_owned(), value.clone())),
            None => Err(ModelError::UnknownField { object, path: key.clone().into() }),
        };
        fields.map(custom).collect()
    }

    pub(crate) fn rest_of_patch(
        object: ObjectKind,
        patch: &RecordPatch,
    ) -> Result<BTreeMap<String, Value>, ModelError> {
        let custom = |(path, value): (&FieldPath, &Value)| match (path.key.custom_name(), &path.slot) {
            (Some(name), None) => Ok((name.to_owned(), value.clone())),
            _ => Err(ModelError::UnknownField { object, path: path.clone() }),
        };
        patch.iter().map(custom).collect()
    }
}
