//! Paging: turns "fetch the page at this cursor" into one stream of items.

use std::future::Future;

use futures::stream::{self, Stream, TryStreamExt};

use crate::error::{Error, ErrorKind, Result};

/// One page of a listing, and where the next one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The items. May be empty in the middle of a listing.
    pub items: Vec<T>,
    /// The cursor of the next page; `None` after the last.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// A page with a next one.
    #[must_use]
    pub fn new(items: Vec<T>, next: Option<C>) -> Self {
        Self { items, next }
    }

    /// The last page.
    #[must_use]
    pub fn last(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// The same page with every item converted.
    #[must_use]
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U, C> {
        Page { items: self.items.into_iter().map(convert).collect(), next: self.next }
    }
}

/// All items of a listing, page after page, holding one page at a time.
///
/// It ends after a page without a next cursor and after the first error; an empty page in the middle is passed over. A
/// cursor that repeats (at once or in a longer circle) is an [`ErrorKind::Decode`] error instead of a listing that
/// never ends.
pub fn pages<T, C, F, Fut>(operation: &'static str, first: C, fetch: F) -> impl Stream<Item = Result<T>>
where
    C: Clone + PartialEq,
    F: FnMut(C) -> Fut,
    Fut: Future<Output = Result<Page<T, C>>>,
{
    whole_pages(operation, first, fetch).map_ok(|items| stream::iter(items.into_iter().map(Ok))).try_flatten()
}

/// As [`pages`], but gives each page's items together, for callers that work in batches. Empty pages are given too.
pub fn whole_pages<T, C, F, Fut>(operation: &'static str, first: C, fetch: F) -> impl Stream<Item = Result<Vec<T>>>
where
    C: Clone + PartialEq,
    F: FnMut(C) -> Fut,
    Fut: Future<Output = Result<Page<T, C>>>,
{
    struct State<C, F> {
        next: Option<C>,
        fetch: F,
        circle: Circle<C>,
    }
    let state = State { circle: Circle::new(first.clone()), next: Some(first), fetch };
    stream::try_unfold(state, move |mut state| async move {
        let Some(cursor) = state.next.take() else {
            return Ok(None);
        };
        let page = (state.fetch)(cursor).await?;
        if let Some(next) = &page.next
            && state.circle.closes_at(next)
        {
            return Err(Error::new(ErrorKind::Decode, operation)
                .with_message("the server's next-page cursor repeats, so the listing would never end"));
        }
        state.next = page.next;
        Ok(Some((page.items, state)))
    })
}

/// Brent's method: notices a circle of any length with two cursors remembered.
struct Circle<C> {
    last: C,
    mark: C,
    steps: u64,
    mark_again_at: u64,
}

impl<C: Clone + PartialEq> Circle<C> {
    fn new(first: C) -> Self {
        Self { last: first.clone(), mark: first, steps: 0, mark_again_at: 1 }
    }

    fn closes_at(&mut self, next: &C) -> bool {
        if *next == self.last || *next == self.mark {
            return true;
        }
        self.steps += 1;
        if self.steps == self.mark_again_at {
            self.mark = next.clone();
            self.mark_again_at = self.mark_again_at.saturating_mul(2);
        }
        self.last = next.clone();
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;
    use proptest::prelude::*;

    fn collect(script: Vec<Result<Page<u32, usize>>>) -> Vec<Result<u32, ErrorKind>> {
        let fetch = move |cursor: usize| {
            let page = script.get(cursor).cloned().unwrap_or_else(|| panic!("page {cursor} was never promised"));
            async move { page }
        };
        let stream = pages("things.list", 0, fetch).map_err(|error| error.kind());
        futures::executor::block_on(stream.take(1000).collect())
    }

    #[test]
    fn ends_on_a_missing_cursor_and_survives_an_empty_page() {
        let script = vec![Ok(Page::new(vec![1, 2], Some(1))), Ok(Page::new(vec![], Some(2))), Ok(Page::last(vec![3]))];
        assert_eq!(collect(script), [Ok(1), Ok(2), Ok(3)]);
        assert_eq!(collect(vec![Ok(Page::last(vec![]))]), []);
    }

    #[test]
    fn ends_after_an_error() {
        let script =
            vec![Ok(Page::new(vec![1], Some(1))), Err(Error::new(ErrorKind::Server, "x")), Ok(Page::last(vec![9]))];
        assert_eq!(collect(script), [Ok(1), Err(ErrorKind::Server)]);
    }

    #[test]
    fn a_cursor_that_stands_still_is_an_error() {
        let script = vec![Ok(Page::new(vec![1], Some(1))), Ok(Page::new(vec![2], Some(1)))];
        assert_eq!(collect(script), [Ok(1), Err(ErrorKind::Decode)]);
        assert_eq!(collect(vec![Ok(Page::new(vec![1], Some(0)))]), [Err(ErrorKind::Decode)]);
    }

    proptest! {
        #[test]
        fn every_circle_is_noticed_and_no_line_is_taken_for_one(tail in 0usize..40, circle in 0usize..40) {
            let pages = tail + circle + 1;
            let next = |page| match (page + 1 == pages, circle) {
                (false, _) => Some(page + 1),
                (true, 0) => None,
                (true, _) => Some(tail),
            };
            let script = (0..pages).map(|page| Ok(Page::new(vec![7], next(page)))).collect();
            let items = collect(script);
            prop_assert!(items.len() < 1000);
            if circle == 0 {
                prop_assert_eq!(items.len(), pages);
            } else {
                prop_assert_eq!(items.last(), Some(&Err(ErrorKind::Decode)));
            }
        }
    }
}
