"""Runs the Salesforce CLI, unmodified, against a crm-sandbox whose ready line is in CRMKIT_READY.

CRMKIT_SF names the `sf` program. The CLI keeps its state below HOME, which is a new empty folder here.
"""

import csv
import json
import os
import subprocess
import tempfile
import uuid
from pathlib import Path

from checks import Checks, equal, has

check = Checks("sf_cli_checks")


class Cli:
    def __init__(self, program, home, ready):
        self.program = program
        self.ready = ready
        self.folder = Path(home)
        self.environment = {
            **os.environ, "HOME": home, "SF_ACCESS_TOKEN": ready["access_token"], "SF_DISABLE_TELEMETRY": "true",
            "SF_AUTOUPDATE_DISABLE": "true", "SF_SKIP_NEW_VERSION_CHECK": "true", "SF_DISABLE_DNS_CHECK": "true",
            "SF_USE_GENERIC_UNIX_KEYCHAIN": "true", "SF_CONTENT_TYPE": "", "NO_COLOR": "1",
        }

    def run(self, *arguments, code=0):
        """What the command printed on standard output."""
        done = subprocess.run([self.program, *arguments], env=self.environment, cwd=self.folder, capture_output=True,
                              text=True, timeout=180, check=False)
        said = (done.stdout + done.stderr).strip()
        assert (done.returncode == 0) == (code == 0), f"sf {' '.join(arguments)} ended with {done.returncode}: {said[-1500:]}"
        return done.stdout

    def json(self, *arguments, code=0):
        return json.loads(self.run(*arguments, "--target-org", "emu", "--json", code=code))

    def create(self, kind, values):
        return self.json("data", "create", "record", "--sobject", kind, "--values", values)["result"]["id"]

    def query(self, soql, *more):
        return self.json("data", "query", "--query", soql, *more)["result"]


def tag():
    return uuid.uuid4().hex[:10]


@check
def login_with_a_token(sf):
    sf.run("org", "login", "access-token", "--instance-url", sf.ready["instance_url"], "--no-prompt", "--alias", "emu")


@check
def org_display(sf):
    shown = sf.json("org", "display")["result"]
    equal(shown["username"], sf.ready["username"])
    equal(shown["instanceUrl"].rstrip("/"), sf.ready["instance_url"].rstrip("/"))


@check
def create_get_update_delete(sf):
    row = sf.create("Account", f"Name='Compañía {tag()}' NumberOfEmployees=12 AnnualRevenue=1500")
    got = sf.json("data", "get", "record", "--sobject", "Account", "--record-id", row)["result"]
    equal((got["NumberOfEmployees"], got["AnnualRevenue"]), (12, 1500))
    sf.json("data", "update", "record", "--sobject", "Account", "--record-id", row, "--values", "Industry=Energy")
    got = sf.json("data", "get", "record", "--sobject", "Account", "--where", f"Id={row}")["result"]
    equal(got["Industry"], "Energy")
    sf.json("data", "delete", "record", "--sobject", "Account", "--record-id", row)
    equal(sf.query(f"SELECT Id FROM Account WHERE Id = '{row}'")["totalSize"], 0)


@check
def errors_are_told_in_the_servers_words(sf):
    failed = sf.json("data", "create", "record", "--sobject", "Contact", "--values", "FirstName=Only", code=1)
    has(failed["message"], "Required fields are missing: [LastName]")


@check
def query_as_json(sf):
    result = sf.query("SELECT Id, Name, (SELECT LastName FROM Contacts) FROM Account ORDER BY Name LIMIT 3")
    equal(len(result["records"]), 3)


@check
def query_as_a_table_and_as_csv(sf):
    name = f"Tabelle {tag()}"
    sf.create("Account", f"Name='{name}'")
    soql = f"SELECT Name, Owner.Name, CreatedDate FROM Account WHERE Name = '{name}'"
    has(sf.run("data", "query", "--query", soql, "--target-org", "emu"), name)
    lines = sf.run("data", "query", "--query", soql, "--target-org", "emu", "--result-format", "csv").splitlines()
    equal(lines[0], "Name,Owner.Name,CreatedDate")
    has(lines[1], name)


@check
def query_with_aggregates_as_csv(sf):
    out = sf.run("data", "query", "--query", "SELECT Industry, COUNT(Id) n, MAX(CreatedDate) FROM Account GROUP BY Industry LIMIT 2",
                 "--target-org", "emu", "--result-format", "csv")
    equal(len(out.strip().splitlines()), 3)


@check
def query_of_many_pages(sf):
    result = sf.query("SELECT Id FROM BigTable__c")
    equal(len(result["records"]), result["totalSize"])
    assert result["totalSize"] > 2000


@check
def query_of_nonsense(sf):
    failed = sf.json("data", "query", "--query", "SELECT Foo FROM Account", code=1)
    has(failed["message"], "No such column 'Foo' on entity 'Account'")


@check
def search(sf):
    mark = "zq" + tag()
    row = sf.create("Contact", f"LastName={mark}")
    result = sf.json("data", "search", "--query", f"FIND {{{mark}}} IN NAME FIELDS RETURNING Contact(Id, Name)")["result"]
    equal([record["Id"] for record in result["searchRecords"]], [row])


@check
def bulk_upsert(sf):
    described = sf.json("sobject", "describe", "--sobject", "Contact")["result"]
    field = next(f["name"] for f in described["fields"] if f["externalId"] and f["custom"] and f["type"] == "string")
    keys = [tag() for _ in range(3)]
    with open(sf.folder / "upsert.csv", "w", newline="\n", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["LastName", field])
        writer.writerows([[f"Größe {key}", key] for key in keys])
    result = sf.json("data", "upsert", "bulk", "--sobject", "Contact", "--file", "upsert.csv", "--external-id", field,
                     "--line-ending", "LF", "--wait", "1")["result"]
    equal(int((result.get("jobInfo") or result).get("numberRecordsFailed", 0)), 0)
    equal(sf.query(f"SELECT Id FROM Contact WHERE {field} IN ('{keys[0]}','{keys[2]}')")["totalSize"], 2)


@check
def bulk_import_update_delete(sf):
    mark = tag()
    (sf.folder / "import.csv").write_text(f"Name,Site\n{mark},a\n{mark},b\n", encoding="utf-8")
    result = sf.json("data", "import", "bulk", "--sobject", "Account", "--file", "import.csv", "--line-ending", "LF", "--wait", "1")
    equal((result["result"]["processedRecords"], result["result"]["failedRecords"]), (2, 0))
    ids = [record["Id"] for record in sf.query(f"SELECT Id FROM Account WHERE Name = '{mark}'")["records"]]
    (sf.folder / "update.csv").write_text("Id,Site\n" + "".join(f"{row},c\n" for row in ids), encoding="utf-8")
    sf.json("data", "update", "bulk", "--sobject", "Account", "--file", "update.csv", "--line-ending", "LF", "--wait", "1")
    equal(sf.query(f"SELECT Id FROM Account WHERE Name = '{mark}' AND Site = 'c'")["totalSize"], 2)
    (sf.folder / "delete.csv").write_text("Id\n" + "".join(f"{row}\n" for row in ids), encoding="utf-8")
    sf.json("data", "delete", "bulk", "--sobject", "Account", "--file", "delete.csv", "--line-ending", "LF", "--wait", "1")
    equal(sf.query(f"SELECT Id FROM Account WHERE Name = '{mark}'")["totalSize"], 0)


@check
def bulk_failures_end_the_command_with_an_error(sf):
    (sf.folder / "bad.csv").write_text("LastName,Email\nfine,a@b.co\nnot,123\n", encoding="utf-8")
    failed = sf.json("data", "import", "bulk", "--sobject", "Contact", "--file", "bad.csv", "--line-ending", "LF", "--wait", "1", code=1)
    has(json.dumps(failed), "FailedRecordDetailsError")


@check
def bulk_export(sf):
    sf.json("data", "export", "bulk", "--query", "SELECT Id, Name FROM BigTable__c", "--output-file", "out.csv",
            "--result-format", "csv", "--wait", "1")
    with open(sf.folder / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    equal(len(rows), sf.query("SELECT COUNT() FROM BigTable__c")["totalSize"])


@check
def tree_export_and_import(sf):
    name = f"Baum {tag()}"
    row = sf.create("Account", f"Name='{name}'")
    sf.create("Contact", f"LastName=Ast AccountId={row}")
    sf.json("data", "export", "tree", "--query",
            f"SELECT Name, (SELECT LastName FROM Contacts) FROM Account WHERE Name = '{name}'", "--output-dir", "tree")
    file = next(path for path in (sf.folder / "tree").iterdir() if path.suffix == ".json" and "plan" not in path.name)
    sf.json("data", "import", "tree", "--files", str(file))
    found = sf.query(f"SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Name = '{name}'")
    equal([record["Contacts"]["totalSize"] for record in found["records"]], [1, 1])


@check
def describe_and_list_objects(sf):
    equal(sf.json("sobject", "describe", "--sobject", "Contact")["result"]["keyPrefix"], "003")
    has(sf.json("sobject", "list", "--sobject", "all")["result"], "Account", "BigTable__c")
    has(sf.json("sobject", "list", "--sobject", "custom")["result"], "UpsertTable__c")


@check
def limits(sf):
    limits = sf.json("org", "list", "limits")["result"]
    has({limit["name"] for limit in limits}, "DailyApiRequests", "DataStorageMB")
    counts = sf.json("org", "list", "sobject", "record-counts", "--sobject", "Account")["result"]
    equal(counts[0]["name"], "Account")


@check
def any_request(sf):
    out = sf.run("api", "request", "rest", "services/data/v59.0/sobjects/Account/describe", "--target-org", "emu")
    equal(json.loads(out)["name"], "Account")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        check.run(Cli(os.environ.get("CRMKIT_SF", "sf"), home, json.loads(os.environ["CRMKIT_READY"])["salesforce"]))
