use crate::object::object;
use crate::{AnyRef, ObjectKind, Ref, User, Visibility};

object! {
    /// A text attached to other records.
    Note, NewNote, NotePatch = ObjectKind::Note;
    fields {
        /// A heading, where the vendor has one.
        TITLE title: String,
        /// The text, plain.
        BODY body: String,
        /// Who wrote it.
        AUTHOR author: Ref<User>,
        /// Who may see it.
        VISIBILITY visibility: Visibility,
    }
    lists {
        /// The records it is attached to; at most one is primary.
        TARGETS targets: AnyRef,
    }
}
