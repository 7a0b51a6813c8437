//! What must and must not stand in Rust sources.

use super::{File, Finding};

const MAX_LINES: usize = 800;

/// Texts that no source may hold, and why. Written in two halves, so that this file does not find itself.
const BANNED: &[(&str, &str, &str)] = &[
    ("#[", "ignore", "a test that is not run proves nothing: make it run, or delete it"),
    ("todo", "!(", "finish it"),
    ("unimplemented", "!(", "finish it"),
    ("dbg", "!(", "remove it"),
    ("// ", "TODO", "do it, or write it down where it is planned"),
    ("// ", "FIXME", "do it, or write it down where it is planned"),
];

/// Crates whose code must work for any vendor.
const NEUTRAL: &[&str] =
    &["crates/sync-core/src/", "crates/sync-engine/src/", "crates/sync-store/src/", "crates/crm-model/src/"];
const VENDORS: &[&str] = &["salesforce", "freshsales", "freshdesk", "freshmarketer"];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let sources = files.iter().filter(|file| file.is("rs"));
    sources.flat_map(|file| [too_long(file), banned(file), fences(file), docs(file), neutral(file)].concat()).collect()
}

fn too_long(file: &File) -> Vec<Finding> {
    let count = file.text.lines().count();
    if count <= MAX_LINES {
        return Vec::new();
    }
    vec![Finding::new(
        &file.path,
        format!("has {count} lines, more than {MAX_LINES}: give its second subject a file of its own"),
    )]
}

fn banned(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        for (head, tail, why) in BANNED {
            if line.contains(&format!("{head}{tail}")) {
                findings.push(Finding::at(file, number, format!("`{head}{tail}`: {why}")));
            }
        }
    }
    findings
}

/// Examples in documentation that the compiler passes over.
fn fences(file: &File) -> Vec<Finding> {
    let is_unread = |line: &str| {
        let fence = line.trim_start().trim_start_matches("//!").trim_start_matches("///").trim_start();
        fence.strip_prefix("```").is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == "ignore"))
    };
    let unread = file.lines().filter(|(_, line)| is_unread(line));
    unread
        .map(|(number, _)| Finding::at(file, number, "an example that is not compiled goes stale: make it run"))
        .collect()
}

/// A library opens with what it is and an example that runs.
fn docs(file: &File) -> Vec<Finding> {
    let is_library = file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs");
    if !is_library {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if !file.text.starts_with("//! ") {
        findings.push(Finding::new(&file.path, "does not open with a paragraph of documentation (`//! …`)"));
    }
    let has_example = file.lines().any(|(_, line)| line.starts_with("//! ```"));
    if file.path.starts_with("crates/") && file.path.ends_with("/lib.rs") && !has_example {
        findings.push(Finding::new(&file.path, "has no example in its documentation"));
    }
    findings
}

fn neutral(file: &File) -> Vec<Finding> {
    if !NEUTRAL.iter().any(|folder| file.path.starts_with(folder)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    // Tests at the end of a file may use a vendor's name as an example.
    for (number, line) in file.lines().take_while(|(_, line)| line.trim() != "#[cfg(test)]") {
        let code = line.split("//").next().unwrap_or_default().to_lowercase();
        for vendor in VENDORS.iter().filter(|vendor| code.contains(*vendor)) {
            findings.push(Finding::at(file, number, format!("names {vendor}: code here must work for any vendor")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{file, told};

    #[test]
    fn a_file_may_have_so_many_lines() {
        assert_eq!(too_long(&file("a.rs", &"x\n".repeat(800))), []);
        let long = told(&too_long(&file("a.rs", &"x\n".repeat(801))));
        assert_eq!(long, ["a.rs: has 801 lines, more than 800: give its second subject a file of its own"]);
    }

    #[test]
    fn banned_texts_are_told_with_their_line() {
        let half = |head: &str, tail: &str| format!("fn a() {{}}\n    {head}{tail} )\n");
        for (head, tail, _) in BANNED {
            let findings = told(&banned(&file("a.rs", &half(head, tail))));
            assert!(findings.len() == 1 && findings[0].starts_with("a.rs:2: "), "{findings:?}");
        }
        assert_eq!(banned(&file("a.rs", "let ignored = \"# [ignore]\"; // to do\n")), []);
    }

    #[test]
    fn examples_that_are_not_compiled_are_told() {
        let check = |line: &str, count| assert_eq!(fences(&file("a.rs", line)).len(), count, "{line}");
        check(concat!("//! ``", "`ignore"), 1);
        check(concat!("    /// ``", "`rust,ignore"), 1);
        check("//! ```no_run", 0);
        check("//! ```", 0);
        check("/// ```text", 0);
    }

    #[test]
    fn a_library_opens_with_documentation_and_an_example() {
        assert_eq!(docs(&file("crates/a/src/lib.rs", "//! A.\n//!\n//! ```\n//! ```\n")), []);
        assert_eq!(docs(&file("crates/a/src/lib.rs", "mod x;\n")).len(), 2);
        assert_eq!(docs(&file("crates/a/src/main.rs", "//! A.\n")), []);
        assert_eq!(docs(&file("crates/a/src/other.rs", "mod x;\n")), []);
    }

    #[test]
    fn vendors_are_not_named_where_code_must_work_for_any() {
        let check = |path: &str, text: &str, count| {
            assert_eq!(neutral(&file(path, text)).len(), count, "{text}");
        };
        check("crates/sync-engine/src/a.rs", "if vendor == \"Salesforce\" {", 1);
        check("crates/sync-engine/src/a.rs", "/// On Salesforce this is a date.", 0);
        check(
            "crates/sync-engine/src/a.rs",
            "fn a() {}\n#[cfg(test)]\nmod tests { const V: &str = \"freshsales\"; }",
            0,
        );
        check("crates/unified-crm/src/a.rs", "mod salesforce;", 0);
    }
}
