//! Whatever text is sent as a query or a search, it is answered or refused, in bounded time.

use sandbox::fuzzing;

/// Queries as they are written in real programs.
const QUERIES: [&str; 16] = [
    "SELECT Id, Name FROM Account WHERE Name LIKE 'Acme%' AND (Industry = 'Energy' OR AnnualRevenue >= 1000.5) LIMIT 10",
    "SELECT Id, (SELECT Id, LastName FROM Contacts WHERE Email != null ORDER BY LastName DESC NULLS LAST) FROM Account",
    "SELECT TYPEOF What WHEN Account THEN Phone, Name WHEN Opportunity THEN Amount ELSE Name END FROM Task",
    "SELECT LeadSource, Rating, GROUPING(LeadSource) g, COUNT(Id) FROM Lead GROUP BY CUBE(LeadSource, Rating)",
    "SELECT COUNT() FROM Contact c, c.Account a WHERE a.Name = 'zeta'",
    "SELECT CALENDAR_YEAR(convertTimezone(CreatedDate)) y, SUM(Amount) FROM Opportunity GROUP BY CALENDAR_YEAR(convertTimezone(CreatedDate)) HAVING SUM(Amount) > 5",
    "SELECT FIELDS(ALL) FROM Contact USING SCOPE mine ORDER BY CreatedDate ASC NULLS FIRST LIMIT 200 OFFSET 5 FOR VIEW",
    "SELECT Id FROM Contact WHERE AccountId NOT IN (SELECT AccountId FROM Opportunity WHERE IsWon = TRUE) WITH USER_MODE",
    "SELECT Id FROM Contact WHERE Interests__c INCLUDES ('A;B', 'C') AND Interests__c EXCLUDES ('D')",
    "SELECT Id FROM Lead WHERE CreatedDate > LAST_N_DAYS:30 AND SystemModstamp <= 2024-01-31T10:00:00.000+02:00",
    r"SELECT Id FROM Contact WHERE LastName = 'O\'Neill \u00e9 \\ 50\%\_' OR Email IN ('a@x.test', NULL)",
    "SELECT toLabel(StageName), FORMAT(Amount), Account.Owner.Name FROM Opportunity WHERE NOT (Amount < USD5000)",
    "SELECT Id FROM Account WHERE DISTANCE(BillingAddress, GEOLOCATION(37.7, -122.4), 'mi') < 20 ORDER BY Name",
    "SELECT Owner.Name n, MAX(CloseDate) FROM Opportunity GROUP BY ROLLUP(Owner.Name) ORDER BY MAX(CloseDate) DESC",
    "select id from contact where birthdate = NEXT_N_FISCAL_QUARTERS:2 for reference update tracking",
    "SELECT DAY_IN_WEEK(CloseDate), AVG(Amount) FROM Opportunity WHERE IsClosed = false GROUP BY DAY_IN_WEEK(CloseDate)",
];

/// Pieces that change the meaning of what stands around them.
const PIECES: [&str; 24] = [
    "(",
    ")",
    "'",
    "\\",
    ",",
    ".",
    ":",
    " AND ",
    " OR ",
    " NOT ",
    "NULL",
    "SELECT ",
    " FROM ",
    "''",
    "\\u12",
    "-1",
    "99999999999999999999999999999999",
    "LAST_N_DAYS:4294967295",
    "\u{0}",
    "é",
    "ß",
    " IN ",
    "COUNT()",
    "\n",
];

/// A text near one of the corpus: bytes dropped, doubled, swapped, pieces put in, tails of other queries.
pub(crate) fn mutated(corpus: &[&str], random: &mut fastrand::Rng) -> String {
    let mut text: Vec<char> = corpus[random.usize(..corpus.len())].chars().collect();
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..=text.len());
        let end = (at + random.usize(..8)).min(text.len());
        match random.u8(..6) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..at, PIECES[random.usize(..PIECES.len())].chars())),
            2 => {
                let copy: Vec<char> = text[at..end].to_vec();
                text.splice(at..at, copy);
            }
            3 => {
                let other: Vec<char> = corpus[random.usize(..corpus.len())].chars().collect();
                let from = random.usize(..other.len());
                text.truncate(at);
                text.extend(&other[from..]);
            }
            4 if at < end => text.swap(at, end - 1),
            _ if at < text.len() => text[at] = char::from(random.u8(32..127)),
            _ => {}
        }
    }
    text.into_iter().collect()
}

#[test]
fn the_corpus_itself_is_understood() {
    for query in QUERIES {
        fuzzing::soql(query).unwrap_or_else(|message| panic!("{query}: {message}"));
    }
}

#[test]
fn any_text_near_a_query_is_answered_or_refused() {
    let mut random = fastrand::Rng::with_seed(20_240_515);
    let mut understood = 0;
    for _ in 0..20_000 {
        let text = mutated(&QUERIES, &mut random);
        understood += usize::from(fuzzing::soql(&text).is_ok());
    }
    assert!(understood > 100, "mutations that leave nothing understood test nothing: {understood}");
}

#[test]
fn depth_and_length_of_a_query_are_bounded() {
    for (open, close) in [("(", ")"), ("NOT ", ""), ("NOT (", ")")] {
        let deep = format!("SELECT Id FROM Contact WHERE {}Name = 'x'{}", open.repeat(9_000), close.repeat(9_000));
        assert!(fuzzing::soql(&deep).unwrap_err().contains("nested too deeply"), "{open}");
    }
    let deep = format!("SELECT {}Id{} FROM Contact", "DAY_ONLY(".repeat(9_000), ")".repeat(9_000));
    assert!(fuzzing::soql(&deep).is_err());
    let selects = format!("SELECT {}Id{} FROM Account", "(SELECT ".repeat(9_000), " FROM Contacts)".repeat(9_000));
    assert!(fuzzing::soql(&selects).is_err());
    let long = format!("SELECT Id FROM Contact WHERE Name IN ('{}')", vec!["x"; 40_000].join("','"));
    assert!(fuzzing::soql(&long).unwrap_err().contains("100000"));
    let wide = format!("SELECT Id FROM Contact WHERE Name IN ('{}')", vec!["x"; 20_000].join("','"));
    fuzzing::soql(&wide).unwrap();
}

/// Searches as they are written in real programs.
const SEARCHES: [&str; 6] = [
    "FIND {Acme*} IN NAME FIELDS RETURNING Account(Id, Name WHERE Industry = 'Energy' ORDER BY Name DESC LIMIT 5), Contact LIMIT 20",
    r#"FIND {"ada byron" OR (acme AND NOT inc\.)} RETURNING Contact(Id, Account.Name), Lead(Id)"#,
    r"FIND {ada\@x\.test} IN EMAIL FIELDS",
    "FIND {555 1234} IN PHONE FIELDS RETURNING Contact(Id LIMIT 5 OFFSET 2) WITH METADATA='LABELS' LIMIT 9",
    "find {x? yy} in sidebar fields returning Opportunity (Name, StageName) update tracking",
    "FIND {Zoë} RETURNING Account WITH SPELL_CORRECTION = false",
];

#[test]
fn any_text_near_a_search_is_answered_or_refused() {
    let mut random = fastrand::Rng::with_seed(7);
    for search in SEARCHES {
        fuzzing::sosl(search).unwrap_or_else(|message| panic!("{search}: {message}"));
    }
    let understood = (0..20_000).filter(|_| fuzzing::sosl(&mutated(&SEARCHES, &mut random)).is_ok()).count();
    assert!(understood > 100, "mutations that leave nothing understood test nothing: {understood}");
    let deep = format!("FIND {{{}xx{}}}", "(".repeat(4_000), ")".repeat(4_000));
    assert!(fuzzing::sosl(&deep).is_err());
}
