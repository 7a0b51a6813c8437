//! The values of the standard picklists, as in a new organisation.

use super::PicklistValue;

const fn plain(value: &'static str, label: &'static str) -> PicklistValue {
    PicklistValue { value, label, active: true, valid_for: None }
}

/// Values that are their own labels.
macro_rules! values {
    ($name:ident: $($value:literal),+ $(,)?) => {
        pub(super) static $name: &[PicklistValue] = &[$(plain($value, $value)),+];
    };
}

/// Values with labels of their own.
macro_rules! labelled {
    ($name:ident: $($value:literal => $label:literal),+ $(,)?) => {
        pub(super) static $name: &[PicklistValue] = &[$(plain($value, $label)),+];
    };
}

values!(SALUTATION: "Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.");
values!(LEAD_SOURCE: "Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other");
values!(LEAD_STATUS: "Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted");
values!(RATING: "Hot", "Warm", "Cold");
values!(OWNERSHIP: "Public", "Private", "Subsidiary", "Other");
values!(INTERESTS: "Analytics", "Billing", "Integrations", "Support");
values!(TIER: "Gold", "Silver", "Bronze");
values!(
    ACCOUNT_TYPE: "Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller",
    "Installation Partner", "Technology Partner", "Other",
);
values!(
    INDUSTRY: "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction",
    "Consulting", "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance",
    "Food & Beverage", "Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing", "Media",
    "Not For Profit", "Recreation", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation",
    "Utilities", "Other",
);
values!(
    GEOCODE_ACCURACY: "Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City",
    "County", "State", "Unknown",
);
labelled!(
    CLEAN_STATUS: "Matched" => "In Sync", "Different" => "Different", "Acknowledged" => "Reviewed",
    "NotFound" => "Not Found", "Inactive" => "Inactive", "Pending" => "Not Compared",
    "SelectMatch" => "Select Match", "Skipped" => "Skipped",
);
values!(
    STAGE_NAME: "Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Id. Decision Makers",
    "Perception Analysis", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost",
);
values!(
    OPPORTUNITY_TYPE: "Existing Customer - Upgrade", "Existing Customer - Replacement",
    "Existing Customer - Downgrade", "New Customer",
);
labelled!(
    FORECAST_CATEGORY: "Omitted" => "Omitted", "Pipeline" => "Pipeline", "BestCase" => "Best Case",
    "MostLikely" => "Most Likely", "Forecast" => "Commit", "Closed" => "Closed",
);
values!(FORECAST_CATEGORY_NAME: "Omitted", "Pipeline", "Best Case", "Commit", "Closed");
values!(
    CONTACT_ROLE: "Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker", "Evaluator",
    "Executive Sponsor", "Influencer", "Technical Buyer", "Other",
);
values!(SUBJECT: "Call", "Email", "Send Letter", "Send Quote", "Other");
values!(TASK_STATUS: "Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred");
values!(TASK_PRIORITY: "High", "Normal", "Low");
values!(TASK_TYPE: "Call", "Email", "Meeting", "Other");
values!(CALL_TYPE: "Internal", "Inbound", "Outbound");
labelled!(
    TASK_SUBTYPE: "Task" => "Task", "Email" => "Email", "ListEmail" => "List Email", "Cadence" => "Cadence",
    "Call" => "Call", "LinkedIn" => "LinkedIn",
);
labelled!(
    TIME_ZONE: "GMT" => "(GMT+00:00) Greenwich Mean Time (GMT)",
    "Europe/London" => "(GMT+01:00) British Summer Time (Europe/London)",
    "Europe/Berlin" => "(GMT+02:00) Central European Summer Time (Europe/Berlin)",
    "America/New_York" => "(GMT-04:00) Eastern Daylight Time (America/New_York)",
    "America/Los_Angeles" => "(GMT-07:00) Pacific Daylight Time (America/Los_Angeles)",
    "Asia/Kolkata" => "(GMT+05:30) India Standard Time (Asia/Kolkata)",
);
labelled!(
    LOCALE: "en_US" => "English (United States)", "en_GB" => "English (United Kingdom)",
    "de_DE" => "German (Germany)", "fr_FR" => "French (France)", "en_IN" => "English (India)",
);
labelled!(LANGUAGE: "en_US" => "English", "de" => "German", "fr" => "French", "es" => "Spanish");
labelled!(
    EMAIL_ENCODING: "UTF-8" => "Unicode (UTF-8)", "ISO-8859-1" => "General US & Western Europe (ISO-8859-1, ISO-LATIN-1)",
);
labelled!(
    USER_TYPE: "Standard" => "Standard", "PowerPartner" => "Partner", "CsnOnly" => "Chatter Free", "Guest" => "Guest",
);
labelled!(
    ORGANIZATION_TYPE: "Developer Edition" => "Developer Edition", "Enterprise Edition" => "Enterprise Edition",
    "Unlimited Edition" => "Unlimited Edition",
);
labelled!(GROUP_TYPE: "Regular" => "Public Group", "Role" => "Role", "Queue" => "Queue", "Organization" => "Organization");
values!(
    SOBJECT_TYPE: "Account", "BigTable__c", "Campaign", "Case", "Contact", "Event", "Invoice__c", "Lead", "Opportunity",
    "Product2", "Project__c", "Task", "UpsertTable__c",
);
values!(QUEUE_SOBJECT_TYPE: "Case", "Invoice__c", "Lead", "Project__c", "Task");
values!(EVENT_SUBJECT: "Call", "Email", "Meeting", "Send Letter/Quote", "Other");
labelled!(SHOW_AS: "Busy" => "Busy", "OutOfOffice" => "Out of Office", "Free" => "Free");
labelled!(
    GROUP_EVENT_TYPE: "0" => "Non-group Event", "1" => "Group Event", "2" => "Proposed Event",
    "3" => "IsRecurrence2 Series Pattern",
);
values!(EVENT_SUBTYPE: "Event");
labelled!(PATTERN_VERSION: "1" => "RFC 5545 v4 RRULE", "2" => "RFC 5545 v4_2 RRULE");
labelled!(
    RECURRENCE_TYPE: "RecursDaily" => "Recurs Daily", "RecursEveryWeekday" => "Recurs Every Weekday",
    "RecursMonthly" => "Recurs Monthly", "RecursMonthlyNth" => "Recurs Monthly Nth",
    "RecursWeekly" => "Recurs Weekly", "RecursYearly" => "Recurs Yearly", "RecursYearlyNth" => "Recurs Yearly Nth",
);
labelled!(
    RECURRENCE_INSTANCE: "First" => "1st", "Second" => "2nd", "Third" => "3rd", "Fourth" => "4th", "Last" => "last",
);
values!(
    MONTHS: "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
);
labelled!(
    REGENERATED: "RecurrenceRegenerateAfterDueDate" => "After due date",
    "RecurrenceRegenerateAfterToday" => "After date completed", "RecurrenceRegenerated" => "(Task Closed)",
);
values!(CASE_TYPE: "Mechanical", "Electrical", "Electronic", "Structural", "Other");
values!(CASE_STATUS: "New", "Working", "Escalated", "Closed");
values!(
    CASE_REASON: "Installation", "Equipment Complexity", "Performance", "Breakdown", "Equipment Design", "Feedback",
    "Other",
);
values!(CASE_ORIGIN: "Phone", "Email", "Web");
values!(CASE_PRIORITY: "High", "Medium", "Low");
labelled!(
    EMAIL_STATUS: "0" => "New", "1" => "Read", "2" => "Replied", "3" => "Sent", "4" => "Forwarded", "5" => "Draft",
);
values!(
    CAMPAIGN_TYPE: "Conference", "Webinar", "Trade Show", "Public Relations", "Partners", "Referral Program",
    "Advertisement", "Banner Ads", "Direct Mail", "Email", "Telemarketing", "Other",
);
values!(CAMPAIGN_STATUS: "Planned", "In Progress", "Completed", "Aborted");
values!(MEMBER_STATUS: "Sent", "Responded");
values!(MEMBER_TYPE: "Lead", "Contact");
values!(PRODUCT_FAMILY: "None", "Hardware", "Services", "Software");
labelled!(SHARING_PRIVACY: "N" => "Visible to Anyone With Record Access", "P" => "Private on Records");
labelled!(SHARING_OPTION: "A" => "Freeze Sharing Off", "R" => "Freeze Sharing On");
labelled!(CONTENT_ORIGIN: "C" => "Content", "H" => "Chatter");
labelled!(PUBLISH_STATUS: "U" => "Upload Interrupted", "P" => "Public", "R" => "Personal Library");
labelled!(SHARE_TYPE: "V" => "Viewer", "C" => "Collaborator", "I" => "Inferred");
labelled!(VISIBILITY: "AllUsers" => "All Users", "InternalUsers" => "Standard Users", "SharedUsers" => "Shared Users");
values!(DIGEST_FREQUENCY: "D", "W", "N");
values!(NOTIFICATION_FREQUENCY: "P", "D", "W", "N");
values!(RULE_OBJECT: "Case", "Lead");
values!(COUNTRIES_SERVED: "Germany", "United Kingdom", "United States");
values!(COLOURS: "Red", "Green", "Blue");
values!(INVOICE_STATUS: "Draft", "Sent", "Paid", "Void");

/// Which products there are for which of [`COUNTRIES_SERVED`].
pub(super) static PLANS: &[PicklistValue] = &[
    PicklistValue { valid_for: Some(&[0, 1, 2]), ..plain("Basic", "Basic") },
    PicklistValue { valid_for: Some(&[0, 1]), ..plain("Plus", "Plus") },
    PicklistValue { valid_for: Some(&[2]), ..plain("Enterprise", "Enterprise") },
    PicklistValue { valid_for: Some(&[0]), active: false, ..plain("Legacy", "Legacy") },
];
