//! What contacts, sales accounts and deals have in common, which is nearly everything.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use futures::stream::{self, Stream, TryStreamExt};
use rest_core::{Call, Error, ErrorKind, Result, Row};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::body::{Many, read_deleted, read_one, read_rows};
use super::calls::{
    create_call, delete_call, filtered_search_call, forget_call, get_call, page_call, update_call, upsert_call,
};
use super::paging::{Listing, PageQuery, Recent, RecordPage, Seen, Walk};
use super::{Entity, SideLoads};
use crate::Freshsales;
use crate::ids::ViewId;
use crate::models::{FieldSetting, FilterRule, Note, View};

/// The records of one kind.
#[derive(Debug, Clone)]
pub struct Records<E> {
    client: Freshsales,
    kind: PhantomData<fn() -> E>,
}

/// A record with what came beside it. Dereferences to the record.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded<E> {
    /// The record.
    pub row: Row<E>,
    /// What came beside it (or beside its page).
    pub side: Arc<SideLoads>,
}

impl<E> Loaded<E> {
    /// A record with what came beside it.
    pub fn new(row: Row<E>, side: Arc<SideLoads>) -> Self {
        Self { row, side }
    }
}

impl<E> Deref for Loaded<E> {
    type Target = Row<E>;

    fn deref(&self) -> &Row<E> {
        &self.row
    }
}

/// What an upsert looks for: one field, and the value it must have.
#[derive(Clone, PartialEq, Eq)]
pub struct UniqueIdentifier {
    field: String,
    value: String,
}

impl UniqueIdentifier {
    /// A field by its name: contacts `emails`, `mobile_number`, `external_id`, `id`; accounts `name`, `id`; deals `id`;
    /// each also a unique `cf_…` field.
    pub fn new(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self { field: field.into(), value: value.into() }
    }

    /// An e-mail address.
    pub fn email(address: impl Into<String>) -> Self {
        Self::new("emails", address)
    }

    /// The id that another system gave to a contact.
    pub fn external_id(id: impl Into<String>) -> Self {
        Self::new("external_id", id)
    }

    /// An account's name.
    pub fn name(name: impl Into<String>) -> Self {
        Self::new("name", name)
    }
}

impl std::fmt::Debug for UniqueIdentifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UniqueIdentifier({})", self.field)
    }
}

impl Serialize for UniqueIdentifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.field, &self.value)?;
        map.end()
    }
}

/// What came of an upsert.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Upserted<E> {
    /// The record as it is now.
    pub record: Loaded<E>,
    /// Whether the vendor said that it is new (201). Some accounts answer 200 either way.
    pub created: bool,
}

impl<E: Entity> Records<E> {
    pub(crate) fn new(client: Freshsales) -> Self {
        Self { client, kind: PhantomData }
    }

    /// Reads one record. `include` names what to load beside it; without one most foreign ids are missing.
    ///
    /// A record in the recycle bin is read with `is_deleted`.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; else what the pipeline or the vendor says.
    pub async fn get(&self, id: E::Id, include: &[&str]) -> Result<Loaded<E>> {
        self.one(get_call::<E>(id, include)).await
    }

    /// Creates a record. Never repeated by itself: after an error of kind `Unknown`, look before creating again.
    ///
    /// # Errors
    /// `Invalid` with the vendor's words (also for a duplicate); `Unknown` where it may have been created.
    pub async fn create(&self, record: &E::Write, include: &[&str]) -> Result<Loaded<E>> {
        self.one(create_call::<E>(record, include)).await
    }

    /// Changes a record: fields that are not named stay.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, or what the pipeline says.
    pub async fn update(&self, id: E::Id, record: &E::Write, include: &[&str]) -> Result<Loaded<E>> {
        self.one(update_call::<E>(id, record, include)).await
    }

    /// Changes the record that carries the identifier, or creates one that does. Repeating it does no harm, so it is
    /// repeated by itself where a create is not.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn upsert(
        &self,
        identifier: &UniqueIdentifier,
        record: &E::Write,
        include: &[&str],
    ) -> Result<Upserted<E>> {
        let reply = self.client.send(&upsert_call::<E>(identifier, record, include)).await?;
        let (row, side) = read_one(&reply)?;
        Ok(Upserted { record: Loaded { row, side }, created: reply.status == http::StatusCode::CREATED })
    }

    /// Moves a record to the recycle bin.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; else what the pipeline or the vendor says.
    pub async fn delete(&self, id: E::Id) -> Result<()> {
        read_deleted(&self.client.send(&delete_call::<E>(id)).await?)
    }

    /// Deletes a record for good; it cannot come back.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    pub async fn forget(&self, id: E::Id) -> Result<()> {
        read_deleted(&self.client.send(&forget_call::<E>(id)).await?)
    }

    async fn one(&self, call: Call) -> Result<Loaded<E>> {
        let reply = self.client.send(&call).await?;
        let (row, side) = read_one(&reply)?;
        Ok(Loaded { row, side })
    }

    /// The account's views of these records. Asked for once and remembered by all clones of the client.
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn views(&self) -> Result<Arc<[View]>> {
        match self.client.known_views(E::PLURAL) {
            Some(views) => Ok(views),
            None => self.refresh_views().await,
        }
    }

    /// Asks for the views again.
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn refresh_views(&self) -> Result<Arc<[View]>> {
        #[derive(serde::Deserialize)]
        struct Filters {
            #[serde(default)]
            filters: Vec<View>,
        }
        let reply = self.client.send(&Call::get(E::OPERATIONS.views).path([E::PLURAL, "filters"])).await?;
        let views: Arc<[View]> = reply.json::<Filters>()?.filters.into();
        self.client.remember_views(E::PLURAL, views.clone());
        Ok(views)
    }

    /// The view with this name, whatever its case.
    ///
    /// # Errors
    /// `Config`, with the names that there are, if there is none: names are in the account's language.
    pub async fn view(&self, name: &str) -> Result<ViewId> {
        let views = self.views().await?;
        find_view(&views, name).ok_or_else(|| no_view::<E>(&views, &format!("no view is called `{name}`")))
    }

    /// The views that together show every record that is alive: the vendor's own "all" view, or the views by state.
    ///
    /// # Errors
    /// `Config`, with the names that there are, if they are not found.
    pub async fn all_views(&self) -> Result<Vec<ViewId>> {
        let views = self.views().await?;
        let complete = |names: &&[&str]| names.iter().map(|name| find_view(&views, name)).collect::<Option<Vec<_>>>();
        E::ALL_VIEWS.iter().find_map(complete).ok_or_else(|| no_view::<E>(&views, "no view shows all records"))
    }

    /// Reads one page of a view.
    ///
    /// # Errors
    /// What the pipeline or the vendor says; a record that cannot be read is part of the page.
    pub async fn page(&self, view: ViewId, query: &PageQuery) -> Result<RecordPage<E>> {
        let reply = self.client.send(&page_call::<E>(view, query)).await?;
        let many: Many<E> = reply.json()?;
        Ok(RecordPage::new(read_rows(many.records), many.side, many.meta))
    }

    /// Streams a view page by page, newest change first, each record once. Ends after an error of the call; a record
    /// that cannot be read is part of its page. Holds one page at a time, and the ids of the last 20,000 rows.
    ///
    /// Costs one call per 100 records, one more where the vendor tells no number of pages.
    pub fn pages(&self, view: ViewId, listing: Listing) -> impl Stream<Item = Result<RecordPage<E>>> + Send + use<E> {
        struct State<E> {
            records: Records<E>,
            walk: Walk,
            recent: Recent,
            listing: Listing,
        }
        let state = State {
            records: Records::new(self.client.clone()),
            walk: Walk::new(listing.per_page),
            recent: Recent::default(),
            listing,
        };
        stream::try_unfold(state, move |mut state: State<E>| async move {
            let Some(number) = state.walk.next() else {
                return Ok(None);
            };
            let mut page = state.records.page(view, &state.listing.page(number)).await?;
            let seen = sift(&mut page, &mut state.recent, state.listing.updated_since);
            state.walk.fetched(seen);
            Ok(Some((page, state)))
        })
    }

    /// Streams a view record by record. A record that cannot be read is an `Err` item of kind `Decode`, and the stream
    /// goes on; after an error of the call it ends.
    pub fn list(&self, view: ViewId, listing: Listing) -> impl Stream<Item = Result<Loaded<E>>> + Send + use<E> {
        self.pages(view, listing).map_ok(loaded).try_flatten()
    }

    /// Streams every record that is alive: finds the views by itself, see [`all_views`](Self::all_views).
    pub fn list_all(&self, listing: Listing) -> impl Stream<Item = Result<Loaded<E>>> + Send + use<E> {
        self.all_pages(listing).map_ok(loaded).try_flatten()
    }

    /// As [`list_all`](Self::list_all), but page by page.
    pub fn all_pages(&self, listing: Listing) -> impl Stream<Item = Result<RecordPage<E>>> + Send + use<E> {
        let records = Self::new(self.client.clone());
        let views = async move {
            let views = records.all_views().await?;
            let pages = views.into_iter().map(move |view| Ok(records.pages(view, listing.clone())));
            Ok(stream::iter(pages).try_flatten())
        };
        stream::once(views).try_flatten()
    }

    /// The notes of one record, newest first, in as many calls as there are pages of them.
    ///
    /// # Errors
    /// What the pipeline or the vendor says. A note that cannot be read is an item of its own.
    pub async fn notes(&self, id: E::Id) -> Result<Vec<std::result::Result<Row<Note>, rest_core::BadRecord>>> {
        super::notes::of_record(&self.client, E::OPERATIONS.notes, E::PLURAL, &id.to_string()).await
    }

    /// What administrators have set up about the fields of these records.
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn fields(&self) -> Result<Vec<FieldSetting>> {
        super::fields::of_kind(&self.client, E::OPERATIONS.fields, E::PLURAL).await
    }

    /// Records for which all rules hold: one page, cut down (read a record by its id before relying on a field). The
    /// index behind it lags, and custom fields may be missing.
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn filtered_search(&self, rules: &[FilterRule], page: u64) -> Result<RecordPage<E>> {
        let reply = self.client.send(&filtered_search_call::<E>(rules, page)).await?;
        let many: Many<E> = reply.json()?;
        Ok(RecordPage::new(read_rows(many.records), many.side, many.meta))
    }

    /// Records with exactly this value in one field (`email`, `name`, `mobile_number`, `work_number`, `phone`, `cf_…`).
    /// The index behind it lags.
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn lookup(&self, field: &str, value: &str) -> Result<RecordPage<E>> {
        super::search::lookup(&self.client, field, value).await
    }
}

fn loaded<E: Entity>(page: RecordPage<E>) -> impl Stream<Item = Result<Loaded<E>>> {
    let side = page.side;
    let one = move |row: std::result::Result<Row<E>, rest_core::BadRecord>| match row {
        Ok(row) => Ok(Loaded { row, side: side.clone() }),
        Err(bad) => Err(bad.into_error(E::OPERATIONS.list)),
    };
    stream::iter(page.rows.into_iter().map(one))
}

/// Leaves out what was seen before or is older than asked for, and says what the page looked like.
fn sift<E: Entity>(
    page: &mut RecordPage<E>,
    recent: &mut Recent,
    since: Option<chrono::DateTime<chrono::Utc>>,
) -> Seen {
    let is_old = |row: &Row<E>| matches!((row.updated_at(), since), (Some(stamp), Some(since)) if stamp < since);
    let mut seen = Seen { rows: page.rows.len(), total: page.total, total_pages: page.total_pages, ..Seen::default() };
    // Newest first, as asked for: when the last row is too old, so is all that follows.
    let stamps: Vec<_> = page.rows.iter().flatten().filter_map(|row| row.updated_at()).collect();
    seen.is_past = stamps.is_sorted_by(|a, b| a >= b)
        && matches!((stamps.last(), since), (Some(last), Some(since)) if *last < since);
    page.rows.retain(|row| {
        let id = match row {
            Ok(row) => Some(row.id().into()),
            Err(bad) => bad.id.as_deref().and_then(|id| id.parse().ok()),
        };
        let is_new = id.is_none_or(|id| recent.is_new(id));
        seen.fresh += usize::from(is_new);
        is_new && !row.as_ref().is_ok_and(is_old)
    });
    seen
}

fn find_view(views: &[View], name: &str) -> Option<ViewId> {
    // The vendor's own view wins over a person's of the same name.
    let named = || views.iter().filter(|view| view.name.eq_ignore_ascii_case(name));
    named().find(|view| view.user_id.is_none()).or_else(|| named().next()).map(|view| view.id)
}

fn no_view<E: Entity>(views: &[View], what: &str) -> Error {
    let names: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
    Error::new(ErrorKind::Config, E::OPERATIONS.list)
        .with_vendor("freshsales")
        .with_message(format!("{what}; the {} views are: {}", E::SINGULAR, names.join(", ")))
        .with_hint("views are named in the account's language; choose one of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_own_view_wins_over_a_persons() {
        let view = |id, user: Option<i64>| View {
            id: ViewId::new(id),
            name: "All Contacts".into(),
            model_class_name: None,
            user_id: user.map(Into::into),
            is_default: None,
        };
        assert_eq!(find_view(&[view(1, Some(9)), view(2, None)], "all contacts"), Some(ViewId::new(2)));
        assert_eq!(find_view(&[view(1, Some(9))], "All Contacts"), Some(ViewId::new(1)));
        assert_eq!(find_view(&[], "All Contacts"), None);
    }
}
