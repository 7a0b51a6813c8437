use chrono::{DateTime, Utc};

use super::{Children, User, sobject};
use crate::{AnyId, Id};

sobject! {
    /// A kind of records of one object. Its `developer_name` is the same in every organisation that has it; ids are not.
    /// It limits the values of picklists for people, not for the API. Read only.
    RecordType("RecordType", "012");
    read {
        /// The label that people see.
        name "Name": String,
        /// API name.
        developer_name "DeveloperName": String,
        /// The object.
        sobject_type "SobjectType": String,
        /// The package that brought it.
        namespace_prefix "NamespacePrefix": String,
        /// Description.
        description "Description": String,
        /// Whether it can be chosen.
        is_active "IsActive": bool,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {}
}

sobject! {
    /// Users as a group, or a queue: a group that owns records nobody has taken yet.
    Group("Group", "00G"), NewGroup, GroupUpdate;
    read {
        /// When it was created.
        created_date "CreatedDate": DateTime<Utc>,
        /// Who created it.
        created_by_id "CreatedById": Id<User>,
        /// When a user last changed it.
        last_modified_date "LastModifiedDate": DateTime<Utc>,
        /// Who changed it last.
        last_modified_by_id "LastModifiedById": Id<User>,
        /// When it last changed, by a user or by automation: the cursor for incremental reads.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {
        /// `Regular` (the default), `Queue`, `Role` and others; fixed.
        group_type "Type": String,
    }
    fields {
        /// Name; required, at most 40 characters.
        name "Name": String,
        /// API name.
        developer_name "DeveloperName": String,
        /// A queue's e-mail address.
        email "Email": String,
        /// Whether a queue's members are told of new records.
        does_send_email_to_members "DoesSendEmailToMembers": bool,
    }
    hidden {}
    extra {
        /// Who is in it, from a sub-select on `GroupMembers`.
        members "GroupMembers": Children<GroupMember>,
        /// What a queue may own, from a sub-select on `QueueSobjects`.
        objects "QueueSobjects": Children<QueueSobject>,
    }
}

sobject! {
    /// A user, or a group, in a group. It can be made and deleted, not changed.
    GroupMember("GroupMember", "011"), NewGroupMember, GroupMemberUpdate;
    read {
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {
        /// The group; required.
        group_id "GroupId": Id<Group>,
        /// Who is in it; required.
        user_or_group_id "UserOrGroupId": AnyId,
    }
    fields {}
    hidden {}
    extra {}
}

sobject! {
    /// An object whose records a queue may own. It can be made and deleted, not changed.
    QueueSobject("QueueSobject", "03g"), NewQueueSobject, QueueSobjectUpdate;
    read {
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {
        /// The queue; required.
        queue_id "QueueId": Id<Group>,
        /// The object; required.
        sobject_type "SobjectType": String,
    }
    fields {}
    hidden {}
    extra {}
}

sobject! {
    /// A place in the organisation's hierarchy.
    UserRole("UserRole", "00E"), NewUserRole, UserRoleUpdate;
    read {
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {}
    fields {
        /// Name; required, at most 80 characters.
        name "Name": String,
        /// API name.
        developer_name "DeveloperName": String,
        /// The role above.
        parent_role_id "ParentRoleId": Id<UserRole>,
    }
    hidden {}
    extra {}
}

sobject! {
    /// What a user may do. Read only.
    Profile("Profile", "00e");
    read {
        /// Name.
        name "Name": String,
        /// Which licence its users have, such as `Standard`.
        user_type "UserType": String,
        /// Description.
        description "Description": String,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {}
}

sobject! {
    /// The organisation itself: one row. Read only.
    Organization("Organization", "00D");
    read {
        /// Name.
        name "Name": String,
        /// The instance on which it lives.
        instance_name "InstanceName": String,
        /// Whether it is a copy to try things in.
        is_sandbox "IsSandbox": bool,
        /// Edition.
        organization_type "OrganizationType": String,
        /// When a trial ends.
        trial_expiration_date "TrialExpirationDate": DateTime<Utc>,
        /// Its namespace.
        namespace_prefix "NamespacePrefix": String,
        /// Locale.
        default_locale_sid_key "DefaultLocaleSidKey": String,
        /// Time zone.
        time_zone_sid_key "TimeZoneSidKey": String,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {}
}

sobject! {
    /// A status that tasks can have. Read only.
    TaskStatus("TaskStatus", "01T");
    read {
        /// The label that people see.
        master_label "MasterLabel": String,
        /// The value of [`Task::status`](crate::Task::status).
        api_name "ApiName": String,
        /// Its place in the order.
        sort_order "SortOrder": i64,
        /// Whether new tasks get it.
        is_default "IsDefault": bool,
        /// Whether it closes the task.
        is_closed "IsClosed": bool,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {}
}

sobject! {
    /// A priority that tasks can have. Read only.
    TaskPriority("TaskPriority", "01P");
    read {
        /// The label that people see.
        master_label "MasterLabel": String,
        /// The value of [`Task::priority`](crate::Task::priority).
        api_name "ApiName": String,
        /// Its place in the order.
        sort_order "SortOrder": i64,
        /// Whether new tasks get it.
        is_default "IsDefault": bool,
        /// Whether it counts as high.
        is_high_priority "IsHighPriority": bool,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {}
}

sobject! {
    /// A view: a saved choice of records and columns. Read only.
    ListView("ListView", "00B");
    read {
        /// The label that people see.
        name "Name": String,
        /// API name.
        developer_name "DeveloperName": String,
        /// The object.
        sobject_type "SobjectType": String,
        /// Whether it can be read by a query.
        is_soql_compatible "IsSoqlCompatible": bool,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {}
}
