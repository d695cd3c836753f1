//! What was worked out of a file, for the next rule: an ACL with 100,000 users takes a second.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::acl;
use crate::dynsec;
use crate::series::Series;

/// Answers by what was asked.
pub(super) struct Kept<K, T>(Mutex<HashMap<K, Arc<T>>>);

impl<K, T> Default for Kept<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, T> Kept<K, T> {
    pub(super) fn or(&self, key: K, work: impl FnOnce() -> T) -> Arc<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(key).or_insert_with(|| Arc::new(work())))
    }
}

/// An ACL file with what a series makes of it.
pub struct Acl {
    pub series: Series,
    pub document: acl::Document,
    pub reading: acl::Reading,
    pub problems: Vec<acl::Problem>,
}

impl Acl {
    pub(super) fn of(bytes: &[u8], series: Series) -> Self {
        let document = acl::Document::parse(bytes);
        let (reading, problems) = (document.reading(series), acl::problems(&document, series));
        Self { series, document, reading, problems }
    }
}

/// A file of the dynamic security plugin with what is wrong in it, and where its parts stand.
pub struct Dynsec {
    pub problems: Result<Vec<dynsec::lint::Problem>, dynsec::Unreadable>,
    pub places: Arc<dynsec::Places>,
}

impl Dynsec {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let problems = dynsec::parse(bytes).map(|file| dynsec::lint::problems(&file));
        let is_faulty = problems.as_ref().is_ok_and(|problems| !problems.is_empty());
        let places = if is_faulty { dynsec::Places::of(bytes) } else { dynsec::Places::default() };
        Self { problems, places: Arc::new(places) }
    }
}
