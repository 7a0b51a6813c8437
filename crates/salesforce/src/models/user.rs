use chrono::{DateTime, Utc};

use super::{Profile, UserRole, sobject};
use crate::Id;

sobject! {
    /// Somebody who works in the organisation. Users cannot be deleted, only deactivated.
    User("User", "005");
    read {
        /// The login name, unique over all organisations.
        username "Username": String,
        /// The whole name.
        name "Name": String,
        /// Family name.
        last_name "LastName": String,
        /// Given name.
        first_name "FirstName": String,
        /// E-mail address.
        email "Email": String,
        /// Whether the user can log in and be given records.
        is_active "IsActive": bool,
        /// What kind of licence the user has: `Standard`, or one of the platform's own users.
        user_type "UserType": String,
        /// What the user may do.
        profile_id "ProfileId": Id<Profile>,
        /// The user's place in the hierarchy.
        user_role_id "UserRoleId": Id<UserRole>,
        /// The user's superior.
        manager_id "ManagerId": Id<User>,
        /// The time zone's name.
        time_zone_sid_key "TimeZoneSidKey": String,
        /// When the record was created.
        created_date "CreatedDate": DateTime<Utc>,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {
        /// The name by which an identity provider knows the user.
        federation_identifier "FederationIdentifier": String,
    }
}
