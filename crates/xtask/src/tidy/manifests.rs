//! What every package's manifest and folder must have.

use super::{File, Finding};

/// Fields that come from the workspace, so that they are the same everywhere.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

/// Files that every vendor's client has, so that knowing one is knowing all.
const CLIENT_FILES: &[&str] = &["lib.rs", "client.rs", "config.rs", "auth.rs", "error.rs", "ids.rs", "models/", "api/"];
const CLIENTS: &[&str] = &["salesforce", "freshsales"];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        files.iter().filter(|file| file.path.ends_with("/Cargo.toml")).flat_map(manifest).collect();
    findings.extend(CLIENTS.iter().flat_map(|client| client_files(files, client)));
    findings.extend(files.iter().filter_map(test_binary));
    findings
}

/// The lines of a table of a manifest.
fn table<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let lines = text.lines().map(str::trim).skip_while(|line| *line != format!("[{name}]")).skip(1);
    lines.take_while(|line| !line.starts_with('[')).collect()
}

fn manifest(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut tell = |message: String| findings.push(Finding::new(&file.path, message));
    if !table(&file.text, "lints").contains(&"workspace = true") {
        tell("does not take the workspace's lints: add `[lints]` with `workspace = true`".to_owned());
    }
    let package = table(&file.text, "package");
    for field in INHERITED {
        if !package.contains(&format!("{field}.workspace = true").as_str()) {
            tell(format!("does not take `{field}` from the workspace: write `{field}.workspace = true`"));
        }
    }
    if !package.iter().any(|line| line.starts_with("description = ")) {
        tell("has no description".to_owned());
    }
    if let Some(folder) = file.path.strip_prefix("crates/").and_then(|path| path.strip_suffix("/Cargo.toml"))
        && !package.contains(&format!("name = \"{folder}\"").as_str())
    {
        tell(format!("the package in crates/{folder} is not named {folder}"));
    }
    findings
}

fn client_files(files: &[File], client: &str) -> Vec<Finding> {
    let source = format!("crates/{client}/src/");
    // A file that outgrew itself is a folder of the same name.
    let has = |name: &str| {
        let folder = name.replace(".rs", "/");
        files
            .iter()
            .filter_map(|file| file.path.strip_prefix(&source))
            .any(|rest| rest.starts_with(name) || rest.starts_with(&folder))
    };
    let missing = CLIENT_FILES.iter().filter(|name| !has(name));
    missing.map(|name| Finding::new(&source, format!("has no {name}, which every vendor's client has"))).collect()
}

/// One integration-test binary per package: each one more is linked anew.
fn test_binary(file: &File) -> Option<Finding> {
    let (_, below) = file.path.strip_prefix("crates/")?.split_once("/tests/")?;
    let is_second_binary = !below.contains('/') && file.is("rs");
    is_second_binary
        .then(|| Finding::new(&file.path, "is a test binary of its own: make it a module of tests/it/main.rs"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{file, told};

    const GOOD: &str = "[package]\nname = \"x\"\ndescription = \"X\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\n[lints]\nworkspace = true\n";

    #[test]
    fn a_manifest_that_inherits_everything_passes() {
        assert_eq!(manifest(&file("crates/x/Cargo.toml", GOOD)), []);
    }

    #[test]
    fn what_a_manifest_lacks_is_told() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                told(&manifest(&file("crates/x/Cargo.toml", text))),
                [format!("crates/x/Cargo.toml: {expected}")]
            );
        };
        check(
            &GOOD.replace("[lints]\nworkspace = true", "[lints.clippy]\nall = \"warn\""),
            "does not take the workspace's lints: add `[lints]` with `workspace = true`",
        );
        check(
            &GOOD.replace("edition.workspace = true", "edition = \"2021\""),
            "does not take `edition` from the workspace: write `edition.workspace = true`",
        );
        check(&GOOD.replace("description", "homepage"), "has no description");
        check(&GOOD.replace("\"x\"", "\"y\""), "the package in crates/x is not named x");
    }

    #[test]
    fn a_client_without_a_file_of_the_common_layout_is_told() {
        let mut files: Vec<File> =
            CLIENT_FILES.iter().map(|name| file(&format!("crates/salesforce/src/{name}"), "")).collect();
        assert_eq!(client_files(&files, "salesforce"), []);
        files.retain(|file| !file.path.ends_with("auth.rs"));
        assert_eq!(
            told(&client_files(&files, "salesforce")),
            ["crates/salesforce/src/: has no auth.rs, which every vendor's client has"]
        );
    }

    #[test]
    fn a_second_test_binary_is_told() {
        assert!(test_binary(&file("crates/x/tests/extra.rs", "")).is_some());
        assert!(test_binary(&file("crates/x/tests/it/main.rs", "")).is_none());
        assert!(test_binary(&file("crates/x/tests/data.json", "")).is_none());
    }
}
