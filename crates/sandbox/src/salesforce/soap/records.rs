//! Converting leads, merging, and the recycle bin.

use serde_json::Value as Json;

use super::super::convert::{Conversion, Converted};
use super::super::errors::{ApiError, Failure};
use super::super::ids::SfId;
use super::super::org::{Author, Org};
use super::super::schema::ObjectIndex;
use super::super::write::Fields;
use super::xml::{Element, leaf};
use super::{Fault, Operation, Wsdl, id_in, outcome, parse_id};

/// What a merge leads to: the winner, the losers, and the children that moved.
struct Merged {
    winner: SfId,
    losers: Vec<SfId>,
    moved: Vec<SfId>,
}

impl Org {
    pub(super) fn soap_convert_leads(&mut self, operation: &Operation<'_>) -> Result<String, Fault> {
        let items = operation.items("leadConverts")?;
        let author = self.caller();
        let results = self.soap_each(&items, operation.all_or_none(), |org, item| {
            let conversion = conversion(item)?;
            org.convert_lead(&conversion, author)
        });
        let mut out = String::new();
        for (item, result) in items.iter().zip(&results) {
            let created: Option<&Converted> = result.as_ref().ok();
            let id = |id: Option<SfId>| id.map(|id| id.to_string());
            out.push_str("<result>");
            leaf(&mut out, "accountId", id(created.map(|converted| converted.account)).as_deref());
            leaf(&mut out, "contactId", id(created.map(|converted| converted.contact)).as_deref());
            out.push_str(&outcome(result));
            let lead = item.text_of("leadId").map(canonical);
            leaf(&mut out, "leadId", lead.as_deref());
            leaf(&mut out, "opportunityId", id(created.and_then(|converted| converted.opportunity)).as_deref());
            leaf(&mut out, "success", Some(if result.is_ok() { "true" } else { "false" }));
            out.push_str("</result>");
        }
        Ok(out)
    }

    pub(super) fn soap_merge(&mut self, operation: &Operation<'_>) -> Result<String, Fault> {
        let items = operation.items("request")?;
        let (author, wsdl) = (self.caller(), operation.wsdl);
        let results =
            self.soap_each(&items, operation.all_or_none(), |org, item| org.merge_as_asked(item, wsdl, author));
        let mut out = String::new();
        for (item, result) in items.iter().zip(&results) {
            let merged = result.as_ref().ok();
            out.push_str("<result>");
            out.push_str(&outcome(result));
            let named = item.child("masterRecord").and_then(|record| record.text_of("Id")).map(canonical);
            let id = merged.map(|merged| merged.winner.to_string()).or(named);
            leaf(&mut out, "id", id.as_deref());
            for loser in merged.iter().flat_map(|merged| &merged.losers) {
                leaf(&mut out, "mergedRecordIds", Some(&loser.to_string()));
            }
            leaf(&mut out, "success", Some(if result.is_ok() { "true" } else { "false" }));
            for child in merged.iter().flat_map(|merged| &merged.moved) {
                leaf(&mut out, "updatedRelatedIds", Some(&child.to_string()));
            }
            out.push_str("</result>");
        }
        Ok(out)
    }

    fn merge_as_asked(&mut self, request: &Element, wsdl: Wsdl, author: Author) -> Result<Merged, Failure> {
        let missing = |what: &str| ApiError::record("MISSING_ARGUMENT", format!("{what} not specified"), &[]);
        let record = request.child("masterRecord").ok_or_else(|| missing("masterRecord"))?;
        let (object, id, fields) = self.sobject(record, wsdl)?;
        let winner = id.ok_or_else(|| missing("Id of masterRecord"))?;
        let losers = request.all("recordToMergeIds").filter_map(Element::text).map(parse_id);
        let losers = losers.collect::<Result<Vec<SfId>, ApiError>>()?;
        let moved = self.merge(object, winner, &losers, &fields, author)?;
        Ok(Merged { winner, losers, moved })
    }

    /// A record in the body of a call: its object, its id if it names one, and its other fields.
    fn sobject(&self, record: &Element, wsdl: Wsdl) -> Result<(ObjectIndex, Option<SfId>, Fields), Failure> {
        let named = match wsdl {
            Wsdl::Partner => record.text_of("type"),
            Wsdl::Enterprise => record.kind.as_deref(),
        };
        let missing = || ApiError::record("INVALID_TYPE", "Must send a concrete entity type.", &[]);
        let object = self.find(named.ok_or_else(missing)?)?;
        let mut fields = Fields::new();
        for child in record.children.iter().filter(|child| !["type", "Id", "fieldsToNull"].contains(&&*child.name)) {
            // An empty element leaves the field as it is; only `fieldsToNull` empties it.
            if let Some(text) = child.text() {
                fields.insert(child.name.clone(), Json::String(text.to_owned()));
            }
        }
        for name in record.all("fieldsToNull").filter_map(Element::text) {
            fields.insert(name.to_owned(), Json::Null);
        }
        Ok((object, id_in(record, "Id")?, fields))
    }

    /// Does something with each of the `ids` of a call.
    pub(super) fn soap_each_id(
        &mut self,
        operation: &Operation<'_>,
        act: fn(&mut Org, ObjectIndex, SfId, Author) -> Result<(), Failure>,
    ) -> Result<String, Fault> {
        let items = operation.items("ids")?;
        if items.is_empty() {
            return Err(Fault::missing("ids"));
        }
        let author = self.caller();
        let results = self.soap_each(&items, operation.all_or_none(), |org, item| {
            let id = parse_id(item.text().unwrap_or_default())?;
            let object = org.schema.by_prefix(id.prefix()).ok_or_else(|| ApiError::invalid_cross_reference(None))?;
            if org.store.get(object, id).is_none() {
                return Err(ApiError::invalid_cross_reference(None).into());
            }
            act(org, object, id, author)
        });
        let mut out = String::new();
        for (item, result) in items.iter().zip(&results) {
            out.push_str("<result>");
            out.push_str(&outcome(result));
            leaf(&mut out, "id", item.text().map(canonical).as_deref());
            leaf(&mut out, "success", Some(if result.is_ok() { "true" } else { "false" }));
            out.push_str("</result>");
        }
        Ok(out)
    }

    /// Does one thing after the other, each as a whole or not at all; with `all_or_none`, all of them.
    fn soap_each<T>(
        &mut self,
        items: &[&Element],
        all_or_none: bool,
        mut act: impl FnMut(&mut Org, &Element) -> Result<T, Failure>,
    ) -> Vec<Result<T, Failure>> {
        let savepoint = self.savepoint();
        let results: Vec<_> = items.iter().map(|item| self.transact(|org| act(org, item))).collect();
        if !(all_or_none && results.iter().any(Result::is_err)) {
            self.keep(savepoint);
            return results;
        }
        self.undo(savepoint);
        let undone = || {
            let message =
                "Record rolled back because not all records were valid and the request was using AllOrNone header";
            Err(ApiError::record("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[]).into())
        };
        results.into_iter().map(|result| if result.is_ok() { undone() } else { result }).collect()
    }
}

/// An id as answers write it; what is no id stays as it is.
fn canonical(text: &str) -> String {
    SfId::parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string())
}

fn conversion(item: &Element) -> Result<Conversion, Failure> {
    let required = |name: &str| {
        let message = format!("{name} not specified");
        Failure::from(ApiError::record("MISSING_ARGUMENT", message, &[name]))
    };
    Ok(Conversion {
        lead: id_in(item, "leadId")?.ok_or_else(|| required("leadId"))?,
        status: item.text_of("convertedStatus").ok_or_else(|| required("convertedStatus"))?.to_owned(),
        account: id_in(item, "accountId")?,
        contact: id_in(item, "contactId")?,
        opportunity: id_in(item, "opportunityId")?,
        opportunity_name: item.text_of("opportunityName").map(str::to_owned),
        no_opportunity: item.flag("doNotCreateOpportunity"),
        overwrite_lead_source: item.flag("overwriteLeadSource"),
        owner: id_in(item, "ownerId")?,
    })
}
