//! `composite/tree`: parents with their children, created together or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use http::StatusCode;
use rest_core::{Call, Error, ErrorKind, Reply, Result};
use serde::{Deserialize, Serialize};

use super::outcome::passes;
use super::request::new_tag;
use crate::error::{self, ApiError, record_error};
use crate::ids::{Any, Id};
use crate::models::{SObject, Writable};
use crate::writes::{WriteOptions, consequence, object_json, wait};
use crate::{Salesforce, VENDOR};

const OPERATION: &str = "composite.tree";
/// Records in one tree.
const MOST_RECORDS: usize = 200;
/// Levels of nesting.
const MOST_LEVELS: usize = 5;
/// Objects in one tree.
const MOST_OBJECTS: usize = 5;

/// New records of `T` with new records below them: up to 200 in all, of up to 5 objects, on up to 5 levels. They are
/// created together or not at all, by one call.
///
/// ```no_run
/// use salesforce::{Account, Contact, NewAccount, NewContact, Salesforce, Tree};
/// # async fn example(client: Salesforce) -> salesforce::Result<()> {
/// let mut tree = Tree::<Account>::new();
/// let acme = tree.add(&NewAccount { name: Some("Acme".into()), ..Default::default() });
/// let ada = NewContact { last_name: Some("Lovelace".into()), ..Default::default() };
/// let ada = tree.add_below::<_, Contact>(&acme, "Contacts", &ada);
/// let created = client.create_tree(&tree).await?.into_result()?;
/// println!("{} works at {}", created.id(&ada)?, created.id(&acme)?);
/// # Ok(())
/// # }
/// ```
#[must_use = "a tree is created by `Salesforce::create_tree`"]
pub struct Tree<T> {
    tag: u64,
    nodes: Vec<Node>,
    root: PhantomData<fn() -> T>,
}

struct Node {
    object: &'static str,
    fields: Result<String>,
    /// The parent, and the relationship by which it knows its children.
    parent: Option<(usize, String)>,
    level: usize,
    foreign: bool,
}

/// Stands for a record of a [`Tree`].
pub struct TreeHandle<T> {
    tag: u64,
    node: usize,
    record: PhantomData<fn() -> T>,
}

impl<T> Clone for TreeHandle<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for TreeHandle<T> {}

impl<T: SObject> fmt::Debug for TreeHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeHandle({})", reference(T::NAME, self.node))
    }
}

fn reference(object: &str, node: usize) -> String {
    format!("{object}_{node}")
}

impl<T: Writable> Default for Tree<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Writable> Tree<T> {
    /// An empty tree.
    pub fn new() -> Self {
        Self { tag: new_tag(), nodes: Vec::new(), root: PhantomData }
    }

    /// Adds a record at the top.
    pub fn add(&mut self, new: &T::New) -> TreeHandle<T> {
        self.push(T::NAME, new, None, 1, false)
    }

    /// Adds a record below another, by the name under which the parent knows its children (`Contacts`).
    pub fn add_below<P, C: Writable>(&mut self, parent: &TreeHandle<P>, children: &str, new: &C::New) -> TreeHandle<C> {
        let level = self.nodes.get(parent.node).map_or(1, |node| node.level) + 1;
        let foreign = parent.tag != self.tag;
        self.push(C::NAME, new, Some((parent.node, children.to_owned())), level, foreign)
    }

    fn push<C>(
        &mut self,
        object: &'static str,
        new: &impl Serialize,
        parent: Option<(usize, String)>,
        level: usize,
        foreign: bool,
    ) -> TreeHandle<C> {
        let node = self.nodes.len();
        self.nodes.push(Node { object, fields: object_json(new), parent, level, foreign });
        TreeHandle { tag: self.tag, node, record: PhantomData }
    }

    /// The body, or what forbids it.
    fn body(&self) -> Result<String> {
        let count = self.nodes.len();
        if !(1..=MOST_RECORDS).contains(&count) {
            return Err(Error::config(format!("a tree holds 1 to {MOST_RECORDS} records, this one {count}")));
        }
        let objects: BTreeSet<&str> = self.nodes.iter().map(|node| node.object).collect();
        if objects.len() > MOST_OBJECTS {
            return Err(Error::config(format!(
                "a tree holds at most {MOST_OBJECTS} objects, this one {}",
                objects.len()
            )));
        }
        let levels = self.nodes.iter().map(|node| node.level).max().unwrap_or(0);
        if levels > MOST_LEVELS {
            return Err(Error::config(format!("a tree has at most {MOST_LEVELS} levels, this one {levels}")));
        }
        if self.nodes.iter().any(|node| node.foreign) {
            return Err(Error::config("a record was added below one of another tree"));
        }
        // Children come after their parents, so from the end every node's children are complete.
        let mut below: Vec<BTreeMap<&str, Vec<String>>> = vec![BTreeMap::new(); count];
        let mut roots = Vec::new();
        for (place, node) in self.nodes.iter().enumerate().rev() {
            let children = below.get_mut(place).map(std::mem::take).unwrap_or_default();
            let json = record_json(place, node, children)?;
            match &node.parent {
                None => roots.push(json),
                Some((parent, name)) => {
                    if let Some(children) = below.get_mut(*parent) {
                        children.entry(name).or_default().push(json);
                    }
                }
            }
        }
        roots.reverse();
        Ok(format!(r#"{{"records":[{}]}}"#, roots.join(",")))
    }
}

fn record_json(place: usize, node: &Node, children: BTreeMap<&str, Vec<String>>) -> Result<String> {
    let fields = node.fields.clone()?;
    let inner = fields.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().trim();
    let mut json =
        format!(r#"{{"attributes":{{"type":"{}","referenceId":"{}"}}"#, node.object, reference(node.object, place));
    if !inner.is_empty() {
        json.push(',');
        json.push_str(inner);
    }
    for (name, mut records) in children {
        records.reverse();
        let name = serde_json::to_string(name).map_err(|error| Error::config(error.to_string()))?;
        json.push_str(&format!(r#",{name}:{{"records":[{}]}}"#, records.join(",")));
    }
    json.push('}');
    Ok(json)
}

impl<T> fmt::Debug for Tree<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({} records)", self.nodes.len())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TreeReply {
    has_errors: bool,
    results: Vec<TreeResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TreeResult {
    #[serde(default)]
    reference_id: String,
    id: Option<Id<Any>>,
    #[serde(default)]
    errors: Vec<ApiError>,
}

impl Salesforce {
    /// Creates a tree of records, all or none, by one call. If all that was refused was refused for the moment (a locked
    /// row), the tree is sent again after a short wait, a few times.
    ///
    /// # Errors
    /// [`ErrorKind::Config`], with nothing sent, if the tree breaks a limit; [`ErrorKind::Unknown`] if it may have been
    /// created; whatever befalls the call as a whole. Records that were refused are in the answer.
    pub async fn create_tree<T: Writable>(&self, tree: &Tree<T>) -> Result<TreeAnswer> {
        let body = tree.body().map_err(|error| error.with_operation(OPERATION).with_vendor(VENDOR))?;
        let path = self.version().path(["composite", "tree", T::NAME]);
        let call = Call::post(OPERATION).path(path).body("application/json", body).also_ok(StatusCode::BAD_REQUEST);
        let mut resend = 0;
        loop {
            let reply = self.send(call.clone()).await?;
            let answer = read(&reply, tree.tag, tree.nodes.iter().map(|node| node.object))?;
            let may_pass = answer.failures().next().is_some() && answer.failures().all(|(_, error)| passes(error));
            if resend >= WriteOptions::default().resends || !may_pass {
                return Ok(answer);
            }
            wait(self, resend).await;
            resend += 1;
        }
    }
}

fn read<'a>(reply: &Reply, tag: u64, objects: impl Iterator<Item = &'a str>) -> Result<TreeAnswer> {
    if reply.status == StatusCode::BAD_REQUEST
        && let errors = error::parse(&reply.body)
        && !errors.is_empty()
    {
        return Err(record_error(OPERATION, &errors).with_status(reply.status));
    }
    let TreeReply { has_errors, results } = reply.json()?;
    let failed =
        has_errors || reply.status == StatusCode::BAD_REQUEST || results.iter().any(|result| !result.errors.is_empty());
    let mut by_reference: BTreeMap<String, TreeResult> =
        results.into_iter().map(|result| (result.reference_id.clone(), result)).collect();
    let unclear = || {
        let words = "the answer does not say what became of the record";
        Error::new(ErrorKind::Unknown, OPERATION).with_vendor(VENDOR).with_message(words)
    };
    let mut records = Vec::new();
    for (place, object) in objects.enumerate() {
        let name = reference(object, place);
        let result = match by_reference.remove(&name) {
            Some(result) if !result.errors.is_empty() => Err(record_error(OPERATION, &result.errors)),
            Some(TreeResult { id: Some(id), .. }) if !failed => Ok(id),
            // Filled in below: the tree failed because of another record.
            _ if failed => Err(consequence(OPERATION, "PROCESSING_HALTED", &unclear())),
            _ => Err(unclear()),
        };
        records.push((name, result));
    }
    // What is said of a reference that is not of this tree must not get lost either.
    let strange = by_reference.into_values().find(|result| !result.errors.is_empty());
    let mut answer = TreeAnswer { tag, records };
    let cause = answer
        .failures()
        .next()
        .map(|(name, error)| error.clone().with_message(format!("{name}: {}", error.vendor_message())));
    let cause = cause.or(strange.map(|result| record_error(OPERATION, &result.errors)));
    for (_, record) in &mut answer.records {
        if record.as_ref().is_err_and(|error| error.vendor_code() == Some("PROCESSING_HALTED")) {
            *record = Err(match &cause {
                Some(cause) => consequence(OPERATION, "PROCESSING_HALTED", cause),
                None => unclear(),
            });
        }
    }
    Ok(answer)
}

/// What became of the records of a tree. If any was refused, none was created.
#[must_use = "a refused tree is an answer too"]
pub struct TreeAnswer {
    tag: u64,
    records: Vec<(String, Result<Id<Any>>)>,
}

impl TreeAnswer {
    /// The id of a record.
    ///
    /// # Errors
    /// Why the record was refused, or the failure of the one that kept it from being created.
    pub fn id<T>(&self, handle: &TreeHandle<T>) -> Result<Id<T>> {
        match self.records.get(handle.node).filter(|_| handle.tag == self.tag) {
            Some((_, record)) => record.clone().map(Id::assume),
            None => {
                Err(Error::config("the handle belongs to another tree").with_operation(OPERATION).with_vendor(VENDOR))
            }
        }
    }

    /// The records that were refused themselves: each one's reference id and the error.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &Error)> {
        let real = |error: &&Error| error.vendor_code() != Some("PROCESSING_HALTED");
        self.records.iter().filter_map(move |(name, record)| Some((name.as_str(), record.as_ref().err().filter(real)?)))
    }

    /// The answer, if every record was created.
    ///
    /// # Errors
    /// The first refusal; its message begins with the record's reference id.
    pub fn into_result(self) -> Result<Self> {
        let any = |(name, record): &(String, Result<Id<Any>>)| {
            let error = record.as_ref().err()?;
            Some(error.clone().with_message(format!("{name}: {}", error.vendor_message())))
        };
        let first = self
            .failures()
            .next()
            .map(|(name, error)| error.clone().with_message(format!("{name}: {}", error.vendor_message())));
        match first.or_else(|| self.records.iter().find_map(any)) {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }
}

impl fmt::Debug for TreeAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let created = self.records.iter().filter(|(_, record)| record.is_ok()).count();
        write!(f, "TreeAnswer({created} of {} created)", self.records.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Account, Contact, NewAccount, NewContact, NewNote, Note};

    #[test]
    fn a_tree_is_written_in_the_order_of_its_records() {
        let mut tree = Tree::<Account>::new();
        let name = |name: &str| NewAccount { name: Some(name.into()), ..NewAccount::default() };
        let person = |name: &str| NewContact { last_name: Some(name.into()), ..NewContact::default() };
        let first = tree.add(&name("a"));
        tree.add(&name("b"));
        let ada = tree.add_below::<_, Contact>(&first, "Contacts", &person("c"));
        tree.add_below::<_, Contact>(&first, "Contacts", &person("d"));
        tree.add_below::<_, Note>(&ada, "Notes", &NewNote::default());
        assert_eq!(
            tree.body().unwrap(),
            concat!(
                r#"{"records":[{"attributes":{"type":"Account","referenceId":"Account_0"},"Name":"a","#,
                r#""Contacts":{"records":[{"attributes":{"type":"Contact","referenceId":"Contact_2"},"LastName":"c","#,
                r#""Notes":{"records":[{"attributes":{"type":"Note","referenceId":"Note_4"}}]}},"#,
                r#"{"attributes":{"type":"Contact","referenceId":"Contact_3"},"LastName":"d"}]}},"#,
                r#"{"attributes":{"type":"Account","referenceId":"Account_1"},"Name":"b"}]}"#
            )
        );
    }

    #[test]
    fn a_tree_keeps_its_limits() {
        let mut tree = Tree::<Account>::new();
        assert_eq!(tree.body().unwrap_err().kind(), ErrorKind::Config);
        let mut below = tree.add(&NewAccount::default());
        for _ in 0..4 {
            below = tree.add_below::<_, Account>(&below, "ChildAccounts", &NewAccount::default());
        }
        assert!(tree.body().is_ok());
        tree.add_below::<_, Account>(&below, "ChildAccounts", &NewAccount::default());
        assert!(tree.body().unwrap_err().vendor_message().contains("5 levels"));
        let mut wide = Tree::<Account>::new();
        for _ in 0..201 {
            wide.add(&NewAccount::default());
        }
        assert!(wide.body().unwrap_err().vendor_message().contains("201"));
        let mut other = Tree::<Account>::new();
        other.add(&NewAccount::default());
        other.add_below::<_, Account>(&below, "ChildAccounts", &NewAccount::default());
        assert_eq!(other.body().unwrap_err().kind(), ErrorKind::Config);
    }
}
