//! Which package may depend on which.
//!
//! The table is the graph of docs/ARCHITECTURE.md. Whoever adds an edge adds it there and here, and says why.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Finding;

/// What one of our packages may use of ours.
struct Rule {
    package: &'static str,
    uses: &'static [&'static str],
    /// Beside `uses`, in tests and examples only.
    tests_use: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule { package: "rest-core", uses: &[], tests_use: &[] },
    Rule { package: "crm-model", uses: &[], tests_use: &[] },
    Rule { package: "sandbox", uses: &[], tests_use: &[] },
    Rule { package: "salesforce-derive", uses: &[], tests_use: &["salesforce"] },
    Rule { package: "salesforce", uses: &["rest-core", "salesforce-derive"], tests_use: &["sandbox"] },
    Rule { package: "freshsales", uses: &["rest-core"], tests_use: &["sandbox"] },
    Rule {
        package: "unified-crm",
        uses: &["rest-core", "crm-model", "salesforce", "freshsales"],
        tests_use: &["sandbox", "testkit"],
    },
    Rule { package: "sync-core", uses: &["crm-model"], tests_use: &[] },
    Rule { package: "sync-store", uses: &[], tests_use: &[] },
    Rule {
        package: "sync-engine",
        uses: &["unified-crm", "sync-store", "sync-core", "crm-model"],
        tests_use: &["sandbox", "testkit"],
    },
    Rule {
        package: "testkit",
        uses: &["unified-crm", "sync-store", "sandbox", "crm-model", "rest-core", "salesforce", "freshsales"],
        tests_use: &[],
    },
    Rule {
        package: "crmkit",
        uses: &["crm-model", "salesforce", "freshsales", "unified-crm", "sync-core", "sync-store", "sync-engine"],
        tests_use: &["sandbox", "testkit"],
    },
    Rule { package: "crmkit-examples", uses: &["crmkit", "sandbox"], tests_use: &[] },
    Rule {
        package: "crmkit-tests",
        uses: &[],
        tests_use: &[
            "crmkit",
            "crm-model",
            "rest-core",
            "salesforce",
            "freshsales",
            "unified-crm",
            "sandbox",
            "sync-core",
            "sync-engine",
            "sync-store",
            "testkit",
        ],
    },
    Rule { package: "crmkit-fuzz", uses: &["salesforce", "sandbox"], tests_use: &[] },
    Rule { package: "xtask", uses: &[], tests_use: &[] },
];

/// Foreign packages that only these of ours may use outside tests.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("reqwest", &["rest-core"], "HTTP goes through rest-core's transport"),
    ("governor", &["rest-core"], "rates are rest-core's task"),
    ("rusqlite", &["sync-store"], "SQL stays in sync-store"),
    ("axum", &["sandbox"], "only the sandbox serves HTTP"),
    ("hyper", &["sandbox"], "only the sandbox serves HTTP"),
];

/// Packages that are pure: no I/O, no clock, no chance, nothing to await.
const PURE: &[&str] = &["crm-model", "sync-core"];
const IMPURE: &[&str] =
    &["tokio", "futures", "async-trait", "fastrand", "rand", "reqwest", "rusqlite", "tracing", "metrics"];

/// One package of the workspace and what it depends on.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

impl Dependency {
    fn is_for_tests(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

/// The packages that `cargo metadata --no-deps` tells of.
pub(super) fn packages(metadata: &str) -> Result<Vec<Package>, String> {
    let read: Metadata = serde_json::from_str(metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(read.packages)
}

/// Every edge that the tables do not allow.
pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    let rules: BTreeMap<&str, &Rule> = RULES.iter().map(|rule| (rule.package, rule)).collect();
    let mut findings = Vec::new();
    for package in packages {
        let place = format!("package {}", package.name);
        let Some(rule) = rules.get(package.name.as_str()) else {
            findings
                .push(Finding::new(place, "is not in the graph: add it to docs/ARCHITECTURE.md and to tidy/graph.rs"));
            continue;
        };
        for dependency in &package.dependencies {
            if dependency.name == package.name {
                continue; // its own tests, with more features
            }
            let is_ours = rules.contains_key(dependency.name.as_str());
            let why = if is_ours { ours(rule, dependency) } else { foreign(rule, dependency) };
            findings.extend(why.map(|why| Finding::new(&place, why)));
        }
    }
    findings
}

fn ours(rule: &Rule, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    let in_tests = rule.tests_use.contains(&name);
    match (rule.uses.contains(&name), in_tests, dependency.is_for_tests()) {
        (true, ..) | (false, true, true) => None,
        (false, true, false) => Some(format!("may use {name} in tests only: move it to [dev-dependencies]")),
        (false, false, _) => {
            let allowed = [rule.uses, rule.tests_use].concat().join(", ");
            let allowed = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed };
            Some(format!("must not depend on {name} (it may use {allowed})"))
        }
    }
}

fn foreign(rule: &Rule, dependency: &Dependency) -> Option<String> {
    if dependency.is_for_tests() {
        return None;
    }
    let name = dependency.name.as_str();
    if PURE.contains(&rule.package) && IMPURE.contains(&name) {
        return Some(format!("is pure and must not depend on {name}"));
    }
    let (_, homes, why) = ONLY_IN.iter().find(|(only, ..)| *only == name)?;
    (!homes.contains(&rule.package)).then(|| format!("must not depend on {name}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::told;

    fn found(package: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
        let kind = kind.map_or("null".to_owned(), |kind| format!("{kind:?}"));
        let metadata = format!(
            r#"{{"packages":[{{"name":"{package}","version":"1","dependencies":[{{"name":"{dependency}","kind":{kind},"optional":true}}]}}]}}"#
        );
        told(&check(&packages(&metadata).unwrap()))
    }

    #[test]
    fn edges_of_the_graph_pass() {
        for (package, dependency, kind) in [
            ("salesforce", "rest-core", None),
            ("salesforce", "sandbox", Some("dev")),
            ("unified-crm", "testkit", Some("dev")),
            ("rest-core", "reqwest", None),
            ("sync-core", "tokio", Some("dev")),
            ("sync-store", "rusqlite", None),
            ("sandbox", "axum", None),
            ("crmkit-tests", "testkit", Some("dev")),
        ] {
            assert!(found(package, dependency, kind).is_empty(), "{package} on {dependency}");
        }
    }

    #[test]
    fn other_edges_are_told_with_what_is_allowed() {
        let check = |package, dependency, kind, expected: &str| {
            assert_eq!(found(package, dependency, kind), [format!("package {package}: {expected}")]);
        };
        check(
            "salesforce",
            "freshsales",
            None,
            "must not depend on freshsales (it may use rest-core, salesforce-derive, sandbox)",
        );
        check(
            "salesforce",
            "crm-model",
            Some("dev"),
            "must not depend on crm-model (it may use rest-core, salesforce-derive, sandbox)",
        );
        check("sandbox", "rest-core", Some("dev"), "must not depend on rest-core (it may use nothing of ours)");
        check("unified-crm", "testkit", None, "may use testkit in tests only: move it to [dev-dependencies]");
        check("sync-core", "tokio", None, "is pure and must not depend on tokio");
        check("sync-engine", "rusqlite", None, "must not depend on rusqlite: SQL stays in sync-store");
        check(
            "sync-store",
            "reqwest",
            Some("build"),
            "must not depend on reqwest: HTTP goes through rest-core's transport",
        );
        check("newcomer", "serde", None, "is not in the graph: add it to docs/ARCHITECTURE.md and to tidy/graph.rs");
    }

    #[test]
    fn the_table_has_no_cycle_outside_tests_and_names_only_packages_of_ours() {
        let rules: BTreeMap<&str, &Rule> = RULES.iter().map(|rule| (rule.package, rule)).collect();
        fn depth(rules: &BTreeMap<&str, &Rule>, name: &str, above: usize) -> usize {
            assert!(above < RULES.len(), "{name} is part of a cycle");
            let uses = rules[name].uses;
            uses.iter().map(|used| depth(rules, used, above + 1) + 1).max().unwrap_or(0)
        }
        for rule in RULES {
            depth(&rules, rule.package, 0);
            assert!(rule.tests_use.iter().all(|used| rules.contains_key(used)), "{}", rule.package);
        }
    }

    #[test]
    fn an_answer_that_is_no_metadata_is_an_error() {
        assert!(packages("{}").unwrap_err().contains("packages"));
    }
}
