"""Runs simple-salesforce, unmodified, against a crm-sandbox whose ready line is in CRMKIT_READY."""

import base64
import csv
import datetime as dt
import io
import json
import os
import tempfile
import uuid
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import (
    Salesforce,
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceLogin,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
    SFType,
    format_soql,
)
from simple_salesforce.exceptions import SalesforceRefusedRequest

from checks import Checks, equal, has, raises

VERSION = "59.0"
check = Checks("simple_salesforce_checks")


class Loopback(HTTPAdapter):
    """The library writes https:// before every host; the sandbox speaks plain HTTP on loopback."""

    def __init__(self, origin):
        super().__init__()
        self.origin = origin

    def send(self, request, *arguments, **named):
        parts = urlsplit(request.url)
        request.url = self.origin + request.url[len(f"{parts.scheme}://{parts.netloc}"):]
        return super().send(request, *arguments, **named)


def session_to(origin):
    session = requests.Session()
    session.mount("https://", Loopback(origin))
    return session


def connect(ready, **options):
    origin = ready["instance_url"].rstrip("/")
    options = {"session_id": ready["access_token"], "instance_url": origin.replace("http://", "https://"), **options}
    return Salesforce(session=session_to(origin), version=VERSION, **options)


def tag():
    return uuid.uuid4().hex[:10]


def contact(sf, **fields):
    fields = {"LastName": f"Núñez {tag()}", **fields}
    return sf.Contact.create(fields)["id"]


def external_id_field(sf, name):
    fields = getattr(sf, name).describe()["fields"]
    return next(field["name"] for field in fields if field["externalId"] and field["custom"] and field["type"] == "string")


# --- sessions and logins -----------------------------------------------------------------------------------------------


@check
def token_has_the_shape_the_official_tools_demand(sf, ready):
    import re

    assert re.fullmatch(r"00D\w{12,15}![.\w]*", ready["access_token"])


@check
def wrong_token_is_an_expired_session(sf, ready):
    other = connect(ready, session_id="00D000000000001!nonsense")
    error = raises(SalesforceExpiredSession, other.query, "SELECT Id FROM Account")
    equal(error.status, 401)
    equal(error.content[0]["errorCode"], "INVALID_SESSION_ID")
    equal(error.content[0]["message"], "Session expired or invalid")


@check
def soap_login_with_security_token(sf, ready):
    other = Salesforce(username=ready["username"], password=ready["password"], security_token=ready["security_token"],
                       session=session_to(ready["instance_url"]), version=VERSION)
    assert other.query("SELECT Id FROM User LIMIT 1")["totalSize"] == 1


@check
def soap_login_with_a_wrong_password(sf, ready):
    error = raises(SalesforceAuthenticationFailed, SalesforceLogin, username=ready["username"], password="wrong",
                   security_token=ready["security_token"], session=session_to(ready["instance_url"]), sf_version=VERSION)
    equal(error.code, "INVALID_LOGIN")
    has(str(error), "Invalid username, password, security token; or user locked out.")


@check
def password_grant(sf, ready):
    other = Salesforce(username=ready["username"], password=ready["password"] + ready["security_token"],
                       consumer_key=ready["client_id"], consumer_secret=ready["client_secret"],
                       session=session_to(ready["instance_url"]), version=VERSION)
    has(other.limits(), "DailyApiRequests")


@check
def password_grant_with_a_wrong_password(sf, ready):
    error = raises(SalesforceAuthenticationFailed, Salesforce, username=ready["username"], password="wrong",
                   consumer_key=ready["client_id"], consumer_secret=ready["client_secret"],
                   session=session_to(ready["instance_url"]), version=VERSION)
    equal(error.code, "invalid_grant")


@check
def client_credentials(sf, ready):
    other = Salesforce(consumer_key=ready["client_id"], consumer_secret=ready["client_secret"], domain="acme.my",
                       session=session_to(ready["instance_url"]), version=VERSION)
    has(other.describe(), "sobjects")


@check
def client_credentials_with_a_wrong_secret(sf, ready):
    error = raises(SalesforceAuthenticationFailed, Salesforce, consumer_key=ready["client_id"], consumer_secret="no",
                   domain="acme.my", session=session_to(ready["instance_url"]), version=VERSION)
    equal(error.code, "invalid_client")


@check
def unknown_consumer_key(sf, ready):
    error = raises(SalesforceAuthenticationFailed, Salesforce, consumer_key="nobody", consumer_secret="no",
                   domain="acme.my", session=session_to(ready["instance_url"]), version=VERSION)
    equal(error.code, "invalid_client_id")


@check
def jwt_bearer(sf, ready):
    other = Salesforce(username=ready["username"], consumer_key=ready["client_id"], privatekey=ready["jwt_private_key"],
                       session=session_to(ready["instance_url"]), version=VERSION)
    has(other.limits(), "DailyApiRequests")


@check
def jwt_signed_by_somebody_else(sf, ready):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    error = raises(SalesforceAuthenticationFailed, Salesforce, username=ready["username"],
                   consumer_key=ready["client_id"], privatekey=pem.decode(),
                   session=session_to(ready["instance_url"]), version=VERSION)
    equal(error.code, "invalid_grant")


@check
def sandbox_question(sf, ready):
    assert sf.is_sandbox() in (True, False)


@check
def oauth_userinfo(sf, ready):
    has(sf.oauth2("userinfo"), "user_id", "organization_id", "preferred_username", "urls")


# --- describe ------------------------------------------------------------------------------------------------------------


@check
def describe_global(sf, ready):
    answer = sf.describe()
    equal(answer["encoding"], "UTF-8")
    equal(answer["maxBatchSize"], 200)
    names = {entry["name"] for entry in answer["sobjects"]}
    has(names, "Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Task", "Event", "Note", "Case",
        "Campaign", "CampaignMember", "User", "RecordType", "OpportunityStage", "BigTable__c", "UpsertTable__c")
    has(answer["sobjects"][0]["urls"], "sobject", "describe", "rowTemplate")


@check
def describe_an_object(sf, ready):
    fields = {field["name"]: field for field in sf.Contact.describe()["fields"]}
    last = fields["LastName"]
    equal((last["length"], last["nillable"], last["createable"], last["type"]), (80, False, True, "string"))
    equal(fields["AccountId"]["referenceTo"], ["Account"])
    equal(fields["AccountId"]["relationshipName"], "Account")
    equal(len(last), 57)
    assert fields["Email"]["idLookup"]


@check
def describe_lists_children_and_record_types(sf, ready):
    answer = sf.Account.describe()
    children = {child["relationshipName"]: child for child in answer["childRelationships"] if child["relationshipName"]}
    has(children, "Contacts", "Opportunities", "Cases", "ChildAccounts", "Tasks", "Events")
    equal(children["Contacts"]["field"], "AccountId")
    assert any(info["master"] for info in answer["recordTypeInfos"])


@check
def describe_of_every_listed_object_answers(sf, ready):
    for entry in sf.describe()["sobjects"]:
        equal(getattr(sf, entry["name"]).describe()["name"], entry["name"])


@check
def metadata(sf, ready):
    contact(sf)
    answer = sf.Contact.metadata()
    equal(answer["objectDescribe"]["keyPrefix"], "003")
    has(answer, "recentItems")


@check
def describe_of_an_unknown_object(sf, ready):
    error = raises(SalesforceResourceNotFound, sf.Nonsense.describe)
    equal(error.content[0], {"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"})


@check
def describe_layout(sf, ready):
    has(sf.Account.describe_layout("012000000000000AAA"), "detailLayoutSections")


@check
def picklists(sf, ready):
    fields = {field["name"]: field for field in sf.Lead.describe()["fields"]}
    values = [value["value"] for value in fields["Status"]["picklistValues"]]
    has(values, "Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")


# --- records -------------------------------------------------------------------------------------------------------------


@check
def create_and_get(sf, ready):
    made = sf.Contact.create({"FirstName": "Zoë", "LastName": "O'Hara-Łukasik", "Email": f"Zoe.{tag()}@Example.COM"})
    equal((made["success"], made["errors"], len(made["id"])), (True, [], 18))
    row = sf.Contact.get(made["id"])
    equal(row["attributes"]["type"], "Contact")
    equal(row["attributes"]["url"], f"/services/data/v{VERSION}/sobjects/Contact/{made['id']}")
    equal(row["Name"], "Zoë O'Hara-Łukasik")
    equal(row["Email"], row["Email"].lower())
    equal(row["MobilePhone"], None)
    assert row["CreatedDate"].endswith("+0000") and len(row["CreatedDate"]) == 28


@check
def get_shows_every_described_field(sf, ready):
    row = sf.Contact.get(contact(sf))
    described = {field["name"] for field in sf.Contact.describe()["fields"]}
    equal(set(row) - {"attributes"}, described)


@check
def get_by_fifteen_characters(sf, ready):
    whole = contact(sf)
    equal(sf.Contact.get(whole[:15])["Id"], whole)


@check
def ids_distinguish_case(sf, ready):
    whole = contact(sf)
    raises(SalesforceResourceNotFound, sf.Contact.get, whole[:15].swapcase())


@check
def update_answers_204(sf, ready):
    row = contact(sf)
    equal(sf.Contact.update(row, {"Title": "Cháirwoman"}), 204)
    equal(sf.Contact.get(row)["Title"], "Cháirwoman")


@check
def update_leaves_the_rest_alone_and_null_clears(sf, ready):
    row = contact(sf, Title="CEO", Department="Board")
    sf.Contact.update(row, {"Title": None})
    after = sf.Contact.get(row)
    equal((after["Title"], after["Department"]), (None, "Board"))


@check
def update_raw_response(sf, ready):
    response = sf.Contact.update(contact(sf), {"Title": "x"}, raw_response=True)
    equal((response.status_code, response.text), (204, ""))


@check
def delete_then_everything_says_gone(sf, ready):
    row = contact(sf)
    equal(sf.Contact.delete(row), 204)
    raises(SalesforceResourceNotFound, sf.Contact.get, row)
    error = raises(SalesforceResourceNotFound, sf.Contact.update, row, {"Title": "x"})
    equal(error.content[0]["errorCode"], "ENTITY_IS_DELETED")
    error = raises(SalesforceResourceNotFound, sf.Contact.delete, row)
    equal(error.content[0]["errorCode"], "ENTITY_IS_DELETED")


@check
def required_field(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.Contact.create, {"FirstName": "Only"})
    equal(error.content, [{"message": "Required fields are missing: [LastName]", "errorCode": "REQUIRED_FIELD_MISSING",
                           "fields": ["LastName"]}])


@check
def unknown_field(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.Contact.create, {"LastName": "x", "Shoe__c": "43"})
    equal(error.content[0]["errorCode"], "INVALID_FIELD")
    equal(error.content[0]["message"], "No such column 'Shoe__c' on sobject of type Contact")


@check
def text_too_long_names_the_label(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.Contact.create, {"LastName": "x" * 81})
    equal(error.content[0]["errorCode"], "STRING_TOO_LONG")
    equal(error.content[0]["message"], f"Last Name: data value too large: {'x' * 81} (max length=80)")
    equal(error.content[0]["fields"], ["LastName"])


@check
def bad_email(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.Contact.create, {"LastName": "x", "Email": "123"})
    equal((error.content[0]["errorCode"], error.content[0]["message"]),
          ("INVALID_EMAIL_ADDRESS", "Email: invalid email address: 123"))


@check
def read_only_field(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.Contact.create, {"LastName": "x", "IsDeleted": True})
    equal(error.content[0]["errorCode"], "INVALID_FIELD_FOR_INSERT_UPDATE")
    equal(error.content[0]["fields"], ["IsDeleted"])


@check
def wrong_reference(sf, ready):
    other = contact(sf)
    error = raises(SalesforceMalformedRequest, sf.Contact.create, {"LastName": "x", "AccountId": other})
    has(("MALFORMED_ID", "FIELD_INTEGRITY_EXCEPTION"), error.content[0]["errorCode"])


@check
def malformed_id(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.Contact.create, {"LastName": "x", "AccountId": "abc"})
    equal(error.content[0]["errorCode"], "MALFORMED_ID")


@check
def segment_that_is_no_id(sf, ready):
    error = raises(SalesforceResourceNotFound, sf.Contact.get, "23foo")
    equal(error.content[0]["message"], "Provided external ID field does not exist or is not accessible: 23foo")


@check
def post_on_a_record_is_not_allowed(sf, ready):
    row = contact(sf)
    error = raises(SalesforceGeneralError, sf.restful, f"sobjects/Contact/{row}", method="POST", json={"Title": "x"})
    equal(error.status, 405)
    equal(error.content[0]["message"], "HTTP Method 'POST' not allowed. Allowed are HEAD,GET,PATCH,DELETE")


@check
def body_that_is_no_json(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.restful, "sobjects/Contact", method="POST", data="{LastName:")
    equal(error.content[0]["errorCode"], "JSON_PARSER_ERROR")


@check
def numbers_as_text_are_numbers(sf, ready):
    row = sf.Account.create({"Name": f"Zahlen {tag()}", "NumberOfEmployees": "7", "AnnualRevenue": "1500.5"})["id"]
    equal(sf.Account.get(row)["NumberOfEmployees"], 7)


@check
def text_where_a_number_belongs(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.Account.create, {"Name": "x", "AnnualRevenue": "N010"})
    equal(error.content[0]["errorCode"], "JSON_PARSER_ERROR")
    has(error.content[0]["message"], "Cannot deserialize instance of")


@check
def an_address_is_compound_and_read_only(sf, ready):
    row = contact(sf, MailingStreet="Königsallee 1\n2. OG", MailingCity="Düsseldorf", MailingCountry="Germany")
    address = sf.Contact.get(row)["MailingAddress"]
    equal((address["city"], address["country"]), ("Düsseldorf", "Germany"))
    raises(SalesforceMalformedRequest, sf.Contact.update, row, {"MailingAddress": {"city": "x"}})


@check
def opportunity_follows_its_stage(sf, ready):
    row = sf.Opportunity.create({"Name": "Deal", "StageName": "Closed Won", "CloseDate": "2026-03-01"})["id"]
    deal = sf.Opportunity.get(row)
    equal((deal["IsClosed"], deal["IsWon"], deal["Probability"], deal["ForecastCategory"]), (True, True, 100.0, "Closed"))
    sf.Opportunity.update(row, {"StageName": "Prospecting"})
    deal = sf.Opportunity.get(row)
    equal((deal["IsClosed"], deal["IsWon"], deal["Probability"]), (False, False, 10.0))


@check
def opportunity_needs_three_fields(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.Opportunity.create, {"Name": "x"})
    equal(sorted(error.content[0]["fields"]), ["CloseDate", "StageName"])


@check
def task_defaults(sf, ready):
    person = contact(sf)
    row = sf.Task.create({"Subject": "Call back", "WhoId": person, "ActivityDate": "2026-05-06"})["id"]
    task = sf.Task.get(row)
    equal((task["Status"], task["Priority"], task["IsClosed"]), ("Not Started", "Normal", False))
    sf.Task.update(row, {"Status": "Completed"})
    task = sf.Task.get(row)
    equal(task["IsClosed"], True)
    assert task["CompletedDateTime"]


@check
def task_takes_the_account_of_its_contact(sf, ready):
    company = sf.Account.create({"Name": f"Société {tag()}"})["id"]
    person = contact(sf, AccountId=company)
    row = sf.Task.create({"Subject": "x", "WhoId": person})["id"]
    equal(sf.Task.get(row)["AccountId"], company)


@check
def event_has_an_end(sf, ready):
    row = sf.Event.create({"Subject": "Kick-off", "StartDateTime": "2026-05-06T08:00:00Z", "DurationInMinutes": 45})["id"]
    event = sf.Event.get(row)
    equal(event["EndDateTime"], "2026-05-06T08:45:00.000+0000")
    equal(event["ActivityDateTime"], "2026-05-06T08:00:00.000+0000")
    raises(SalesforceMalformedRequest, sf.Event.create, {"Subject": "No time"})


@check
def a_case_is_numbered(sf, ready):
    row = sf.Case.create({"Subject": "It smokes"})["id"]
    case = sf.Case.get(row)
    equal((case["Status"], case["Priority"], case["IsClosed"]), ("New", "Medium", False))
    equal(len(case["CaseNumber"]), 8)


@check
def a_person_is_in_a_campaign_once(sf, ready):
    campaign = sf.Campaign.create({"Name": f"Frühling {tag()}", "IsActive": True})["id"]
    person = contact(sf)
    row = sf.CampaignMember.create({"CampaignId": campaign, "ContactId": person, "Status": "Responded"})["id"]
    equal(sf.CampaignMember.get(row)["HasResponded"], True)
    error = raises(SalesforceMalformedRequest, sf.CampaignMember.create, {"CampaignId": campaign, "ContactId": person})
    equal(error.content[0]["errorCode"], "DUPLICATE_VALUE")


@check
def lead_needs_a_company(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.Lead.create, {"LastName": "x"})
    equal(error.content[0]["fields"], ["Company"])
    row = sf.Lead.create({"LastName": "x", "Company": "y"})["id"]
    equal(sf.Lead.get(row)["Status"], "Open - Not Contacted")


@check
def one_primary_contact_role(sf, ready):
    deal = sf.Opportunity.create({"Name": "Roles", "StageName": "Prospecting", "CloseDate": "2026-03-01"})["id"]
    first = sf.OpportunityContactRole.create({"OpportunityId": deal, "ContactId": contact(sf), "IsPrimary": True})["id"]
    sf.OpportunityContactRole.create({"OpportunityId": deal, "ContactId": contact(sf), "IsPrimary": True})
    equal(sf.OpportunityContactRole.get(first)["IsPrimary"], False)


@check
def note_on_a_contact(sf, ready):
    row = sf.Note.create({"ParentId": contact(sf), "Title": "Visit", "Body": "Likes <tea> & biscuits"})["id"]
    equal(sf.Note.get(row)["Body"], "Likes <tea> & biscuits")


@check
def attachment_bytes(sf, ready):
    content = bytes(range(256))
    row = sf.Attachment.create({"ParentId": contact(sf), "Name": "a.bin", "Body": base64.b64encode(content).decode()})["id"]
    assert sf.Attachment.get(row)["Body"].endswith(f"/sobjects/Attachment/{row}/Body")
    equal(sf.Attachment.get_base64(row), content)


@check
def content_version_bytes(sf, ready):
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write("Grüße".encode())
        file.flush()
        data = base64.b64encode("Grüße".encode()).decode()
        row = sf.ContentVersion.create({"Title": "Greeting", "PathOnClient": "g.txt", "VersionData": data})["id"]
        sf.ContentVersion.get(row)
    equal(sf.ContentVersion.get_base64(row, "VersionData").decode(), "Grüße")


@check
def custom_object(sf, ready):
    row = sf.UpsertTable__c.create({"Name": f"T {tag()}", "ExtId__c": tag()})["id"]
    has(sf.UpsertTable__c.get(row), "ExtId__c", "Name", "OwnerId")


@check
def parent_by_external_id(sf, ready):
    field = external_id_field(sf, "Account")
    key = f"A/{tag()}"
    company = sf.Account.create({"Name": "Parent", field: key})["id"]
    person = contact(sf, Account={field: key})
    equal(sf.Contact.get(person)["AccountId"], company)
    raises(SalesforceMalformedRequest, contact, sf, Account={field: "nobody"})


# --- external ids --------------------------------------------------------------------------------------------------------


@check
def upsert_creates_then_updates(sf, ready):
    field = external_id_field(sf, "Contact")
    key = tag()
    equal(sf.Contact.upsert(f"{field}/{key}", {"LastName": "Új"}), 201)
    equal(sf.Contact.upsert(f"{field}/{key}", {"LastName": "Ének"}), 200)
    equal(sf.Contact.get_by_custom_id(field, key)["LastName"], "Ének")


@check
def upsert_tells_whether_it_created(sf, ready):
    field = external_id_field(sf, "Contact")
    key = tag()
    first = sf.Contact.upsert(f"{field}/{key}", {"LastName": "a"}, raw_response=True).json()
    second = sf.Contact.upsert(f"{field}/{key}", {"LastName": "b"}, raw_response=True).json()
    equal((first["created"], second["created"], first["id"]), (True, False, second["id"]))


@check
def external_ids_hold_any_characters(sf, ready):
    field = external_id_field(sf, "Contact")
    # Read back by a query: get_by_custom_id would send a blank as a plus, and a plus in a path is a plus.
    for text in ("a/b", "a b", "a?b", "a#b", "a+b", "100%", "a&b=c", "ä–€", "a;b", "50%25"):
        key = f"{text} {tag()}"
        equal(sf.Contact.upsert(f"{field}/{quote(key, safe='')}", {"LastName": "Zeichen"}), 201)
        equal(sf.query(format_soql(f"SELECT {field} FROM Contact WHERE {field} = {{}}", key))["records"][0][field], key)


@check
def upsert_by_a_field_that_is_no_key(sf, ready):
    error = raises(SalesforceResourceNotFound, sf.Contact.upsert, "Title/x", {"LastName": "x"})
    equal(error.content[0]["message"], "Provided external ID field does not exist or is not accessible: Title")


@check
def several_matches_are_a_choice(sf, ready):
    key = tag()
    for _ in range(2):
        sf.UpsertTable__c.create({"Name": "twin", "ExtId__c": key})
    error = raises(SalesforceMoreThanOneRecord, sf.UpsertTable__c.upsert, f"ExtId__c/{key}", {"Name": "x"})
    equal(error.status, 300)
    equal(len(error.content), 2)
    assert all("/sobjects/UpsertTable__c/a" in url for url in error.content), error.content
    raises(SalesforceMoreThanOneRecord, sf.UpsertTable__c.get_by_custom_id, "ExtId__c", key)


@check
def get_by_an_external_id_nobody_has(sf, ready):
    raises(SalesforceResourceNotFound, sf.Contact.get_by_custom_id, external_id_field(sf, "Contact"), tag())


@check
def upsert_by_email(sf, ready):
    address = f"{tag()}@example.org"
    equal(sf.Contact.upsert(f"Email/{address}", {"LastName": "Mail"}), 201)
    equal(sf.Contact.upsert(f"Email/{address.upper()}", {"LastName": "Mail 2"}), 200)


@check
def update_only_upsert(sf, ready):
    field = external_id_field(sf, "Contact")
    raises(SalesforceResourceNotFound, sf.restful, f"sobjects/Contact/{field}/{tag()}", params={"updateOnly": "true"},
           method="PATCH", json={"LastName": "x"})


# --- feeds ---------------------------------------------------------------------------------------------------------------


def window():
    now = dt.datetime.now(dt.timezone.utc)
    return now - dt.timedelta(hours=1), now + dt.timedelta(minutes=2)


@check
def updated_feed(sf, ready):
    row = contact(sf)
    answer = sf.Contact.updated(*window())
    has(answer["ids"], row)
    assert answer["latestDateCovered"].endswith("+0000")


@check
def deleted_feed(sf, ready):
    row = contact(sf)
    sf.Contact.delete(row)
    answer = sf.Contact.deleted(*window())
    has([entry["id"] for entry in answer["deletedRecords"]], row)
    has(answer, "earliestDateAvailable", "latestDateCovered")


@check
def feed_windows_are_limited(sf, ready):
    now = dt.datetime.now(dt.timezone.utc)
    error = raises(SalesforceMalformedRequest, sf.Contact.updated, now - dt.timedelta(days=45), now)
    equal(error.content[0]["errorCode"], "INVALID_REPLICATION_DATE")
    raises(SalesforceMalformedRequest, sf.Contact.deleted, now, now - dt.timedelta(days=1))


# --- queries -------------------------------------------------------------------------------------------------------------


@check
def query_row_shape(sf, ready):
    name = f"Shape {tag()}"
    row = contact(sf, LastName=name)
    answer = sf.query(format_soql("SELECT Name, Id, Account.Name FROM Contact WHERE LastName = {}", name))
    equal((answer["totalSize"], answer["done"]), (1, True))
    equal(list(answer["records"][0]), ["attributes", "Name", "Id", "Account"])
    equal(answer["records"][0]["Account"], None)
    equal(answer["records"][0]["Id"], row)


@check
def query_pages(sf, ready):
    answer = sf.query("SELECT Id, Name FROM BigTable__c")
    assert answer["totalSize"] > 2000 and not answer["done"], answer["totalSize"]
    equal(len(answer["records"]), 2000)
    path = answer["nextRecordsUrl"]
    assert path.startswith(f"/services/data/v{VERSION}/query/01g") and path.endswith("-2000"), path
    more = sf.query_more(path, identifier_is_url=True)
    equal(more["totalSize"], answer["totalSize"])
    again = sf.query_more(path.rsplit("/", 1)[1])
    equal(again["records"][0]["Id"], more["records"][0]["Id"])


@check
def query_all_reads_to_the_end(sf, ready):
    answer = sf.query_all("SELECT Id FROM BigTable__c")
    equal(len({record["Id"] for record in answer["records"]}), answer["totalSize"])
    equal(sum(1 for _ in sf.query_all_iter("SELECT Id FROM BigTable__c")), answer["totalSize"])


@check
def batch_size_is_a_header(sf, ready):
    answer = sf.query("SELECT Id FROM BigTable__c", headers={"Sforce-Query-Options": "batchSize=200"})
    equal(len(answer["records"]), 200)


@check
def query_all_sees_the_deleted(sf, ready):
    name = f"Bin {tag()}"
    sf.Contact.delete(contact(sf, LastName=name))
    soql = format_soql("SELECT Id, IsDeleted FROM Contact WHERE LastName = {}", name)
    equal(sf.query(soql)["totalSize"], 0)
    equal(sf.query(soql, include_deleted=True)["records"][0]["IsDeleted"], True)


@check
def children_are_nested(sf, ready):
    company = sf.Account.create({"Name": f"Kinder {tag()}"})["id"]
    for _ in range(3):
        contact(sf, AccountId=company)
    row = sf.query(f"SELECT Id, (SELECT LastName FROM Contacts), (SELECT Id FROM Cases) FROM Account WHERE Id = '{company}'")
    account = row["records"][0]
    equal((account["Contacts"]["totalSize"], account["Contacts"]["done"]), (3, True))
    equal(account["Cases"], None)


@check
def children_have_pages_of_their_own(sf, ready):
    company = sf.Account.create({"Name": f"Viele Kinder {tag()}"})["id"]
    records = [{"attributes": {"type": "Contact"}, "LastName": f"K{i}", "AccountId": company} for i in range(200)]
    for _ in range(2):
        sf.restful("composite/sobjects", method="POST", json={"records": records})
    answer = sf.query(f"SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Id = '{company}'",
                      headers={"Sforce-Query-Options": "batchSize=200"})
    children = answer["records"][0]["Contacts"]
    seen = [child["Id"] for child in children["records"]]
    while not children["done"]:
        children = sf.query_more(children["nextRecordsUrl"], identifier_is_url=True)
        seen += [child["Id"] for child in children["records"]]
    equal(len(set(seen)), 400)


@check
def counts(sf, ready):
    name = f"Count {tag()}"
    contact(sf, LastName=name)
    contact(sf, LastName=name, Title="x")
    where = format_soql("FROM Contact WHERE LastName = {}", name)
    plain = sf.query(f"SELECT COUNT() {where}")
    equal((plain["totalSize"], plain["records"]), (2, []))
    row = sf.query(f"SELECT COUNT(Id), COUNT(Title) titled {where}")["records"][0]
    equal((row["attributes"]["type"], row["expr0"], row["titled"]), ("AggregateResult", 2, 1))


@check
def groups(sf, ready):
    company = sf.Account.create({"Name": f"Gruppe {tag()}"})["id"]
    for title in ("a", "a", "b"):
        contact(sf, AccountId=company, Title=title)
    answer = sf.query(f"SELECT Title, COUNT(Id) n FROM Contact WHERE AccountId = '{company}' GROUP BY Title "
                      "HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC")
    equal([(row["Title"], row["n"]) for row in answer["records"]], [("a", 2)])


@check
def quoting(sf, ready):
    name = "O'Neil \\ \"quoted\" % _ " + tag()
    row = contact(sf, LastName=name)
    equal(sf.query(format_soql("SELECT Id FROM Contact WHERE LastName = {}", name))["records"][0]["Id"], row)
    like = format_soql("SELECT Id FROM Contact WHERE LastName LIKE '{:like}%'", name[:-2])
    equal(sf.query(like)["records"][0]["Id"], row)


@check
def like_in_and_null(sf, ready):
    mark = tag()
    ids = [contact(sf, LastName=f"{mark}{letter}") for letter in "abc"]
    count = lambda where: sf.query(f"SELECT Id FROM Contact WHERE {where}")["totalSize"]
    equal(count(f"LastName LIKE '{mark}_'"), 3)
    equal(count(f"LastName IN ('{mark}A','{mark}b')"), 2)
    equal(count(f"Id IN ('{ids[0]}','{ids[1][:15]}')"), 2)
    equal(count(f"LastName LIKE '{mark}%' AND Title = null"), 3)
    equal(count(f"LastName LIKE '{mark}%' AND (NOT LastName LIKE '%a')"), 2)
    equal(count(f"LastName LIKE '{mark}%' AND (LastName = '{mark}a' OR LastName = '{mark}c')"), 2)


@check
def dates_and_times(sf, ready):
    mark = tag()
    contact(sf, LastName=mark, Birthdate="1984-02-29")
    count = lambda where: sf.query(f"SELECT Id FROM Contact WHERE LastName = '{mark}' AND {where}")["totalSize"]
    equal(count("Birthdate = 1984-02-29"), 1)
    equal(count("CreatedDate = TODAY"), 1)
    equal(count("CreatedDate = LAST_N_DAYS:2"), 1)
    equal(count("CreatedDate < 2001-01-01T00:00:00Z"), 0)
    equal(count(f"SystemModstamp >= {(dt.datetime.now(dt.timezone.utc) - dt.timedelta(minutes=5)):%Y-%m-%dT%H:%M:%SZ}"), 1)


@check
def semi_joins(sf, ready):
    name = f"Semi {tag()}"
    company = sf.Account.create({"Name": name})["id"]
    contact(sf, AccountId=company)
    soql = f"SELECT Id FROM Account WHERE Name = '{name}' AND Id IN (SELECT AccountId FROM Contact WHERE AccountId = '{company}')"
    equal(sf.query(soql)["totalSize"], 1)


@check
def ordering_and_limits(sf, ready):
    mark = tag()
    for last, title in (("1", "b"), ("2", None), ("3", "A")):
        contact(sf, LastName=mark + last, Title=title)
    order = lambda tail: [row["LastName"][-1] for row in
                          sf.query(f"SELECT LastName FROM Contact WHERE LastName LIKE '{mark}%' {tail}")["records"]]
    equal(order("ORDER BY Title"), ["2", "3", "1"])
    equal(order("ORDER BY Title DESC NULLS LAST"), ["1", "3", "2"])
    equal(order("ORDER BY LastName LIMIT 1 OFFSET 1"), ["2"])


@check
def polymorphic_owner_and_what(sf, ready):
    company = sf.Account.create({"Name": f"What {tag()}"})["id"]
    row = sf.Task.create({"Subject": "x", "WhatId": company})["id"]
    found = sf.query(f"SELECT What.Name, What.Type, Owner.Name FROM Task WHERE Id = '{row}' AND What.Type = 'Account'")
    task = found["records"][0]
    equal(task["What"]["Type"], "Account")
    assert task["Owner"]["Name"]


@check
def fields_all(sf, ready):
    row = contact(sf)
    found = sf.query(f"SELECT FIELDS(ALL) FROM Contact WHERE Id = '{row}' LIMIT 1")["records"][0]
    has(found, "LastName", "CreatedDate")
    raises(SalesforceMalformedRequest, sf.query, "SELECT FIELDS(ALL) FROM Contact")


@check
def malformed_query(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.query, "SELECT Id FORM Contact")
    equal(error.content[0]["errorCode"], "MALFORMED_QUERY")
    error = raises(SalesforceMalformedRequest, sf.query, "SELECT Id FROM Contact WHERE A = 1 AND B = 2 OR C = 3")
    has(("MALFORMED_QUERY", "INVALID_FIELD"), error.content[0]["errorCode"])


@check
def unknown_type_points_at_the_place(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.query, "select count() from XYZZY")
    equal(error.content[0]["errorCode"], "INVALID_TYPE")
    has(error.content[0]["message"], "ERROR at Row:1:Column:21", "sObject type 'XYZZY' is not supported.")


@check
def unknown_column(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.query, "SELECT Id, Foo FROM Contact")
    equal(error.content[0]["errorCode"], "INVALID_FIELD")
    has(error.content[0]["message"], "No such column 'Foo' on entity 'Contact'")


@check
def every_described_field_can_be_selected(sf, ready):
    for name in ("Contact", "Account", "Lead", "Opportunity", "Case", "Task", "Event", "Campaign", "User"):
        fields = [field["name"] for field in getattr(sf, name).describe()["fields"]]
        for start in range(0, len(fields), 40):
            sf.query(f"SELECT {','.join(fields[start:start + 40])} FROM {name} LIMIT 1")


@check
def locator_nobody_gave(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.query_more, "01g000000000000AAA-2000")
    equal(error.content[0]["errorCode"], "INVALID_QUERY_LOCATOR")


@check
def address_that_is_too_long(sf, ready):
    error = raises(SalesforceGeneralError, sf.query, "SELECT Id FROM Contact WHERE LastName = '" + "x" * 17000 + "'")
    equal(error.status, 414)


@check
def explain(sf, ready):
    plans = sf.restful("query", params={"explain": "SELECT Id FROM Contact WHERE Email = 'x@y.z'"})["plans"]
    has(plans[0], "cardinality", "fields", "leadingOperationType", "notes", "relativeCost", "sobjectCardinality", "sobjectType")


# --- search --------------------------------------------------------------------------------------------------------------


@check
def search(sf, ready):
    mark = "zq" + tag()
    row = contact(sf, LastName=mark)
    found = sf.search(f"FIND {{{mark}}} IN NAME FIELDS RETURNING Contact(Id, LastName)")
    equal([record["Id"] for record in found["searchRecords"]], [row])
    equal(found["searchRecords"][0]["LastName"], mark)


@check
def quick_search(sf, ready):
    mark = "zq" + tag()
    row = contact(sf, LastName=mark)
    has([record["Id"] for record in sf.quick_search(mark)["searchRecords"]], row)


@check
def search_without_braces(sf, ready):
    error = raises(SalesforceMalformedRequest, sf.search, "FIND foo")
    equal(error.content[0]["errorCode"], "MALFORMED_SEARCH")
    has(error.content[0]["message"], "No search term found. The search term must be enclosed in braces.")


@check
def parameterized_search(sf, ready):
    mark = "zq" + tag()
    row = contact(sf, LastName=mark)
    found = sf.restful("parameterizedSearch", params={"q": mark, "sobject": "Contact", "Contact.fields": "Id,LastName"})
    equal(found["searchRecords"][0]["Id"], row)
    found = sf.restful("parameterizedSearch", method="POST",
                       json={"q": mark, "sobjects": [{"name": "Contact", "fields": ["LastName"]}]})
    equal(found["searchRecords"][0]["LastName"], mark)


# --- many at once --------------------------------------------------------------------------------------------------------


def typed(kind, **fields):
    return {"attributes": {"type": kind}, **fields}


@check
def collections(sf, ready):
    post = lambda records, **more: sf.restful("composite/sobjects", method="POST", json={"records": records, **more})
    made = post([typed("Contact", LastName="eins"), typed("Contact"), typed("Account", Name="drei")])
    equal([entry["success"] for entry in made], [True, False, True])
    equal(made[1]["errors"][0], {"statusCode": "REQUIRED_FIELD_MISSING",
                                 "message": "Required fields are missing: [LastName]", "fields": ["LastName"]})
    patch = sf.restful("composite/sobjects", method="PATCH",
                       json={"records": [typed("Contact", id=made[0]["id"], Title="CTO")]})
    equal(patch[0], {"id": made[0]["id"], "success": True, "errors": []})
    rows = sf.restful("composite/sobjects/Contact", params={"ids": f"{made[0]['id']},003000000000000AAA", "fields": "Title"})
    equal((rows[0]["Title"], rows[1]), ("CTO", None))
    gone = sf.restful("composite/sobjects", method="DELETE", params={"ids": f"{made[0]['id']},{made[2]['id']}"})
    equal([entry["success"] for entry in gone], [True, True])


@check
def collections_all_or_none(sf, ready):
    name = f"Alle {tag()}"
    made = sf.restful("composite/sobjects", method="POST", json={
        "allOrNone": True, "records": [typed("Contact", LastName=name), typed("Contact")]})
    equal(made[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK")
    equal(sf.query(f"SELECT Id FROM Contact WHERE LastName = '{name}'")["totalSize"], 0)


@check
def collections_hold_two_hundred(sf, ready):
    records = [typed("Contact", LastName="x")] * 201
    raises(SalesforceMalformedRequest, sf.restful, "composite/sobjects", method="POST", json={"records": records})


@check
def collections_upsert(sf, ready):
    field = external_id_field(sf, "Contact")
    keys = [tag(), tag()]
    body = {"records": [typed("Contact", LastName="u", **{field: key}) for key in keys]}
    first = sf.restful(f"composite/sobjects/Contact/{field}", method="PATCH", json=body)
    second = sf.restful(f"composite/sobjects/Contact/{field}", method="PATCH", json=body)
    equal([entry["created"] for entry in first + second], [True, True, False, False])


@check
def composite_references(sf, ready):
    answer = sf.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": [
        {"method": "POST", "url": f"/services/data/v{VERSION}/sobjects/Account", "referenceId": "a", "body": {"Name": "C"}},
        {"method": "POST", "url": f"/services/data/v{VERSION}/sobjects/Contact", "referenceId": "c",
         "body": {"LastName": "Ref", "AccountId": "@{a.id}"}},
        {"method": "GET", "url": f"/services/data/v{VERSION}/sobjects/Contact/@{{c.id}}", "referenceId": "g"},
    ]})["compositeResponse"]
    equal([part["httpStatusCode"] for part in answer], [201, 201, 200])
    equal(answer[2]["body"]["AccountId"], answer[0]["body"]["id"])
    has(answer[0]["httpHeaders"], "Location")


@check
def composite_rolls_back(sf, ready):
    answer = sf.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": [
        {"method": "POST", "url": f"/services/data/v{VERSION}/sobjects/Account", "referenceId": "a", "body": {"Name": "C"}},
        {"method": "POST", "url": f"/services/data/v{VERSION}/sobjects/Contact", "referenceId": "c", "body": {}},
    ]})["compositeResponse"]
    equal([part["httpStatusCode"] for part in answer], [400, 400])
    equal(answer[0]["body"][0]["errorCode"], "PROCESSING_HALTED")
    equal(answer[1]["body"][0]["errorCode"], "REQUIRED_FIELD_MISSING")


@check
def batch(sf, ready):
    answer = sf.restful("composite/batch", method="POST", json={"batchRequests": [
        {"method": "GET", "url": f"v{VERSION}/limits"},
        {"method": "POST", "url": f"v{VERSION}/sobjects/Contact", "richInput": {}},
    ]})
    equal(answer["hasErrors"], True)
    equal([part["statusCode"] for part in answer["results"]], [200, 400])


@check
def tree(sf, ready):
    record = {"attributes": {"type": "Account", "referenceId": "r1"}, "Name": "Baum", "Contacts": {"records": [
        {"attributes": {"type": "Contact", "referenceId": "r2"}, "LastName": "Ast"}]}}
    answer = sf.restful("composite/tree/Account", method="POST", json={"records": [record]})
    equal((answer["hasErrors"], [part["referenceId"] for part in answer["results"]]), (False, ["r1", "r2"]))
    record["Contacts"]["records"][0]["Email"] = "123"
    error = raises(SalesforceMalformedRequest, sf.restful, "composite/tree/Account", method="POST", json={"records": [record]})
    equal(error.content["results"][0]["errors"][0]["statusCode"], "INVALID_EMAIL_ADDRESS")


@check
def graph(sf, ready):
    node = lambda ref, **body: {"method": "POST", "url": f"/services/data/v{VERSION}/sobjects/Contact",
                                "referenceId": ref, "body": body}
    answer = sf.restful("composite/graph", method="POST", json={"graphs": [
        {"graphId": "good", "compositeRequest": [node("a", LastName="Graph")]},
        {"graphId": "bad", "compositeRequest": [node("b", LastName="x"), node("c")]},
    ]})["graphs"]
    equal([(part["graphId"], part["isSuccessful"]) for part in answer], [("good", True), ("bad", False)])


# --- bulk ----------------------------------------------------------------------------------------------------------------


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@check
def bulk2_insert_and_its_results(sf, ready):
    name = f"Bulk {tag()}"
    records = [{"LastName": f"{name} {i}", "Title": 'Says "hi",\nthen leaves'} for i in range(25)]
    result = sf.bulk2.Contact.insert(wait=0.05, records=records)
    equal([(part["numberRecordsTotal"], part["numberRecordsProcessed"], part["numberRecordsFailed"]) for part in result], [(25, 25, 0)])
    done = rows_of(sf.bulk2.Contact.get_successful_records(result[0]["job_id"]))
    equal(len(done), 25)
    equal({row["sf__Created"] for row in done}, {"true"})
    equal(sf.Contact.get(done[0]["sf__Id"])["Title"], 'Says "hi",\nthen leaves')


@check
def bulk2_failures_are_rows(sf, ready):
    result = sf.bulk2.Contact.insert(wait=0.05, records=[{"LastName": "fine", "Email": "a@b.co"}, {"LastName": "not", "Email": "123"}])
    equal((result[0]["numberRecordsProcessed"], result[0]["numberRecordsFailed"]), (2, 1))
    failed = rows_of(sf.bulk2.Contact.get_failed_records(result[0]["job_id"]))
    equal((failed[0]["sf__Id"], failed[0]["LastName"]), ("", "not"))
    assert failed[0]["sf__Error"].startswith("INVALID_EMAIL_ADDRESS:"), failed[0]["sf__Error"]
    equal(rows_of(sf.bulk2.Contact.get_unprocessed_records(result[0]["job_id"])), [])


@check
def bulk2_update_upsert_delete(sf, ready):
    field = external_id_field(sf, "Contact")
    keys = [tag() for _ in range(5)]
    made = sf.bulk2.Contact.upsert(wait=0.05, records=[{"LastName": "B", field: key} for key in keys], external_id_field=field)
    equal(made[0]["numberRecordsFailed"], 0)
    ids = [sf.Contact.get_by_custom_id(field, key)["Id"] for key in keys]
    sf.bulk2.Contact.update(wait=0.05, records=[{"Id": row, "Title": "T", "Department": "D"} for row in ids])
    sf.bulk2.Contact.update(wait=0.05, records=[{"Id": row, "Title": "#N/A", "Department": ""} for row in ids])
    after = sf.Contact.get(ids[0])
    equal((after["Title"], after["Department"]), (None, "D"))
    gone = sf.bulk2.Contact.delete(wait=0.05, records=[{"Id": row} for row in ids])
    equal(gone[0]["numberRecordsFailed"], 0)
    raises(SalesforceResourceNotFound, sf.Contact.get, ids[0])


@check
def bulk2_query(sf, ready):
    pages = list(sf.bulk2.BigTable__c.query("SELECT Id, Name FROM BigTable__c", wait=0.05, max_records=1000))
    total = sf.query("SELECT COUNT() FROM BigTable__c")["totalSize"]
    equal(len(pages), -(-total // 1000))
    equal(len({row["Id"] for page in pages for row in rows_of(page)}), total)


@check
def bulk2_query_of_parents(sf, ready):
    company = sf.Account.create({"Name": "Mutter, \"AG\""})["id"]
    person = contact(sf, AccountId=company)
    page = next(iter(sf.bulk2.Contact.query(f"SELECT Id, Account.Name, Title FROM Contact WHERE Id = '{person}'", wait=0.05)))
    equal(rows_of(page), [{"Id": person, "Account.Name": 'Mutter, "AG"', "Title": ""}])


@check
def bulk2_download(sf, ready):
    with tempfile.TemporaryDirectory() as folder:
        files = sf.bulk2.BigTable__c.download("SELECT Id FROM BigTable__c", wait=0.05, path=folder, max_records=2000)
        total = sum(part["number_of_records"] for part in files)
    equal(total, sf.query("SELECT COUNT() FROM BigTable__c")["totalSize"])


@check
def bulk2_refuses_bad_soql_at_once(sf, ready):
    error = raises(SalesforceMalformedRequest, list, sf.bulk2.Contact.query("SELECT Nonsense FROM Contact", wait=0.05))
    equal(error.content[0]["errorCode"], "INVALID_FIELD")


@check
def bulk2_unknown_column_fails_the_job(sf, ready):
    from simple_salesforce.exceptions import SalesforceOperationError

    error = raises(SalesforceOperationError, sf.bulk2.Contact.insert, wait=0.05, records=[{"LastName": "x", "Shoe__c": "43"}])
    has(str(error), "InvalidBatch : Field name not found : Shoe__c")


@check
def bulk2_jobs_are_listed(sf, ready):
    sf.bulk2.Contact.insert(wait=0.05, records=[{"LastName": "listed"}])
    jobs = sf.restful("jobs/ingest")
    has(jobs, "done", "records", "nextRecordsUrl")
    assert jobs["records"]


# --- the rest ------------------------------------------------------------------------------------------------------------


@check
def limits(sf, ready):
    answer = sf.limits()
    has(answer, "DailyApiRequests", "DataStorageMB", "DailyBulkApiBatches", "DailyBulkV2QueryJobs")
    has(answer["DailyApiRequests"], "Max", "Remaining")


@check
def usage_is_counted(sf, ready):
    sf.limits()
    before = sf.api_usage["api-usage"].used
    sf.limits()
    equal(sf.api_usage["api-usage"].used, before + 1)


@check
def record_counts(sf, ready):
    answer = sf.restful("limits/recordCount", params={"sObjects": "Account,Contact"})
    has({entry["name"] for entry in answer["sObjects"]}, "Account", "Contact")


@check
def recent(sf, ready):
    row = contact(sf)
    sf.Contact.get(row)
    has([entry["Id"] for entry in sf.restful("recent", params={"limit": 5})], row)


@check
def resources(sf, ready):
    answer = sf.restful("")
    has(answer, "sobjects", "query", "queryAll", "search", "parameterizedSearch", "limits", "composite", "recent", "jobs", "identity")


@check
def versions_need_no_session(sf, ready):
    answer = requests.get(ready["instance_url"] + "/services/data", timeout=10).json()
    has([entry["version"] for entry in answer], "51.0", VERSION)


@check
def apex_rest_that_is_not_there(sf, ready):
    error = raises(SalesforceResourceNotFound, sf.apexecute, "Nobody/here")
    equal(error.content[0]["errorCode"], "NOT_FOUND")


@check
def conditional_read(sf, ready):
    row = contact(sf)
    url = f"{ready['instance_url']}/services/data/v{VERSION}/sobjects/Contact/{row}"
    header = {"Authorization": f"Bearer {ready['access_token']}", "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    equal(requests.get(url, headers=header, timeout=10).status_code, 304)


@check
def relationship_path(sf, ready):
    company = sf.Account.create({"Name": "Eltern"})["id"]
    person = contact(sf, AccountId=company)
    equal(sf.restful(f"sobjects/Contact/{person}/Account")["Id"], company)
    equal(sf.restful(f"sobjects/Account/{company}/Contacts")["records"][0]["Id"], person)


@check
def duplicate_unique_external_id(sf, ready):
    field = external_id_field(sf, "Contact")
    key = tag()
    first = contact(sf, **{field: key})
    described = {entry["name"]: entry for entry in sf.Contact.describe()["fields"]}
    if described[field]["unique"]:
        error = raises(SalesforceMalformedRequest, contact, sf, **{field: key})
        equal(error.content[0]["errorCode"], "DUPLICATE_VALUE")
        has(error.content[0]["message"], first[:15])


@check
def sftype_stands_alone(sf, ready):
    host = ready["instance_url"].split("//")[1]
    lead = SFType("Lead", ready["access_token"], host, sf_version=VERSION, session=session_to(ready["instance_url"]))
    has(lead.describe(), "fields")


@check
def old_versions_answer(sf, ready):
    url = f"{ready['instance_url']}/services/data/v51.0/query"
    header = {"Authorization": f"Bearer {ready['access_token']}"}
    answer = requests.get(url, params={"q": "SELECT Id FROM User LIMIT 1"}, headers=header, timeout=10)
    equal(answer.status_code, 200)
    assert answer.json()["records"][0]["attributes"]["url"].startswith("/services/data/v51.0/")
    equal(requests.get(url.replace("v51.0", "v20.0"), headers=header, timeout=10).status_code, 410)


if __name__ == "__main__":
    given = json.loads(os.environ["CRMKIT_READY"])["salesforce"]
    check.run(connect(given), given)
