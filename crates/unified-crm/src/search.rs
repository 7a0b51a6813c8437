use std::fmt;

use crm_model::ObjectKind;

/// What to search for, across objects.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchQuery {
    /// The words. A vendor decides what is near enough; characters that mean something in its query language are taken
    /// as they are.
    pub text: String,
    /// The objects to search in; empty searches in all that the vendor can.
    pub objects: Vec<ObjectKind>,
    /// At most this many hits; the vendor's own limit is lower at times.
    pub limit: Option<usize>,
}

impl SearchQuery {
    /// These words, wherever they are.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), objects: Vec::new(), limit: None }
    }

    /// Only in these objects.
    #[must_use]
    pub fn among(mut self, objects: impl IntoIterator<Item = ObjectKind>) -> Self {
        self.objects.extend(objects);
        self
    }

    /// At most this many hits.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl fmt::Debug for SearchQuery {
    /// The words may be somebody's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchQuery")
            .field("objects", &self.objects)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
