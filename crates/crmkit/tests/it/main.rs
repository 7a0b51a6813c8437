//! What the project says of itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::Path;

/// Every line of code in the README stands in an example that compiles.
#[test]
fn the_snippets_of_the_readme_compile() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let example = std::fs::read_to_string(root.join("examples/readme.rs")).unwrap();
    let known: Vec<&str> = example.lines().map(str::trim).collect();
    let snippets: Vec<&str> = readme.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(snippets.len(), 3);
    for line in snippets.iter().flat_map(|snippet| snippet.lines()).map(str::trim).filter(|line| !line.is_empty()) {
        assert!(known.contains(&line), "examples/readme.rs has no such line: {line}");
    }
}
