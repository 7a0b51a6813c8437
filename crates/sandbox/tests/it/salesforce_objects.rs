//! Events, cases, campaigns, files, products, queues, custom objects: what the platform derives and refuses; and what
//! an administrator changes while others work.

use axum::http::StatusCode;
use sandbox::HumanEdit;
use serde_json::{Value, json};

use crate::salesforce_org::{Org, SF};

async fn check(org: &Org, object: &str, id: &str, expected: Value) {
    let record = org.read(object, id).await;
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&record[field], value, "{object}.{field}");
    }
}

async fn refused(org: &Org, object: &str, fields: Value, status: u16, code: &str) {
    let answer = org.post(&format!("sobjects/{object}"), fields).await;
    assert_eq!(answer.refusal(), (status, code), "{object} {}", answer.body);
}

#[tokio::test]
async fn an_event_needs_a_start_and_a_length_that_agree() {
    let org = Org::empty();
    let id = org
        .make("Event", json!({"Subject": "s", "ActivityDateTime": "2025-07-01T09:00:00Z", "DurationInMinutes": "90"}))
        .await;
    check(&org, "Event", &id, json!({"StartDateTime": "2025-07-01T09:00:00.000+0000", "ActivityDate": "2025-07-01",
        "EndDateTime": "2025-07-01T10:30:00.000+0000", "ShowAs": "Busy", "IsAllDayEvent": false, "EndDate": "2025-07-01"}))
    .await;
    org.patch(&format!("sobjects/Event/{id}"), json!({"StartDateTime": "2025-07-02T23:30:00Z"})).await;
    check(&org, "Event", &id, json!({"DurationInMinutes": 90, "EndDate": "2025-07-03"})).await;

    let days = json!({"Subject": "d", "IsAllDayEvent": true, "ActivityDate": "2025-07-01", "DurationInMinutes": 2880});
    let days = org.make("Event", days).await;
    check(
        &org,
        "Event",
        &days,
        json!({"StartDateTime": "2025-07-01T00:00:00.000+0000", "ActivityDateTime": null,
        "EndDateTime": "2025-07-02T00:00:00.000+0000", "EndDate": "2025-07-02"}),
    )
    .await;

    let start = "2025-07-01T09:00:00Z";
    for (fields, code) in [
        (json!({"Subject": "x"}), "REQUIRED_FIELD_MISSING"),
        (json!({"StartDateTime": start}), "REQUIRED_FIELD_MISSING"),
        (
            json!({"StartDateTime": start, "EndDateTime": "2025-07-01T10:00:00Z", "DurationInMinutes": 30}),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (json!({"StartDateTime": start, "EndDateTime": "2025-07-01T08:00:00Z"}), "FIELD_INTEGRITY_EXCEPTION"),
        (json!({"StartDateTime": start, "EndDateTime": "2025-07-20T08:00:00Z"}), "FIELD_INTEGRITY_EXCEPTION"),
        (
            json!({"IsAllDayEvent": true, "ActivityDate": "2025-07-01", "DurationInMinutes": 60}),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
    ] {
        refused(&org, "Event", fields, 400, code).await;
    }
    let lead = org.make("Lead", json!({"LastName": "l", "Company": "c"})).await;
    let account = org.account("a").await;
    let both = json!({"WhoId": lead, "WhatId": account, "StartDateTime": start, "DurationInMinutes": 5});
    refused(&org, "Event", both, 400, "FIELD_INTEGRITY_EXCEPTION").await;
}

#[tokio::test]
async fn a_case_is_numbered_and_knows_its_account_and_contact() {
    let org = Org::empty();
    let account = org.account("Acme").await;
    let contact =
        org.make("Contact", json!({"LastName": "c", "AccountId": account, "Email": "c@x.test", "Phone": "1"})).await;
    let id = org.make("Case", json!({"Subject": "s", "ContactId": contact})).await;
    check(
        &org,
        "Case",
        &id,
        json!({"CaseNumber": "00001001", "Status": "New", "Priority": "Medium", "IsClosed": false,
        "AccountId": account, "ContactEmail": "c@x.test", "ContactPhone": "1", "ClosedDate": null}),
    )
    .await;
    org.patch(&format!("sobjects/Contact/{contact}"), json!({"Phone": "2"})).await;
    org.advance(60);
    org.patch(&format!("sobjects/Case/{id}"), json!({"Status": "Closed"})).await;
    check(
        &org,
        "Case",
        &id,
        json!({"IsClosed": true, "ContactPhone": "2", "ClosedDate": "2025-06-02T09:01:00.000+0000"}),
    )
    .await;
    let found = org.get("sobjects/Case/CaseNumber/00001001").await;
    assert_eq!(found.body["Id"], id, "{}", found.body);
    org.make("CaseComment", json!({"ParentId": id, "CommentBody": "called"})).await;

    let answer = org.delete(&format!("sobjects/Account/{account}")).await;
    assert_eq!(answer.refusal(), (400, "DELETE_FAILED"));
    assert!(answer.message().contains("00001001"), "{}", answer.message());
    assert_eq!(org.delete(&format!("sobjects/Case/{id}")).await.status, StatusCode::NO_CONTENT);
    let comments = org.query_all("SELECT Id FROM CaseComment WHERE IsDeleted = true").await;
    assert_eq!(comments.body["totalSize"], 1, "comments go with their case");
    assert_eq!(org.delete(&format!("sobjects/Account/{account}")).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn campaigns_count_their_members_and_opportunities() {
    let org = Org::empty();
    let parent = org.make("Campaign", json!({"Name": "year"})).await;
    let campaign = org.make("Campaign", json!({"Name": "fair", "ParentId": parent})).await;
    let contact = org.make("Contact", json!({"LastName": "c", "FirstName": "d"})).await;
    let lead = org.make("Lead", json!({"LastName": "l", "Company": "Engines", "Status": "Working - Contacted"})).await;
    let member = org.make("CampaignMember", json!({"CampaignId": campaign, "ContactId": contact})).await;
    check(
        &org,
        "CampaignMember",
        &member,
        json!({"Status": "Sent", "HasResponded": false, "Name": "d c",
        "Type": "Contact", "LeadOrContactId": contact, "FirstRespondedDate": null}),
    )
    .await;
    let other = json!({"CampaignId": campaign, "LeadId": lead, "Status": "Responded"});
    let other = org.make("CampaignMember", other).await;
    check(
        &org,
        "CampaignMember",
        &other,
        json!({"HasResponded": true, "CompanyOrAccount": "Engines",
        "FirstRespondedDate": "2025-06-02"}),
    )
    .await;
    refused(&org, "CampaignMember", json!({"CampaignId": campaign, "LeadId": lead}), 400, "DUPLICATE_VALUE").await;
    refused(&org, "CampaignMember", json!({"CampaignId": campaign}), 400, "REQUIRED_FIELD_MISSING").await;
    let both = json!({"CampaignId": campaign, "LeadId": lead, "ContactId": contact});
    refused(&org, "CampaignMember", both, 400, "FIELD_INTEGRITY_EXCEPTION").await;
    let deal = json!({"Name": "d", "StageName": "Closed Won", "CloseDate": "2025-06-01", "Amount": 50,
        "CampaignId": campaign});
    org.make("Opportunity", deal).await;
    let counts = json!({"NumberOfLeads": 1, "NumberOfContacts": 1, "NumberOfResponses": 1, "NumberOfOpportunities": 1,
        "NumberOfWonOpportunities": 1, "AmountWonOpportunities": 50.0});
    check(&org, "Campaign", &campaign, counts).await;
    check(
        &org,
        "Campaign",
        &parent,
        json!({"NumberOfLeads": 0, "HierarchyNumberOfLeads": 1,
        "HierarchyAmountAllOpportunities": 50.0}),
    )
    .await;
    let before = org.read("Campaign", &campaign).await["SystemModstamp"].clone();
    org.advance(60);
    org.delete(&format!("sobjects/CampaignMember/{other}")).await;
    check(&org, "Campaign", &campaign, json!({"NumberOfLeads": 0, "NumberOfResponses": 0, "SystemModstamp": before}))
        .await;
    let statuses = org.query(&format!("SELECT Label FROM CampaignMemberStatus WHERE CampaignId = '{campaign}'")).await;
    assert_eq!(statuses.column("Label"), ["Sent", "Responded"]);
}

#[tokio::test]
async fn notes_and_files_have_documents_versions_and_links() {
    let org = Org::empty();
    let account = org.account("Acme").await;
    let note = org.make("ContentNote", json!({"Title": "t", "Content": "PGI+SGk8L2I+"})).await;
    check(
        &org,
        "ContentNote",
        &note,
        json!({"TextPreview": "Hi", "FileType": "SNOTE", "ContentSize": 9,
        "Content": format!("/services/data/v62.0/sobjects/ContentNote/{note}/Content")}),
    )
    .await;
    let content = org.get(&format!("sobjects/ContentNote/{note}/Content")).await;
    assert_eq!(
        (content.body, content.headers["content-type"].to_str().unwrap()),
        (json!("<b>Hi</b>"), "application/octetstream")
    );
    let link = json!({"ContentDocumentId": note, "LinkedEntityId": account, "ShareType": "V"});
    org.make("ContentDocumentLink", link).await;
    let children = org.get(&format!("sobjects/Account/{account}/ContentDocumentLinks")).await;
    assert_eq!(children.body["records"][0]["ContentDocumentId"], note);
    org.patch(&format!("sobjects/ContentNote/{note}"), json!({"Content": "SGV5"})).await;
    let versions = org
        .query(&format!("SELECT VersionNumber, IsLatest FROM ContentVersion WHERE ContentDocumentId = '{note}' ORDER BY VersionNumber"))
        .await;
    assert_eq!(versions.column("IsLatest"), ["false", "true"]);

    let file = json!({"PathOnClient": "Offer.pdf", "VersionData": "QUJD", "FirstPublishLocationId": account});
    let file = org.make("ContentVersion", file).await;
    let version = org.read("ContentVersion", &file).await;
    assert_eq!(
        (&version["Title"], &version["FileType"], &version["ContentSize"]),
        (&json!("Offer"), &json!("PDF"), &json!(3))
    );
    let document = version["ContentDocumentId"].as_str().unwrap();
    check(&org, "ContentDocument", document, json!({"Title": "Offer", "LatestPublishedVersionId": file})).await;
    refused(&org, "ContentVersion", json!({"Title": "x"}), 400, "REQUIRED_FIELD_MISSING").await;
    refused(&org, "ContentDocument", json!({"Title": "x"}), 400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY").await;

    assert_eq!(org.delete(&format!("sobjects/ContentDocument/{note}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.get(&format!("sobjects/ContentNote/{note}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(org.query("SELECT Id FROM ContentNote").await.body["totalSize"], 0);
}

#[tokio::test]
async fn prices_and_line_items_follow_the_price_books() {
    let org = Org::empty();
    let product = org.make("Product2", json!({"Name": "p", "IsActive": true})).await;
    let books = org.query("SELECT Id FROM Pricebook2 ORDER BY IsStandard DESC").await.column("Id");
    let price = |book: &str| json!({"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 10, "IsActive": true});
    refused(&org, "PricebookEntry", price(&books[1]), 400, "STANDARD_PRICE_NOT_DEFINED").await;
    let standard = org.make("PricebookEntry", price(&books[0])).await;
    refused(&org, "PricebookEntry", price(&books[0]), 400, "DUPLICATE_VALUE").await;
    let partner = org.make("PricebookEntry", price(&books[1])).await;
    let deal =
        org.make("Opportunity", json!({"Name": "d", "StageName": "Prospecting", "CloseDate": "2025-09-01"})).await;
    let line = |entry: &str| json!({"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 2, "UnitPrice": 10, "Discount": 50});
    let id = org.make("OpportunityLineItem", line(&standard)).await;
    check(&org, "OpportunityLineItem", &id, json!({"TotalPrice": 10.0, "Name": "d p", "Product2Id": product})).await;
    check(
        &org,
        "Opportunity",
        &deal,
        json!({"Amount": 10.0, "HasOpportunityLineItem": true, "Pricebook2Id": books[0],
        "Weighted_Amount__c": 1.0, "ExpectedRevenue": 1.0}),
    )
    .await;
    refused(&org, "OpportunityLineItem", line(&partner), 400, "FIELD_INTEGRITY_EXCEPTION").await;
}

#[tokio::test]
async fn queues_own_what_they_are_for() {
    let org = Org::empty();
    let queues = org.query("SELECT Id FROM Group WHERE Type = 'Queue' AND DeveloperName = 'New_Leads'").await;
    let queue = queues.column("Id")[0].clone();
    let lead = org.make("Lead", json!({"LastName": "l", "Company": "c", "OwnerId": queue})).await;
    let owner = org.query(&format!("SELECT Owner.Name, Owner.Type FROM Lead WHERE Id = '{lead}'")).await;
    assert_eq!(owner.body["records"][0]["Owner"]["Name"], "New Leads");
    refused(&org, "Case", json!({"Subject": "s", "OwnerId": queue}), 400, "INVALID_CROSS_REFERENCE_KEY").await;
    refused(&org, "Contact", json!({"LastName": "s", "OwnerId": queue}), 400, "MALFORMED_ID").await;
}

#[tokio::test]
async fn custom_fields_of_every_type_take_their_values() {
    let org = Org::empty();
    let fields = json!({
        "Name": "a", "Served_From__c": "Germany", "Plan__c": "Basic", "Colours__c": "Blue;Red", "Credit_Limit__c": 10.5,
        "Discount__c": 12.5, "Score__c": 1.125, "Customer_Since__c": "2020-01-02", "Last_Audit__c": "2024-01-02T03:04:05Z",
        "Opening_Time__c": "08:30:00", "Location__Latitude__s": 52.5, "Location__Longitude__s": 13.4,
        "History__c": "long", "Terms__c": "<b>terms</b>", "Portal__c": "https://x.test", "Billing_Email__c": "A@x.test",
        "Secret__c": "s", "Erp_Key__c": "Key", "Erp_Number__c": 7,
    });
    let id = org.make("Account", fields).await;
    check(&org, "Account", &id, json!({
        "Colours__c": "Red;Blue", "Opening_Time__c": "08:30:00.000Z", "Newsletter__c": true, "Billing_Email__c": "a@x.test",
        "Location__c": {"latitude": 52.5, "longitude": 13.4}, "Customer_Number__c": "CN-01001", "Credit_Limit__c": 10.5,
    }))
    .await;
    refused(&org, "Account", json!({"Name": "b", "Plan__c": "Legacy"}), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
        .await;
    refused(&org, "Account", json!({"Name": "b", "Erp_Key__c": "Key"}), 400, "DUPLICATE_VALUE").await;
    org.make("Account", json!({"Name": "b", "Erp_Key__c": "KEY"})).await;
    refused(&org, "Account", json!({"Name": "b", "Customer_Number__c": "x"}), 400, "INVALID_FIELD_FOR_INSERT_UPDATE")
        .await;
    let described = org.get("sobjects/Account/describe").await.body;
    let field = |name: &str| {
        let fields = described["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    let plan = field("Plan__c");
    assert_eq!((&plan["controllerName"], &plan["dependentPicklist"]), (&json!("Served_From__c"), &json!(true)));
    let bitmaps: Vec<_> =
        plan["picklistValues"].as_array().unwrap().iter().map(|value| value["validFor"].clone()).collect();
    assert_eq!(bitmaps, [json!("4AAA"), json!("wAAA"), json!("IAAA"), json!("gAAA")]);
    assert_eq!(field("Opening_Time__c")["soapType"], "xsd:time");
    assert_eq!(field("Location__c")["type"], "location");
    assert_eq!(field("Secret__c")["mask"], "*");
    assert_eq!(field("Terms__c")["htmlFormatted"], true);
    assert_eq!(plan.as_object().unwrap().len(), 57, "every field has its 57 attributes");

    let upsert = |name: &str| json!({"Name": name});
    for name in ["one", "two"] {
        org.make("UpsertTable__c", json!({"Name": name, "ExtId__c": "same"})).await;
    }
    let several = org.patch("sobjects/UpsertTable__c/ExtId__c/same", upsert("x")).await;
    assert_eq!(several.status, StatusCode::MULTIPLE_CHOICES);
}

#[tokio::test]
async fn details_go_with_their_masters_down_to_the_last() {
    let org = Org::demo();
    let deep = "SELECT Name, (SELECT Name, (SELECT Name, Sum__c, (SELECT Rate__c FROM Taxes__r) FROM Lines__r) FROM Invoices__r) \
                FROM Account WHERE Id IN (SELECT Account__c FROM Invoice__c) LIMIT 1";
    let found = org.query(deep).await;
    let account = &found.body["records"][0];
    let line = &account["Invoices__r"]["records"][0]["Lines__r"]["records"][1];
    assert_eq!(
        (&line["Sum__c"], &line["Taxes__r"]["records"][0]["Rate__c"]),
        (&json!(200.0), &json!(19.0)),
        "{}",
        found.body
    );
    let invoice = org.query("SELECT Id FROM Invoice__c LIMIT 1").await.column("Id")[0].clone();
    org.delete(&format!("sobjects/Invoice__c/{invoice}")).await;
    let gone = org.query_all("SELECT COUNT() FROM Line_Tax__c WHERE IsDeleted = true").await;
    assert_eq!(gone.body["totalSize"], 2);
    let rows = org.query("SELECT COUNT() FROM BigTable__c").await;
    assert_eq!(rows.body["totalSize"], 2_100, "more than a page");
    assert_eq!(org.query("SELECT Id FROM ScratchOrgInfo").await.refusal(), (400, "INVALID_TYPE"));
}

#[tokio::test]
async fn the_schema_drifts_under_the_callers_feet() {
    let org = Org::demo();
    let alter = |change: Value| org.sandbox.alter_schema(SF, &change);
    let contact = org.query("SELECT Id FROM Contact LIMIT 1").await.column("Id")[0].clone();
    let old = org.get("sobjects/Contact/describe").await;
    let since = [("if-modified-since", old.header("last-modified"))];
    org.advance(3_600);
    let size = json!({"change": "add_field", "object": "Contact", "field": {
        "name": "Size__c", "type": "picklist", "values": ["S", "L"], "restricted": true}});
    alter(size.clone()).unwrap();
    assert!(alter(size).unwrap_err().contains("already"));
    let get = axum::http::Method::GET;
    let new = org.call(get, "sobjects/Contact/describe", &since, None).await;
    assert_eq!((new.status, new.header("etag") != old.header("etag")), (StatusCode::OK, true));
    assert_eq!(org.patch(&format!("sobjects/Contact/{contact}"), json!({"Size__c": "L"})).await.status, 204);
    alter(json!({"change": "remove_picklist_value", "object": "Contact", "field": "Size__c", "value": "L"})).unwrap();
    let refusal = org.patch(&format!("sobjects/Contact/{contact}"), json!({"Size__c": "L"})).await;
    assert_eq!(refusal.refusal().1, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
    assert_eq!(org.read("Contact", &contact).await["Size__c"], "L", "the value stays where it is");
    alter(json!({"change": "change_field", "object": "Contact", "field": "Title", "length": 3, "label": "Job"}))
        .unwrap();
    let refusal = org.patch(&format!("sobjects/Contact/{contact}"), json!({"Title": "Boss"})).await;
    assert_eq!(refusal.message(), "Job: data value too large: Boss (max length=3)");

    alter(json!({"change": "set_field_visible", "object": "Contact", "field": "HasOptedOutOfEmail", "visible": false}))
        .unwrap();
    let hidden = org.query("SELECT HasOptedOutOfEmail FROM Contact").await;
    assert_eq!(hidden.refusal(), (400, "INVALID_FIELD"));
    let write = org.patch(&format!("sobjects/Contact/{contact}"), json!({"HasOptedOutOfEmail": true})).await;
    assert_eq!(write.refusal(), (400, "INVALID_FIELD"));
    assert!(org.read("Contact", &contact).await.get("HasOptedOutOfEmail").is_none());
    let described = org.get("sobjects/Contact/describe").await.body.to_string();
    assert!(!described.contains("HasOptedOutOfEmail"));

    let object = json!({"change": "add_object", "name": "Van__c", "label": "Van", "label_plural": "Vans", "fields": [
        {"name": "Driver__c", "type": "reference", "reference_to": ["Contact"], "children": "Vans__r"},
        {"name": "Plate__c", "type": "string", "length": 10, "external_id": true, "unique": true},
        {"name": "Shown__c", "type": "string", "formula": "Name & \" \" & Plate__c"}]});
    alter(object).unwrap();
    let van = org.make("Van__c", json!({"Name": "v", "Driver__c": contact, "Plate__c": "B-1"})).await;
    check(&org, "Van__c", &van, json!({"Shown__c": "v B-1"})).await;
    let parent = org.query(&format!("SELECT (SELECT Name FROM Vans__r) FROM Contact WHERE Id = '{contact}'")).await;
    assert_eq!(parent.body["records"][0]["Vans__r"]["records"][0]["Name"], "v");
    alter(json!({"change": "remove_field", "object": "Van__c", "field": "Plate__c"})).unwrap();
    assert_eq!(org.query("SELECT Plate__c FROM Van__c").await.refusal(), (400, "INVALID_FIELD"));
    for nonsense in [
        json!({"change": "add_field", "object": "Contact", "field": {"name": "Bad", "type": "string"}}),
        json!({"change": "add_field", "object": "Nope", "field": {"name": "Bad__c", "type": "string"}}),
        json!({"change": "add_field", "object": "Contact", "field": {"name": "Bad__c", "type": "reference"}}),
        json!({"change": "add_field", "object": "Contact", "field": {"name": "Bad__c", "type": "double", "formula": "1 +"}}),
        json!({"change": "remove_field", "object": "Contact", "field": "LastName"}),
        json!({"change": "dance"}),
    ] {
        assert!(alter(nonsense.clone()).is_err(), "{nonsense}");
    }
    org.sandbox.reset();
    let reset = Org::with(org.sandbox.clone());
    assert_eq!(reset.query("SELECT Id FROM Van__c").await.refusal(), (400, "INVALID_TYPE"));
}

#[tokio::test]
async fn applications_find_layouts_and_views() {
    let org = Org::demo();
    let layouts = org.get("sobjects/Contact/describe/layouts").await.body;
    let sections = layouts["layouts"][0]["detailLayoutSections"].as_array().unwrap();
    let headings: Vec<_> = sections.iter().map(|section| section["heading"].as_str().unwrap()).collect();
    assert_eq!(
        headings,
        ["Contact Information", "Address Information", "Description Information", "System Information"]
    );
    let item = &sections[0]["layoutRows"][0]["layoutItems"][1];
    assert_eq!((&item["label"], &item["required"]), (&json!("Last Name"), &json!(true)));
    let named = org.get("sobjects/Contact/describe/layouts/012000000000000AAA").await;
    assert_eq!(named.body["id"], layouts["layouts"][0]["id"]);
    assert_eq!(org.get("sobjects/CampaignMemberStatus/describe/layouts").await.status, StatusCode::NOT_FOUND);
    let compact = org.get("sobjects/Lead/describe/compactLayouts").await.body;
    assert_eq!(compact["compactLayouts"][0]["name"], "SYSTEM");
    let actions = org.get("sobjects/Account/quickActions").await.body;
    assert!(actions.as_array().unwrap().iter().any(|action| action["label"] == "New Contact"), "{actions}");

    let views = org.get("sobjects/Account/listviews").await.body;
    assert_eq!(views["listviews"][0]["developerName"], "AllAccounts");
    let results = views["listviews"][0]["resultsUrl"].as_str().unwrap().to_owned();
    let total = org.query("SELECT COUNT() FROM Account").await.body["totalSize"].as_u64().unwrap();
    let page = org.get(&results).await.body;
    assert_eq!((page["records"].as_array().unwrap().len(), &page["done"]), (25, &json!(false)));
    let all = org.get(&format!("{results}?limit=2000")).await.body;
    assert_eq!((all["size"].as_u64().unwrap(), &all["done"]), (total, &json!(true)));
    let describe = org.get(views["listviews"][0]["describeUrl"].as_str().unwrap()).await.body;
    let same = org.query(describe["query"].as_str().unwrap()).await;
    assert_eq!(same.body["totalSize"], total, "the query of a view gives its records");
}

#[tokio::test]
async fn converted_leads_are_read_only() {
    let org = Org::empty();
    let lead = org.make("Lead", json!({"LastName": "l", "Company": "c", "IsConverted": true})).await;
    let answer = org.patch(&format!("sobjects/Lead/{lead}"), json!({"Title": "t"})).await;
    assert_eq!(answer.refusal(), (400, "CANNOT_UPDATE_CONVERTED_LEAD"));
    refused(&org, "Task", json!({"Subject": "t", "WhoId": lead}), 400, "CANNOT_UPDATE_CONVERTED_LEAD").await;
    let edit = HumanEdit::Delete { object: "Lead".into(), id: lead };
    org.sandbox.human(SF, &edit).unwrap();
}
