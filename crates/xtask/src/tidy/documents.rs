//! Documents: the licence is there, and every link leads somewhere.

use super::{File, Finding};

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        ["README.md", "LICENSE", "docs/ARCHITECTURE.md", "docs/CONTRIBUTING.md", "docs/CHANGELOG.md"]
            .into_iter()
            .filter(|path| !files.iter().any(|file| file.path == *path && !file.text.trim().is_empty()))
            .map(|path| Finding::new(path, "is missing or empty"))
            .collect();
    findings.extend(files.iter().filter(|file| file.is("md")).flat_map(|file| dead_links(file, files)));
    findings
}

fn dead_links(file: &File, files: &[File]) -> Vec<Finding> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    let mut in_code = false;
    for (number, line) in file.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        for target in targets(line).filter(|target| !target.contains("://") && !target.starts_with("mailto:")) {
            let path = target.split('#').next().unwrap_or_default();
            let path = resolve(folder, path);
            let is_there = |file: &File| file.path == path || file.path.starts_with(&format!("{path}/"));
            if !path.is_empty() && !files.iter().any(is_there) {
                findings.push(Finding::at(file, number, format!("links to {target}, which is not there")));
            }
        }
    }
    findings
}

/// The targets of the inline links of a line: `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target.trim()))
}

/// A path as seen from a folder, without `.` and `..`.
fn resolve(folder: &str, path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')).filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{file, told};

    #[test]
    fn links_that_lead_nowhere_are_told() {
        let files = [
            file(
                "README.md",
                "[a](docs/A.md) and [b](docs/B.md#part), [c](https://x.example/), [d](#here)\n```\n[e](nowhere)\n```\n",
            ),
            file("docs/A.md", "[up](../LICENSE) [folder](decisions) [gone](../LICENCE)"),
            file("docs/decisions/1.md", ""),
            file("LICENSE", "MIT"),
        ];
        let findings: Vec<_> = files.iter().flat_map(|file| dead_links(file, &files)).collect();
        let expected = [
            "README.md:1: links to docs/B.md#part, which is not there",
            "docs/A.md:1: links to ../LICENCE, which is not there",
        ];
        assert_eq!(told(&findings), expected);
    }

    #[test]
    fn what_must_be_there_is_told_when_it_is_not() {
        let findings = told(&check(&[file("README.md", "# x"), file("LICENSE", " \n")]));
        assert!(findings.contains(&"LICENSE: is missing or empty".to_owned()));
        assert!(!findings.iter().any(|finding| finding.starts_with("README.md")));
    }
}
