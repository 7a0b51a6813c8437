//! Users and stages: records that are never written, and are matched anew for each connection.

use std::collections::BTreeMap;

use crm_model::{AnyRef, ObjectKind, Pipeline, Stage, User, UserKind};
use sync_core::{Resolved, Side};

/// Which stage of one system is which stage of the other, by name or id. Several stages may go to one; the way back
/// is the first pair that names the stage.
#[derive(Debug, Clone, Default)]
pub struct StageTable(Vec<(String, String)>);

impl StageTable {
    /// A table of pairs: a stage of side A, a stage of side B.
    pub fn new<A: Into<String>, B: Into<String>>(pairs: impl IntoIterator<Item = (A, B)>) -> Self {
        Self(pairs.into_iter().map(|(a, b)| (a.into(), b.into())).collect())
    }
}

/// The ids of one side, each with that of its counterpart.
type Counterparts = BTreeMap<Box<str>, Box<str>>;

/// The directories of the two systems, matched: users by e-mail address, stages by table or by name.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    users: [Counterparts; 2],
    stages: [Counterparts; 2],
}

impl Directory {
    /// Matches the two directories.
    ///
    /// # Errors
    /// A sentence that names the stages that have no counterpart, or a name in the table that is no stage.
    pub(crate) fn new(users: [&[User]; 2], pipelines: [&[Pipeline]; 2], table: &StageTable) -> Result<Self, String> {
        let users = [match_users(users[0], users[1]), match_users(users[1], users[0])];
        Ok(Self { users, stages: match_stages(pipelines, table)? })
    }

    /// The record on the other side, if users and stages are what is asked for.
    pub(crate) fn translate(&self, from: Side, target: &AnyRef) -> Option<Resolved> {
        // Somebody who works in one system only keeps what is theirs there; a stage must have a counterpart.
        let (table, otherwise) = match target.object {
            ObjectKind::User => (&self.users, Resolved::Stays),
            ObjectKind::Stage => (&self.stages, Resolved::Never),
            ObjectKind::Pipeline => return Some(Resolved::Stays),
            _ => return None,
        };
        let found = table[from.index()].get(&target.id);
        let linked = |id: &str| Resolved::Linked(AnyRef { id: id.into(), ..target.clone() });
        Some(found.map_or(otherwise, |id| linked(id)))
    }
}

/// Inactive users cannot be given records, so they are no counterpart; what they own already stays theirs.
fn match_users(from: &[User], to: &[User]) -> Counterparts {
    let email = |user: &User| user.email.as_ref().map(|email| email.trim().to_lowercase());
    // A queue may have somebody's address, and is nobody.
    let active = to.iter().filter(|user| user.is_active && user.kind == UserKind::Agent);
    let by_email: BTreeMap<_, _> = active.filter_map(|user| Some((email(user)?, user))).collect();
    let pair = |user: &User| Some((user.meta.id.clone(), by_email.get(&email(user)?)?.meta.id.clone()));
    from.iter().filter_map(pair).collect()
}

fn match_stages(pipelines: [&[Pipeline]; 2], table: &StageTable) -> Result<[Counterparts; 2], String> {
    let stages = pipelines.map(|pipelines| pipelines.iter().flat_map(|pipeline| &pipeline.stages).collect::<Vec<_>>());
    for (pair, side) in table.0.iter().flat_map(|(a, b)| [(a, Side::A), (b, Side::B)]) {
        if find(&stages[side.index()], pair).is_none() {
            let known: Vec<_> = stages[side.index()].iter().map(|stage| stage.name.as_str()).collect();
            return Err(format!(
                "the stage table names `{pair}`, which side {side} does not have (it has: {})",
                known.join(", ")
            ));
        }
    }
    let mut matched = [BTreeMap::new(), BTreeMap::new()];
    for from in Side::BOTH {
        let mut alone = Vec::new();
        for stage in &stages[from.index()] {
            match counterpart(stage, from, &stages[from.other().index()], table) {
                Some(other) => drop(matched[from.index()].insert(stage.meta.id.clone(), other.meta.id.clone())),
                None if alone.contains(&stage.name.as_str()) => {}
                None => alone.push(stage.name.as_str()),
            }
        }
        if !alone.is_empty() {
            return Err(format!(
                "side {from} has deal stages without a counterpart on side {}: {}; name one for each in the stage table",
                from.other(),
                alone.join(", ")
            ));
        }
    }
    Ok(matched)
}

fn find<'a>(stages: &[&'a Stage], name: &str) -> Option<&'a Stage> {
    let named = |stage: &&&Stage| stage.meta.id.as_ref() == name || stage.name.eq_ignore_ascii_case(name);
    stages.iter().find(named).copied()
}

/// The stage the table names, else the stage of the same name, else, for a closed stage, the only one that is closed
/// the same way.
fn counterpart<'a>(stage: &Stage, from: Side, others: &[&'a Stage], table: &StageTable) -> Option<&'a Stage> {
    let is_it = |name: &str| stage.meta.id.as_ref() == name || stage.name.eq_ignore_ascii_case(name);
    let listed = table.0.iter().find_map(|(a, b)| match from {
        Side::A => is_it(a).then_some(b),
        Side::B => is_it(b).then_some(a),
    });
    if let Some(name) = listed {
        return find(others, name);
    }
    find(others, &stage.name).or_else(|| {
        let closed_alike = |other: &&&Stage| other.is_closed && stage.is_closed && other.is_won == stage.is_won;
        let mut alike = others.iter().filter(closed_alike);
        alike.next().filter(|_| alike.next().is_none()).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm_model::Meta;

    fn stage(id: &str, name: &str, closed: Option<bool>) -> Stage {
        let mut stage = Stage::new(Meta::new("test", id));
        stage.name = name.to_owned();
        stage.is_closed = closed.is_some();
        stage.is_won = closed == Some(true);
        stage
    }

    fn pipeline(stages: Vec<Stage>) -> Pipeline {
        let mut pipeline = Pipeline::new(Meta::new("test", "p"));
        pipeline.stages = stages;
        pipeline
    }

    fn there(directory: &Directory, from: Side, object: ObjectKind, id: &str) -> Option<String> {
        match directory.translate(from, &AnyRef::new(object, id)) {
            Some(Resolved::Linked(target)) => Some(target.id.into()),
            _ => None,
        }
    }

    #[test]
    fn stages_go_by_table_then_name_then_how_they_close() {
        let a = pipeline(vec![stage("1", "New", None), stage("2", "Demo", None), stage("3", "Won", Some(true))]);
        let b = pipeline(vec![
            stage("p", "Prospecting", None),
            stage("d", "demo", None),
            stage("w", "Closed Won", Some(true)),
        ]);
        let table = StageTable::new([("New", "Prospecting")]);
        let directory = Directory::new([&[], &[]], [&[a], &[b]], &table).unwrap();
        for (a, b) in [("1", "p"), ("2", "d"), ("3", "w")] {
            assert_eq!(there(&directory, Side::A, ObjectKind::Stage, a).as_deref(), Some(b));
            assert_eq!(there(&directory, Side::B, ObjectKind::Stage, b).as_deref(), Some(a));
        }
    }

    #[test]
    fn a_stage_without_a_counterpart_is_named() {
        let a = pipeline(vec![stage("1", "New", None), stage("2", "Demo", None)]);
        let b = pipeline(vec![stage("p", "New", None)]);
        let error = Directory::new([&[], &[]], [&[a], &[b]], &StageTable::default()).unwrap_err();
        assert_eq!(
            error,
            "side A has deal stages without a counterpart on side B: Demo; name one for each in the stage table"
        );
    }

    #[test]
    fn users_go_by_email_and_only_to_active_ones() {
        let user = |id: &str, email: &str, active| {
            let mut user = User::new(Meta::new("test", id));
            user.email = Some(email.to_owned());
            user.is_active = active;
            user
        };
        let a = [
            user("1", "Ada@Example.com", true),
            user("2", "bob@example.com", true),
            user("3", "carla@example.com", true),
        ];
        let b = [user("x", "ada@example.com", true), user("y", "bob@example.com", false)];
        let directory = Directory::new([&a, &b], [&[], &[]], &StageTable::default()).unwrap();
        assert_eq!(there(&directory, Side::A, ObjectKind::User, "1").as_deref(), Some("x"));
        assert_eq!(there(&directory, Side::A, ObjectKind::User, "2"), None);
        assert_eq!(there(&directory, Side::A, ObjectKind::User, "3"), None);
        assert_eq!(there(&directory, Side::B, ObjectKind::User, "y").as_deref(), Some("2"));
    }
}
