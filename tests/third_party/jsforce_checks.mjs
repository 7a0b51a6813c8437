// Runs jsforce, unmodified, against a crm-sandbox whose ready line is in CRMKIT_READY.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import path from "node:path";

import { check, rejected, runAll } from "./checks.mjs";

// The package lies where CRMKIT_NODE_MODULES says; ES modules do not look there by themselves.
const folder = process.env.CRMKIT_NODE_MODULES ?? path.resolve("node_modules");
const jsforce = createRequire(path.join(folder, "index.js"))("jsforce");
const ready = JSON.parse(process.env.CRMKIT_READY).salesforce;
const VERSION = "59.0";

const connect = (options = {}) =>
  new jsforce.Connection({ instanceUrl: ready.instance_url, accessToken: ready.access_token, version: VERSION, ...options });
const tag = () => randomBytes(5).toString("hex");
const contact = async (conn, fields = {}) => (await conn.sobject("Contact").create({ LastName: `Öberg ${tag()}`, ...fields })).id;

async function externalIdField(conn, object) {
  const { fields } = await conn.describe(object);
  return fields.find((field) => field.externalId && field.custom && field.type === "string").name;
}

// --- sessions --------------------------------------------------------------------------------------------------------

check("identity", async (conn) => {
  const identity = await conn.identity();
  assert.equal(identity.username, ready.username);
  assert.match(identity.user_id, /^005\w{15}$/);
  assert.match(identity.organization_id, /^00D\w{15}$/);
});

check("soap login", async () => {
  const conn = new jsforce.Connection({ loginUrl: ready.instance_url, version: VERSION });
  const user = await conn.login(ready.username, ready.password + ready.security_token);
  assert.match(user.id, /^005\w{15}$/);
  assert.equal((await conn.query("SELECT Id FROM User LIMIT 1")).totalSize, 1);
});

check("soap login with a wrong password", async () => {
  const conn = new jsforce.Connection({ loginUrl: ready.instance_url, version: VERSION });
  const error = await rejected(conn.login(ready.username, "wrong"));
  assert.match(error.message, /INVALID_LOGIN/);
});

check("soap logout ends the session", async () => {
  const conn = new jsforce.Connection({ loginUrl: ready.instance_url, version: VERSION });
  await conn.login(ready.username, ready.password + ready.security_token);
  const token = conn.accessToken;
  await conn.logout();
  await rejected(connect({ accessToken: token }).query("SELECT Id FROM User"), "INVALID_SESSION_ID");
});

const oauth2 = () => ({
  loginUrl: ready.instance_url, clientId: ready.client_id, clientSecret: ready.client_secret, redirectUri: "http://localhost/callback",
});

check("oauth password grant", async () => {
  const conn = new jsforce.Connection({ oauth2: oauth2(), version: VERSION });
  await conn.login(ready.username, ready.password + ready.security_token);
  assert.equal((await conn.query("SELECT Id FROM User LIMIT 1")).totalSize, 1);
});

check("oauth client credentials", async () => {
  const conn = new jsforce.Connection({ instanceUrl: ready.instance_url, oauth2: oauth2(), version: VERSION });
  await conn.authorize({ grant_type: "client_credentials" });
  assert.equal((await conn.query("SELECT Id FROM User LIMIT 1")).totalSize, 1);
});

check("oauth wrong secret", async () => {
  const conn = new jsforce.Connection({ oauth2: { ...oauth2(), clientSecret: "no" }, version: VERSION });
  await rejected(conn.authorize({ grant_type: "client_credentials" }), "invalid_client");
});

check("refresh token", async () => {
  const conn = connect({ accessToken: "00D000000000001!expired", refreshToken: ready.refresh_token, oauth2: oauth2() });
  let refreshed = 0;
  conn.on("refresh", () => (refreshed += 1));
  assert.equal((await conn.query("SELECT Id FROM User LIMIT 1")).totalSize, 1);
  assert.equal(refreshed, 1);
});

check("refresh token nobody gave", async () => {
  const conn = connect({ accessToken: "00D000000000001!expired", refreshToken: "5Aep000", oauth2: oauth2() });
  const error = await rejected(conn.query("SELECT Id FROM User LIMIT 1"));
  assert.match(`${error.name} ${error.message}`, /invalid_grant|expired access\/refresh token/);
});

check("revoke", async () => {
  const conn = new jsforce.Connection({ instanceUrl: ready.instance_url, oauth2: oauth2(), version: VERSION });
  await conn.authorize({ grant_type: "client_credentials" });
  const token = conn.accessToken;
  await conn.oauth2.revokeToken(token);
  await rejected(connect({ accessToken: token }).query("SELECT Id FROM User"), "INVALID_SESSION_ID");
});

check("expired session", async () => {
  await rejected(connect({ accessToken: "00D000000000001!nonsense" }).query("SELECT Id FROM Account"), "INVALID_SESSION_ID");
});

// --- records ---------------------------------------------------------------------------------------------------------

check("create, retrieve, update, delete", async (conn) => {
  const made = await conn.sobject("Account").create({ Name: "Société générale d'Été" });
  assert.deepEqual([made.success, made.errors], [true, []]);
  const row = await conn.sobject("Account").retrieve(made.id);
  assert.equal(row.Name, "Société générale d'Été");
  assert.equal(row.attributes.type, "Account");
  const updated = await conn.sobject("Account").update({ Id: made.id, Name: "Neu" });
  assert.deepEqual([updated.success, updated.id], [true, made.id]);
  const gone = await conn.sobject("Account").destroy(made.id);
  assert.equal(gone.success, true);
  await rejected(conn.sobject("Account").retrieve(made.id));
});

check("retrieve chosen fields", async (conn) => {
  const id = await contact(conn, { Title: "CFO" });
  const row = await conn.sobject("Contact").retrieve(id, { fields: ["Title"] });
  assert.deepEqual(Object.keys(row).sort(), ["Id", "Title", "attributes"].sort());
});

check("required field missing", async (conn) => {
  const error = await rejected(conn.sobject("Contact").create({ FirstName: "x" }), "REQUIRED_FIELD_MISSING");
  assert.match(error.message, /Required fields are missing: \[LastName\]/);
});

check("unknown object", async (conn) => {
  await rejected(conn.sobject("Nonsense").create({ Name: "x" }), "NOT_FOUND");
});

check("arrays are collections", async (conn) => {
  const made = await conn.sobject("Contact").create([{ LastName: "a" }, { FirstName: "b" }, { LastName: "c" }]);
  assert.deepEqual(made.map((entry) => entry.success), [true, false, true]);
  assert.equal(made[1].errors[0].statusCode, "REQUIRED_FIELD_MISSING");
  const ids = [made[0].id, made[2].id];
  const updated = await conn.sobject("Contact").update(ids.map((Id) => ({ Id, Title: "x" })));
  assert.deepEqual(updated.map((entry) => entry.success), [true, true]);
  const rows = await conn.sobject("Contact").retrieve(ids);
  assert.deepEqual(rows.map((row) => row.Title), ["x", "x"]);
  const gone = await conn.sobject("Contact").destroy(ids);
  assert.deepEqual(gone.map((entry) => entry.id), ids);
});

check("more than two hundred are cut into calls", async (conn) => {
  const records = Array.from({ length: 230 }, (_, index) => ({ Name: `Menge ${index}` }));
  const made = await conn.sobject("Account").create(records, { allowRecursive: true });
  assert.equal(made.filter((entry) => entry.success).length, 230);
  const gone = await conn.sobject("Account").destroy(made.map((entry) => entry.id), { allowRecursive: true });
  assert.equal(gone.filter((entry) => entry.success).length, 230);
});

check("all or none", async (conn) => {
  const Name = `Alles ${tag()}`;
  await conn.sobject("Contact").create([{ LastName: Name }, {}], { allOrNone: true });
  assert.equal((await conn.query(`SELECT Id FROM Contact WHERE LastName = '${Name}'`)).totalSize, 0);
});

check("upsert", async (conn) => {
  const field = await externalIdField(conn, "Contact");
  const key = tag();
  const first = await conn.sobject("Contact").upsert({ [field]: key, LastName: "Új" }, field);
  const second = await conn.sobject("Contact").upsert({ [field]: key, LastName: "Régi" }, field);
  assert.equal(first.created, true);
  assert.equal(second.id, first.id);
});

check("upsert of an array", async (conn) => {
  const field = await externalIdField(conn, "Contact");
  const records = [1, 2, 3].map((number) => ({ [field]: `${tag()}${number}`, LastName: "viele" }));
  const made = await conn.sobject("Contact").upsert(records, field);
  assert.deepEqual(made.map((entry) => [entry.success, entry.created]), [[true, true], [true, true], [true, true]]);
});

check("upsert that finds several", async (conn) => {
  const ExtId__c = tag();
  await conn.sobject("UpsertTable__c").create([{ Name: "a", ExtId__c }, { Name: "b", ExtId__c }]);
  const error = await rejected(conn.sobject("UpsertTable__c").upsert({ Name: "c", ExtId__c }, "ExtId__c"), "MULTIPLE_CHOICES");
  assert.equal(error.data.length, 2);
});

check("updated and deleted", async (conn) => {
  const [kept, gone] = [await contact(conn), await contact(conn)];
  await conn.sobject("Contact").destroy(gone);
  const [from, to] = [new Date(Date.now() - 3600e3), new Date(Date.now() + 120e3)];
  const updated = await conn.sobject("Contact").updated(from.toISOString(), to.toISOString());
  assert.ok(updated.ids.includes(kept));
  const deleted = await conn.sobject("Contact").deleted(from, to);
  assert.ok(deleted.deletedRecords.some((entry) => entry.id === gone));
});

check("recent", async (conn) => {
  const id = await contact(conn);
  await conn.sobject("Contact").retrieve(id);
  const rows = await conn.recent(undefined, 5);
  assert.ok(rows.some((row) => row.Id === id));
});

// --- describe --------------------------------------------------------------------------------------------------------

check("describe global", async (conn) => {
  const { sobjects } = await conn.describeGlobal();
  const names = sobjects.map((object) => object.name);
  for (const name of ["Account", "Contact", "Lead", "Opportunity", "Case", "Campaign", "Event", "Task", "BigTable__c"])
    assert.ok(names.includes(name), name);
});

check("describe", async (conn) => {
  const { fields, childRelationships } = await conn.sobject("Account").describe();
  assert.equal(fields.find((field) => field.name === "Name").length, 255);
  assert.ok(childRelationships.some((child) => child.relationshipName === "Contacts"));
});

check("layouts, list views and quick actions", async (conn) => {
  assert.ok((await conn.sobject("Account").layouts()).layouts.length > 0);
  assert.ok((await conn.sobject("Account").compactLayouts()).compactLayouts.length > 0);
  const { listviews } = await conn.sobject("Account").listviews();
  assert.ok(listviews.length > 0);
  const view = conn.sobject("Account").listview(listviews[0].id);
  assert.ok((await view.describe()).columns.length > 0);
  assert.ok(Array.isArray((await view.results()).records));
  assert.ok(Array.isArray(await conn.sobject("Account").quickActions()));
});

check("limits", async (conn) => {
  const limits = await conn.limits();
  assert.equal(typeof limits.DailyApiRequests.Remaining, "number");
  assert.equal(typeof conn.limitInfo.apiUsage.used, "number");
});

check("versions and resources", async (conn) => {
  const versions = await conn.request("/services/data");
  assert.ok(versions.some((entry) => entry.version === VERSION));
  assert.ok((await conn.request("/")).identity.startsWith("http"));
});

// --- queries ---------------------------------------------------------------------------------------------------------

check("query pages on its own", async (conn) => {
  const total = (await conn.query("SELECT COUNT() FROM BigTable__c")).totalSize;
  assert.ok(total > 2000);
  const { records } = await conn.query("SELECT Id FROM BigTable__c", { autoFetch: true, maxFetch: 100_000 });
  assert.equal(new Set(records.map((record) => record.Id)).size, total);
});

check("query as a stream of events", async (conn) => {
  const total = (await conn.query("SELECT COUNT() FROM BigTable__c")).totalSize;
  const count = await new Promise((resolve, reject) => {
    let records = 0;
    const query = conn.query("SELECT Id, Name FROM BigTable__c");
    query.on("record", () => (records += 1));
    query.on("end", () => resolve(records));
    query.on("error", reject);
    query.run({ autoFetch: true, maxFetch: 100_000 });
  });
  assert.equal(count, total);
});

check("query more", async (conn) => {
  const first = await conn.query("SELECT Id FROM BigTable__c", { autoFetch: false });
  assert.deepEqual([first.records.length, first.done], [2000, false]);
  const second = await conn.queryMore(first.nextRecordsUrl);
  assert.notEqual(second.records[0].Id, first.records[0].Id);
});

check("scan all", async (conn) => {
  const LastName = `Papierkorb ${tag()}`;
  await conn.sobject("Contact").destroy(await contact(conn, { LastName }));
  const soql = `SELECT Id FROM Contact WHERE LastName = '${LastName}'`;
  assert.equal((await conn.query(soql)).totalSize, 0);
  assert.equal((await conn.query(soql, { scanAll: true })).totalSize, 1);
});

check("find with conditions", async (conn) => {
  const mark = tag();
  await conn.sobject("Contact").create([{ LastName: `${mark} a`, Title: "x" }, { LastName: `${mark} b` }]);
  const rows = await conn.sobject("Contact")
    .find({ LastName: { $like: `${mark}%` }, CreatedDate: { $gte: jsforce.SfDate.TODAY } }, ["Id", "LastName"])
    .sort({ LastName: -1 }).limit(5);
  assert.deepEqual(rows.map((row) => row.LastName), [`${mark} b`, `${mark} a`]);
  const or = await conn.sobject("Contact").find({ LastName: { $like: `${mark}%` }, $or: [{ Title: "x" }, { Title: "y" }] });
  assert.equal(or.length, 1);
});

check("find every described field", async (conn) => {
  for (const name of ["Contact", "Account", "Lead", "Opportunity", "Case", "Task", "Event", "User"])
    await conn.sobject(name).find({}, "*").limit(1);
});

check("find with children", async (conn) => {
  const { id } = await conn.sobject("Account").create({ Name: `Kind ${tag()}` });
  await conn.sobject("Contact").create([{ LastName: "a", AccountId: id }, { LastName: "b", AccountId: id }]);
  const [row] = await conn.sobject("Account").find({ Id: id }).select("Id, Name").include("Contacts").select("LastName").end();
  assert.equal(row.Contacts.records.length, 2);
});

check("count", async (conn) => {
  const mark = tag();
  await contact(conn, { LastName: mark });
  assert.equal(await conn.sobject("Contact").count({ LastName: mark }), 1);
});

check("update and destroy through a query", async (conn) => {
  const mark = tag();
  await conn.sobject("Contact").create([{ LastName: mark }, { LastName: mark }]);
  const updated = await conn.sobject("Contact").find({ LastName: mark }).update({ Title: "${LastName}!" });
  assert.equal(updated.length, 2);
  const [row] = await conn.sobject("Contact").find({ LastName: mark }, ["Title"]);
  assert.equal(row.Title, `${mark}!`);
  const gone = await conn.sobject("Contact").find({ LastName: mark }).destroy();
  assert.deepEqual(gone.map((entry) => entry.success), [true, true]);
});

check("aggregate", async (conn) => {
  const { records } = await conn.query("SELECT COUNT(Id) howMany, MAX(CreatedDate) FROM Account");
  assert.equal(records[0].attributes.type, "AggregateResult");
  assert.equal(typeof records[0].howMany, "number");
  assert.ok(records[0].expr0);
});

check("explain", async (conn) => {
  const { plans } = await conn.query("SELECT Id FROM Account WHERE Name LIKE 'A%'").explain();
  assert.ok(plans.length > 0);
});

check("malformed query", async (conn) => {
  await rejected(conn.query("SELECT Id FORM Account"), "MALFORMED_QUERY");
  await rejected(conn.query("SELECT Foo FROM Account"), "INVALID_FIELD");
  await rejected(conn.query("SELECT Id FROM Foo"), "INVALID_TYPE");
});

check("search", async (conn) => {
  const LastName = `zq${tag()}`;
  const id = await contact(conn, { LastName });
  const { searchRecords } = await conn.search(`FIND {${LastName}} IN ALL FIELDS RETURNING Contact(Id, Name), Lead(Id)`);
  assert.deepEqual(searchRecords.map((record) => record.Id), [id]);
});

// --- bulk ------------------------------------------------------------------------------------------------------------

check("bulk 2 insert", async (conn) => {
  const mark = tag();
  const input = Array.from({ length: 40 }, (_, index) => ({ LastName: `${mark} ${index}`, Title: index === 3 ? 'a "b",\nc' : "" }));
  const { successfulResults, failedResults, unprocessedRecords } = await conn.bulk2.loadAndWaitForResults({
    object: "Contact", operation: "insert", input, pollInterval: 50, pollTimeout: 30_000,
  });
  assert.deepEqual([successfulResults.length, failedResults.length, unprocessedRecords.length], [40, 0, 0]);
  assert.match(successfulResults[0].sf__Id, /^003\w{15}$/);
  assert.equal(successfulResults[0].sf__Created, "true");
});

check("bulk 2 failures", async (conn) => {
  const { successfulResults, failedResults } = await conn.bulk2.loadAndWaitForResults({
    object: "Account", operation: "insert", input: [{ Name: "gut", Site: "x" }, { Name: "", Site: "y" }], pollInterval: 50, pollTimeout: 30_000,
  });
  assert.deepEqual([successfulResults.length, failedResults.length], [1, 1]);
  assert.equal(failedResults[0].sf__Error, "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --");
});

check("bulk 2 update, upsert, delete", async (conn) => {
  const field = await externalIdField(conn, "Contact");
  const options = { object: "Contact", pollInterval: 50, pollTimeout: 30_000 };
  const load = (operation, input, more = {}) => conn.bulk2.loadAndWaitForResults({ ...options, ...more, operation, input });
  const keys = [tag(), tag()];
  const made = await load("upsert", keys.map((key) => ({ [field]: key, LastName: "b" })), { externalIdFieldName: field });
  assert.deepEqual(made.successfulResults.map((row) => row.sf__Created), ["true", "true"]);
  const ids = made.successfulResults.map((row) => row.sf__Id);
  const again = await load("update", ids.map((Id) => ({ Id, LastName: "c" })));
  assert.deepEqual(again.successfulResults.map((row) => row.sf__Created), ["false", "false"]);
  const gone = await load("delete", ids.map((Id) => ({ Id })));
  assert.equal(gone.successfulResults.length, 2);
});

check("bulk 2 job by hand", async (conn) => {
  const job = conn.bulk2.createJob({ operation: "insert", object: "Contact" });
  await job.open();
  assert.equal((await job.check()).state, "Open");
  await job.uploadData([{ LastName: "Hand" }]);
  await job.close();
  await job.poll(50, 30_000);
  const info = await job.check();
  assert.deepEqual([info.state, info.numberRecordsProcessed, info.numberRecordsFailed], ["JobComplete", 1, 0]);
  await job.delete();
  await rejected(job.check());
});

check("bulk 2 abort", async (conn) => {
  const job = conn.bulk2.createJob({ operation: "insert", object: "Contact" });
  await job.open();
  await job.abort();
  assert.equal((await job.check()).state, "Aborted");
});

check("bulk 2 query", async (conn) => {
  const total = (await conn.query("SELECT COUNT() FROM BigTable__c")).totalSize;
  const stream = await conn.bulk2.query("SELECT Id, Name FROM BigTable__c", { pollInterval: 50, pollTimeout: 30_000 });
  const rows = await stream.toArray();
  assert.equal(new Set(rows.map((row) => row.Id)).size, total);
});

// --- composite and the rest ------------------------------------------------------------------------------------------

check("composite", async (conn) => {
  const base = `/services/data/v${VERSION}/sobjects`;
  const { compositeResponse } = await conn.requestPost(`/services/data/v${VERSION}/composite`, {
    allOrNone: true,
    compositeRequest: [
      { method: "POST", url: `${base}/Account`, referenceId: "refA", body: { Name: "Komposit" } },
      { method: "POST", url: `${base}/Contact`, referenceId: "refC", body: { LastName: "K", AccountId: "@{refA.id}" } },
    ],
  });
  assert.deepEqual(compositeResponse.map((part) => part.httpStatusCode), [201, 201]);
});

check("composite graph", async (conn) => {
  const { graphs } = await conn.requestPost(`/services/data/v${VERSION}/composite/graph`, {
    graphs: [{ graphId: "1", compositeRequest: [
      { method: "POST", url: `/services/data/v${VERSION}/sobjects/Account`, referenceId: "a", body: { Name: "Graph" } }] }],
  });
  assert.equal(graphs[0].isSuccessful, true);
});

check("blob fields", async (conn) => {
  const ParentId = await contact(conn);
  const Body = Buffer.from("Grüße").toString("base64");
  const { id } = await conn.sobject("Attachment").create({ ParentId, Name: "g.txt", Body });
  const chunks = await conn.sobject("Attachment").record(id).blob("Body").toArray();
  assert.equal(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString(), "Grüße");
});

check("soap convert lead", async (conn) => {
  const lead = await conn.sobject("Lead").create({ LastName: `Wandel ${tag()}`, Company: "Raupe AG", Email: `${tag()}@example.net` });
  const answer = await conn.soap.convertLead({ leadId: lead.id, convertedStatus: "Closed - Converted" });
  const result = Array.isArray(answer) ? answer[0] : answer;
  assert.equal(String(result.success), "true");
  const row = await conn.sobject("Lead").retrieve(lead.id);
  assert.equal(row.IsConverted, true);
  assert.equal(row.ConvertedContactId, result.contactId);
  await rejected(conn.sobject("Lead").update({ Id: lead.id, Title: "x" }), "CANNOT_UPDATE_CONVERTED_LEAD");
});

check("tooling refuses what is not there in words", async (conn) => {
  const error = await rejected(conn.tooling.query("SELECT Id FROM ApexClass"));
  assert.ok(error.errorCode, error.message);
});

check("apex rest that is not there", async (conn) => {
  await rejected(conn.apex.get("/nobody/here"), "NOT_FOUND");
});

await runAll("jsforce_checks", connect());
