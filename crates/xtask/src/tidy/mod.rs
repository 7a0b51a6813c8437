//! `cargo xtask tidy`: each check is a pure function from texts to findings; only this file touches the disk.

mod documents;
mod graph;
mod manifests;
mod sources;
mod words;

use std::fmt;
use std::path::Path;
use std::process::Command;

/// Something that must be changed: where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]

pub(crate) struct Finding {
    place: String,
    message: String,
}

impl Finding {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    pub(crate) fn at(file: &File, line: usize, message: impl Into<String>) -> Self {
        Self::new(format!("{}:{}", file.path, line + 1), message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// A text file of the tree.
pub(crate) struct File {
    /// Below the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is(&self, extension: &str) -> bool {
        self.path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).is_some_and(|(_, own)| own == extension)
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate()
    }
}

/// Runs every check on the workspace at `root`.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let files = read_tree(root)?;
    let packages = graph::packages(&metadata(root)?)?;
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(graph::check(&packages));
    findings.extend(manifests::check(&files));
    findings.extend(sources::check(&files));
    findings.extend(documents::check(&files));
    findings.extend(words::check(&files));
    findings.sort();
    if findings.is_empty() {
        return Ok(format!("tidy: {} packages and {} files are in order", packages.len(), files.len()));
    }
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    Err(format!("{}\n\ntidy: {} to put in order", lines.join("\n"), findings.len()))
}

fn metadata(root: &Path) -> Result<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo metadata cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

/// Reads every text file of the tree. What is built and what git keeps is left out, and so is what is not text.
fn read_tree(root: &Path) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let failed = |error| format!("{}: {error}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let name = entry.file_name();
            if name == ".git" || name == "target" {
                continue;
            }
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let below = path.strip_prefix(root).unwrap_or(&path);
                let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
                files.push(File { path: parts.join("/"), text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

#[cfg(test)]
pub(crate) fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

/// The messages of findings, for assertions.
#[cfg(test)]
pub(crate) fn told(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}
