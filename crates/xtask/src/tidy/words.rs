//! The project speaks of itself alone: no paths of somebody's machine, no package registries, no tickets, no tools
//! that happened to be at hand.

use super::{File, Finding};

/// Texts that must stand nowhere in the tree, in lower case. Written in two halves, so that this file does not find
/// itself.
const BANNED: &[(&str, &str, &str)] = &[
    ("/ho", "me/", "is a path of somebody's machine"),
    ("/us", "ers/", "is a path of somebody's machine"),
    ("/ro", "ot/", "is a path of somebody's machine"),
    ("/wo", "rk/", "is a path of somebody's machine"),
    ("/tm", "p/", "is a path of somebody's machine: ask for a temporary directory"),
    ("c:\\", "users", "is a path of somebody's machine"),
    ("crates", ".io", "is a package registry, which not everybody can reach"),
    ("np", "mjs", "is a package registry, which not everybody can reach"),
    ("py", "pi.org", "is a package registry, which not everybody can reach"),
    ("cla", "ude", "is a tool, not a part of the project"),
    ("chat", "gpt", "is a tool, not a part of the project"),
    ("copi", "lot", "is a tool, not a part of the project"),
    ("anthr", "opic", "is a tool's maker, not a part of the project"),
    ("open", "ai", "is a tool's maker, not a part of the project"),
];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    // The lock file names the registry that every package came from; that is its purpose.
    files
        .iter()
        .filter(|file| file.path != "Cargo.lock")
        .flat_map(|file| [words(file), tickets(file)].concat())
        .collect()
}

fn words(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let line = line.to_lowercase();
        for (head, tail, why) in BANNED {
            let banned = format!("{head}{tail}");
            if line.match_indices(&banned).any(|(at, _)| is_alone(&line, at, &banned)) {
                findings.push(Finding::at(file, number, format!("`{banned}` {why}")));
            }
        }
    }
    findings
}

/// Whether a match is not the inside of something longer: a path below an address (`x.example/home/`) or another word.
fn is_alone(line: &str, at: usize, banned: &str) -> bool {
    let before = line[..at].chars().next_back();
    let after = line[at + banned.len()..].chars().next();
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if banned.starts_with('/') { !is_word(before) && before != Some('}') } else { !is_word(before) && !is_word(after) }
}

/// `#123` in prose: nobody else can look it up. Only documents and comments are prose.
fn tickets(file: &File) -> Vec<Finding> {
    let prose = |line: &'_ str| -> Option<String> {
        match file.path.rsplit_once('.')?.1 {
            "md" => Some(line.to_owned()),
            "rs" => line.split_once("//").map(|(_, comment)| comment.to_owned()),
            "toml" => line.split_once('#').map(|(_, comment)| comment.to_owned()),
            _ => None,
        }
    };
    let numbered = |text: &str| {
        text.match_indices('#').any(|(at, _)| {
            let starts = text[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || c == '(');
            starts && text[at + 1..].starts_with(|c: char| c.is_ascii_digit())
        })
    };
    let found = file.lines().filter(|(_, line)| prose(line).is_some_and(|text| numbered(&text)));
    found
        .map(|(number, _)| Finding::at(file, number, "names a ticket by number: say what it is about instead"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{file, told};

    #[test]
    fn paths_of_a_machine_and_other_strangers_are_told() {
        for (head, tail, _) in BANNED {
            let findings = told(&words(&file("a.md", &format!("fine\nsee {head}{tail} there"))));
            assert!(findings.len() == 1 && findings[0].starts_with("a.md:2: "), "{head}{tail}: {findings:?}");
        }
    }

    #[test]
    fn longer_words_and_addresses_are_no_strangers() {
        let fine = |text: String| assert_eq!(words(&file("a.rs", &text)), [], "{text}");
        fine(format!("https://acme.example{}", concat!("/ho", "me/x")));
        fine(format!("{{base}}{}", concat!("/ho", "me/x")));
        fine(format!("{}d", concat!("open", "ai")));
    }

    #[test]
    fn tickets_are_told_in_prose_only() {
        let check = |path: &str, text: &str, count| {
            assert_eq!(tickets(&file(path, text)).len(), count, "{text}");
        };
        check("a.md", "see #12", 1);
        check("a.md", "(#12)", 1);
        check("a.md", "# 12 ways", 0);
        check("a.md", "&#39;", 0);
        check("a.rs", concat!("let x = r#\"1\"#; /", "/ why: #7"), 1);
        check("a.rs", "let colour = \"#123\";", 0);
        check("a.toml", "x = 1 # see #9", 1);
    }
}
