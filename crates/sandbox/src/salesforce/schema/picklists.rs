//! The values of the standard picklists, as in a new organisation.

use super::PicklistValue;

/// Values that are their own labels.
macro_rules! values {
    ($name:ident: $($value:literal),+ $(,)?) => {
        pub(super) static $name: &[PicklistValue] = &[$(PicklistValue { value: $value, label: $value }),+];
    };
}

/// Values with labels of their own.
macro_rules! labelled {
    ($name:ident: $($value:literal => $label:literal),+ $(,)?) => {
        pub(super) static $name: &[PicklistValue] = &[$(PicklistValue { value: $value, label: $label }),+];
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
values!(SOBJECT_TYPE: "Account", "Contact", "Lead", "Opportunity", "Task");
