//! Notes: written on their own, read under the record they are attached to.

use rest_core::{BadRecord, Call, Result, Row};

use super::body::{Envelope, Many, read_deleted, read_one, read_rows};
use super::calls::Wrapped;
use super::paging::{MAX_PER_PAGE, Recent, Seen, Walk};
use crate::Freshsales;
use crate::ids::NoteId;
use crate::models::{Note, NoteWrite};

impl Envelope for Note {
    const MANY: &'static str = "notes";
    const ONE: &'static str = "note";
}

/// The notes. They are listed by [`Records::notes`](crate::Records::notes).
#[derive(Debug, Clone)]
pub struct Notes {
    client: Freshsales,
}

impl Notes {
    pub(crate) fn new(client: Freshsales) -> Self {
        Self { client }
    }

    /// Creates a note. Never repeated by itself: after an error of kind `Unknown`, look before creating again.
    ///
    /// # Errors
    /// `Invalid` with the vendor's words; `Unknown` where it may have been created.
    pub async fn create(&self, note: &NoteWrite) -> Result<Row<Note>> {
        self.one(create_call(note)).await
    }

    /// Changes a note.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, or what the pipeline says.
    pub async fn update(&self, id: NoteId, note: &NoteWrite) -> Result<Row<Note>> {
        self.one(update_call(id, note)).await
    }

    /// Deletes a note for good.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; else what the pipeline or the vendor says.
    pub async fn delete(&self, id: NoteId) -> Result<()> {
        let call = Call::delete("notes.delete").path(["notes".to_owned(), id.to_string()]);
        read_deleted(&self.client.send(&call).await?)
    }

    async fn one(&self, call: Call) -> Result<Row<Note>> {
        Ok(read_one(&self.client.send(&call).await?)?.0)
    }
}

fn create_call(note: &NoteWrite) -> Call {
    Call::post("notes.create").path(["notes"]).json(&Wrapped { key: Note::ONE, record: note })
}

fn update_call(id: NoteId, note: &NoteWrite) -> Call {
    Call::put("notes.update").path(["notes".to_owned(), id.to_string()]).json(&Wrapped { key: Note::ONE, record: note })
}

fn list_call(operation: &'static str, plural: &str, id: &str, page: u64) -> Call {
    Call::get(operation)
        .path([plural, id, "notes"])
        .query("include", "creater")
        .query("page", page.to_string())
        .query("per_page", MAX_PER_PAGE.to_string())
}

/// All notes of one record.
pub(super) async fn of_record(
    client: &Freshsales,
    operation: &'static str,
    plural: &str,
    id: &str,
) -> Result<Vec<std::result::Result<Row<Note>, BadRecord>>> {
    let (mut walk, mut recent, mut notes) = (Walk::new(MAX_PER_PAGE), Recent::default(), Vec::new());
    while let Some(page) = walk.next() {
        let reply = client.send(&list_call(operation, plural, id, page)).await?;
        let many: Many<Note> = reply.json()?;
        let mut rows = read_rows::<Note>(many.records);
        let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        let mut seen = Seen {
            rows: rows.len(),
            total: count(many.meta.total),
            total_pages: count(many.meta.total_pages),
            ..Seen::default()
        };
        rows.retain(|row| row.as_ref().map_or(true, |row| recent.is_new(row.id.get())));
        seen.fresh = rows.len();
        walk.fetched(seen);
        notes.append(&mut rows);
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ContactId;
    use crate::models::Set;
    use rest_core::BaseUrl;

    #[test]
    fn requests_are_as_the_vendor_documents_them() {
        let base = BaseUrl::parse("https://acme.example").unwrap();
        let note = NoteWrite { description: "Met in London".into(), target: Set::To(ContactId::new(7).into()) };
        let request = create_call(&note).to_request(&base).unwrap();
        assert_eq!(
            request.body().as_ref(),
            br#"{"note":{"description":"Met in London","targetable_type":"Contact","targetable_id":7}}"#
        );
        let request = list_call("deals.notes", "deals", "5", 1).to_request(&base).unwrap();
        assert_eq!(request.uri(), "https://acme.example/deals/5/notes?include=creater&page=1&per_page=100");
    }
}
