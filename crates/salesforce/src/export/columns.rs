//! The columns of an export: known from the query where it names them, learnt from the first rows otherwise.

use super::scan::{Malformed, Scan};

/// One object of a row: the row itself, or a parent.
#[derive(Debug, Default)]
pub(super) struct Level {
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    /// As in the query or in a row.
    name: Box<str>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Column(usize),
    Parent(Level),
}

/// All columns.
#[derive(Debug, Default)]
pub(super) struct Columns {
    level: Level,
    names: Vec<String>,
}

/// Why a row cannot be placed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    Malformed(Malformed),
    /// A field that the header lacks.
    Unknown(String),
}

impl From<Malformed> for Misfit {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl Columns {
    /// The columns that a query names. What it does not name plainly (functions, sub-selects, `FIELDS`) is learnt.
    pub(super) fn of(soql: &str) -> Self {
        let mut columns = Self::default();
        for path in plain_paths(soql) {
            columns.add(&path);
        }
        columns
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    fn add(&mut self, path: &[&str]) {
        let next = self.names.len();
        if self.level.add(path, next) {
            self.names.push(path.join("."));
        }
    }

    /// Learns the columns that a row has and the query did not name.
    pub(super) fn learn(&mut self, row: &str) -> Result<(), Malformed> {
        let mut found = Vec::new();
        paths(&mut Scan::new(row), "", &mut found)?;
        for path in found {
            let parts: Vec<&str> = path.split('.').collect();
            self.add(&parts);
        }
        Ok(())
    }

    /// Puts the values of a row at the places of their columns, as the text that they are.
    pub(super) fn place<'a>(&self, scan: &mut Scan<'a>, cells: &mut Vec<&'a str>) -> Result<(), Misfit> {
        cells.clear();
        cells.resize(self.names.len(), "");
        self.level.place(scan, cells)
    }
}

impl Level {
    fn find(&self, name: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot.name.eq_ignore_ascii_case(name))
    }

    /// Whether a new column was made.
    fn add(&mut self, path: &[&str], column: usize) -> bool {
        let Some((name, rest)) = path.split_first() else { return false };
        let known = self.find(name);
        match (known.and_then(|slot| self.slots.get_mut(slot)), rest.is_empty()) {
            (Some(Slot { kind: Kind::Parent(level), .. }), false) => level.add(rest, column),
            (Some(_), _) => false,
            (None, true) => {
                self.slots.push(Slot { name: (*name).into(), kind: Kind::Column(column) });
                true
            }
            (None, false) => {
                let mut level = Level::default();
                level.add(rest, column);
                self.slots.push(Slot { name: (*name).into(), kind: Kind::Parent(level) });
                true
            }
        }
    }

    fn place<'a>(&self, scan: &mut Scan<'a>, cells: &mut [&'a str]) -> Result<(), Misfit> {
        let mut guess = 0;
        let mut misfit = None;
        scan.members(|scan, quoted| {
            let name = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
            // Rows mostly have their fields in the same order.
            let slot = match self.slots.get(guess) {
                Some(slot) if *slot.name == *name => Some(slot),
                _ => match self.find(name) {
                    Some(at) => {
                        guess = at;
                        self.slots.get(at)
                    }
                    None => None,
                },
            };
            guess += usize::from(slot.is_some());
            match slot {
                Some(Slot { kind: Kind::Parent(level), .. }) if scan.peek() == Some(b'{') => {
                    if let Err(inner) = level.place(scan, cells) {
                        match inner {
                            Misfit::Malformed(malformed) => return Err(malformed),
                            unknown => misfit = Some(unknown),
                        }
                    }
                }
                Some(Slot { kind: Kind::Column(column), .. }) => {
                    let value = scan.value()?;
                    if let Some(cell) = cells.get_mut(*column) {
                        *cell = value;
                    }
                }
                // A parent that is not there.
                Some(_) => drop(scan.value()?),
                None => {
                    let value = scan.value()?;
                    if name != "attributes" && misfit.is_none() && value != "null" {
                        misfit = Some(Misfit::Unknown(name.to_owned()));
                    }
                }
            }
            Ok(())
        })?;
        misfit.map_or(Ok(()), Err)
    }
}

/// The paths of the fields of a row. A parent is an object with `attributes`; other objects are values.
fn paths(scan: &mut Scan<'_>, above: &str, found: &mut Vec<String>) -> Result<(), Malformed> {
    scan.members(|scan, quoted| {
        let name = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        let value = scan.value()?;
        if name == "attributes" {
            return Ok(());
        }
        let path = format!("{above}{name}");
        if value.starts_with('{') && has_attributes(value)? {
            paths(&mut Scan::new(value), &format!("{path}."), found)
        } else {
            found.push(path);
            Ok(())
        }
    })
}

fn has_attributes(object: &str) -> Result<bool, Malformed> {
    let mut has = false;
    Scan::new(object).members(|scan, name| {
        has |= name == "\"attributes\"";
        scan.value().map(drop)
    })?;
    Ok(has)
}

/// The fields and parents' fields that the outer select list names plainly, without the object's own name or alias.
fn plain_paths(soql: &str) -> Vec<Vec<&str>> {
    let Some((list, from)) = select_list(soql) else { return Vec::new() };
    let mut words = from.split_whitespace();
    let object = words.next().unwrap_or_default();
    let alias = words.next().filter(|word| !word.eq_ignore_ascii_case("WHERE")).unwrap_or_default();
    let mut all = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (at, byte) in list.bytes().enumerate().chain(std::iter::once((list.len(), b','))) {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                let item = list.get(start..at).unwrap_or_default().trim();
                start = at + 1;
                let mut path: Vec<&str> = item.split('.').collect();
                let plain = !path
                    .iter()
                    .any(|part| part.is_empty() || !part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
                let own = path.len() > 1
                    && path
                        .first()
                        .is_some_and(|first| first.eq_ignore_ascii_case(object) || first.eq_ignore_ascii_case(alias));
                if own {
                    path.remove(0);
                }
                if plain {
                    all.push(path);
                }
            }
            _ => {}
        }
    }
    all
}

/// What stands between the outer `SELECT` and its `FROM`, and what follows.
fn select_list(soql: &str) -> Option<(&str, &str)> {
    let text = soql.trim_start();
    let head = text.get(..6)?;
    if !head.eq_ignore_ascii_case("SELECT") {
        return None;
    }
    let list = text.get(6..)?;
    let bytes = list.as_bytes();
    let mut depth = 0usize;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            byte if depth == 0 && byte.is_ascii_whitespace() => {
                let word = bytes.get(at + 1..at + 5).unwrap_or_default();
                if word.eq_ignore_ascii_case(b"FROM") && bytes.get(at + 5).is_some_and(u8::is_ascii_whitespace) {
                    return Some((list.get(..at)?, list.get(at + 6..)?));
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(soql: &str, rows: &[&str]) -> Vec<String> {
        let mut columns = Columns::of(soql);
        rows.iter().for_each(|row| columns.learn(row).unwrap());
        columns.names().to_vec()
    }

    #[test]
    fn columns_come_from_the_query_and_else_from_the_rows() {
        let soql = "select Id, c.Account.Name,\n Contact.LastName , Owner.Profile.Name FROM Contact c WHERE x = '(' ";
        assert_eq!(names(soql, &[]), ["Id", "Account.Name", "LastName", "Owner.Profile.Name"]);
        let row = r#"{"attributes":{},"id":"1","expr0":3,"Account":null,"Owner":{"attributes":{},"Name":"x","Profile":null}}"#;
        assert_eq!(
            names("SELECT Id, COUNT(Id), Account.Name, Owner.Profile.Name FROM Contact", &[row]),
            ["Id", "Account.Name", "Owner.Profile.Name", "expr0", "Owner.Name"]
        );
        assert_eq!(
            names("SELECT FIELDS(ALL) FROM X LIMIT 5", &[r#"{"attributes":{},"A":1,"B":{"city":"x"}}"#]),
            ["A", "B"]
        );
        assert_eq!(names("nonsense", &[]), Vec::<String>::new());
    }

    #[test]
    fn values_find_their_columns_in_any_order() {
        let columns = Columns::of("SELECT A, P.B, C FROM X");
        let mut cells = Vec::new();
        let row = r#"{"attributes":{"type":"X"},"c":1.50,"P":{"attributes":{},"B":"b"},"A":null}"#;
        columns.place(&mut Scan::new(row), &mut cells).unwrap();
        assert_eq!(cells, ["null", "\"b\"", "1.50"]);
        columns.place(&mut Scan::new(r#"{"A":"x","P":null}"#), &mut cells).unwrap();
        assert_eq!(cells, ["\"x\"", "", ""]);
        let unknown = columns.place(&mut Scan::new(r#"{"A":"x","P":{"Z":1}}"#), &mut cells).unwrap_err();
        assert_eq!(unknown, Misfit::Unknown("Z".into()));
        columns.place(&mut Scan::new(r#"{"A":"x""#), &mut cells).unwrap_err();
    }
}
