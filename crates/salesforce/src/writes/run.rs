//! Sending records by as few calls as possible, and those that were refused for the moment once more.

use rest_core::{Error, ErrorKind, Reply, Result};

use super::options::{WriteOptions, wait};
use super::rows::{Line, MOST_RUNS, MOST_WRITTEN, Verb, cut, field_text};
use super::saves::{SaveEntry, Saved, read_entries};
use crate::composite::{MOST_HEAVY_PARTS, collection_draft, mentions_reference, passes};
use crate::ids::Any;
use crate::{Salesforce, VENDOR};

/// How collections travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Travel {
    /// Each by a call of its own.
    Alone,
    /// Up to five in one composite request, in their order.
    Packed,
}

/// A write of many records.
pub(crate) struct Job<'a> {
    pub(crate) client: &'a Salesforce,
    pub(crate) verbs: &'a [Verb],
    pub(crate) options: &'a WriteOptions,
    pub(crate) travel: Travel,
    pub(crate) all_or_none: bool,
}

/// What a job has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Calls made, repetitions by the client's own retry not included.
    pub(crate) calls: u64,
    /// Records sent again.
    pub(crate) resent: usize,
}

pub(crate) type Row = Result<Saved<Any>>;

/// The result of a record before any answer about it has come.
pub(crate) fn unanswered(operation: &'static str) -> Error {
    Error::new(ErrorKind::Unknown, operation).with_vendor(VENDOR).with_message("the record has no result")
}

impl Job<'_> {
    /// Sends the lines, which are in the order of their verbs, and puts a result for each into its place.
    pub(crate) async fn run(&self, mut lines: Vec<Line>, results: &mut [Row]) -> Spent {
        let mut spent = Spent::default();
        if let Some(field) = &self.options.sort_by {
            lines.sort_by_cached_key(|line| (line.verb, field_text(&line.text, field)));
        }
        if self.travel == Travel::Packed && !self.all_or_none {
            // In a composite request the vendor would take such a value for a reference.
            lines.iter_mut().for_each(|line| line.alone = mentions_reference(&line.text));
            lines.sort_by_key(|line| (line.verb, line.alone));
        }
        if self.all_or_none
            && let Some(error) = self.too_many(&lines)
        {
            lines.iter().for_each(|line| put(results, line.place, Err(error.clone())));
            return spent;
        }
        let mut resend = 0;
        loop {
            let mut again = Vec::new();
            let calls = cut(std::mem::take(&mut lines));
            for collections in self.pack(&calls) {
                spent.calls += 1;
                let rows = self.send(collections).await;
                let may_repeat = resend < self.options.resends && self.may_repeat(&rows);
                for (line, (row, passes)) in collections.iter().flatten().zip(rows) {
                    if may_repeat && (passes || self.all_or_none) {
                        again.push(line.clone());
                    }
                    put(results, line.place, row);
                }
            }
            if again.is_empty() {
                return spent;
            }
            wait(self.client, resend).await;
            resend += 1;
            spent.resent += again.len();
            lines = again;
        }
    }

    /// The collections of each call.
    fn pack<'c>(&self, collections: &'c [Vec<Line>]) -> Vec<&'c [Vec<Line>]> {
        let is_alone = |lines: &Vec<Line>| lines.iter().any(|line| line.alone);
        let most = if self.travel == Travel::Packed { MOST_HEAVY_PARTS } else { 1 };
        let runs = collections.chunk_by(|left, right| !is_alone(left) && !is_alone(right));
        runs.flat_map(|run| run.chunks(most)).collect()
    }

    /// Whether some of a call's records, or with all-or-none all of them, may be sent again.
    fn may_repeat(&self, rows: &[(Row, bool)]) -> bool {
        let refused_for_good = |(row, passes): &(Row, bool)| {
            let is_consequence = |error: &Error| error.vendor_code().is_some_and(crate::error::is_consequence);
            !*passes && !row.as_ref().is_err_and(is_consequence)
        };
        let any = rows.iter().any(|(_, passes)| *passes);
        any && !(self.all_or_none && rows.iter().any(refused_for_good))
    }

    /// What does not fit into one request cannot stand or fall together.
    fn too_many(&self, lines: &[Line]) -> Option<Error> {
        let calls = cut(lines.to_vec()).len();
        let most = if self.travel == Travel::Packed { MOST_HEAVY_PARTS } else { 1 };
        (calls > most).then(|| {
            Error::config(format!(
                "{} records take {calls} collections, and all-or-none holds within {most} only (a collection: \
                 {MOST_WRITTEN} records, {MOST_RUNS} runs of one object)",
                lines.len()
            ))
            .with_vendor(VENDOR)
        })
    }

    /// Sends collections by one call: each record's result, and whether it was refused for the moment.
    async fn send(&self, collections: &[Vec<Line>]) -> Vec<(Row, bool)> {
        let outcome = match collections {
            [lines] => self.send_alone(lines).await,
            collections => self.send_packed(collections).await,
        };
        match outcome {
            Ok(rows) => rows,
            // Whatever befalls a call befalls each of its records; the client has repeated it as far as it may be.
            Err(error) => collections.iter().flatten().map(|_| (Err(error.clone()), false)).collect(),
        }
    }

    fn verb(&self, lines: &[Line]) -> Result<&Verb> {
        let verb = lines.first().and_then(|line| self.verbs.get(line.verb));
        verb.ok_or_else(|| Error::config("there is nothing to send"))
    }

    async fn send_alone(&self, lines: &[Line]) -> Result<Vec<(Row, bool)>> {
        let verb = self.verb(lines)?;
        let reply = self.client.send(verb.call(self.client.version(), &texts(lines), self.all_or_none)).await?;
        let entries: Vec<SaveEntry> = reply.json()?;
        check_count(&reply, entries.len(), lines.len())?;
        Ok(judge(read_entries(verb.operation(), &entries, self.all_or_none, None)))
    }

    async fn send_packed(&self, collections: &[Vec<Line>]) -> Result<Vec<(Row, bool)>> {
        let mut request = self.client.composite().resends(0);
        if self.all_or_none {
            request = request.all_or_none();
        }
        for lines in collections {
            let object = lines.first().map_or("part", |line| line.object);
            request.push(collection_draft(self.verb(lines)?, object, &texts(lines), self.all_or_none));
        }
        let answer = request.send().await?;
        let mut rows = Vec::with_capacity(collections.iter().map(Vec::len).sum());
        for (place, lines) in collections.iter().enumerate() {
            match answer.outcomes.rows(place) {
                Ok(given) if given.len() == lines.len() => rows.extend(judge(given)),
                Ok(_) => rows.extend(lines.iter().map(|_| (Err(unanswered(self.operation(lines))), false))),
                Err(error) => {
                    let passes = passes(&error);
                    rows.extend(lines.iter().map(|_| (Err(error.clone()), passes)));
                }
            }
        }
        Ok(rows)
    }

    fn operation(&self, lines: &[Line]) -> &'static str {
        self.verb(lines).map_or("sobjects.write_many", Verb::operation)
    }
}

pub(crate) fn put(results: &mut [Row], place: usize, row: Row) {
    if let Some(slot) = results.get_mut(place) {
        *slot = row;
    }
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

fn judge(rows: Vec<Row>) -> Vec<(Row, bool)> {
    let judged = rows.into_iter().map(|row| {
        let passes = row.as_ref().is_err_and(passes);
        (row, passes)
    });
    judged.collect()
}

fn check_count(reply: &Reply, given: usize, sent: usize) -> Result<()> {
    if given == sent {
        return Ok(());
    }
    Err(reply.decode_error(format!("the answer has {given} results for {sent} records")))
}
