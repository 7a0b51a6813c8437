use crate::object::object;
use crate::{AnyRef, Choice, DateOrTime, Instant, ObjectKind, Ref, User};

object! {
    /// Something to be done.
    Task, NewTask, TaskPatch = ObjectKind::Task;
    fields {
        /// What is to be done, in a line.
        TITLE title: String,
        /// What is to be done, at length.
        DESCRIPTION description: String,
        /// Whether it is done.
        DONE done: bool,
        /// The vendor's own status, where it has more than open and done.
        STATUS status: Choice,
        /// How urgent it is.
        PRIORITY priority: Choice,
        /// When it is due; some vendors keep a day, some an instant.
        DUE due: DateOrTime,
        /// When it was done; set by the vendor.
        COMPLETED_AT completed_at: Instant,
        /// Who is to do it.
        OWNER owner: Ref<User>,
        /// Who created it; set by the vendor.
        CREATED_BY created_by: Ref<User>,
        /// What kind of task it is.
        TASK_TYPE task_type: Choice,
    }
    lists {
        /// The records it is about; at most one is primary.
        TARGETS targets: AnyRef,
    }
}
