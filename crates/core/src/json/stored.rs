//! Texts that a store hands back together, such as those of a page of events: they share a few allocations instead of
//! having one each, which whoever drops them on another thread would pay for, too.
//!
//! A text that is kept keeps those beside it: at most [`SHEET`] bytes, and one text more.

use std::sync::Arc;

use super::{Form, Json};

/// Bytes that share an allocation.
const SHEET: usize = 8 * 1024;

/// Texts on their way to becoming [`Json`], unchecked as by [`Json::as_stored`].
///
/// ```
/// use annals_core::json::StoredTexts;
///
/// let mut texts = StoredTexts::default();
/// texts.push(r#"{"a":1}"#);
/// texts.push(r#"{"b":2}"#);
/// let read: Vec<_> = texts.drain().collect();
/// assert_eq!(read[1].as_str(), r#"{"b":2}"#);
/// assert_eq!(texts.drain().count(), 0);
/// ```
#[derive(Debug, Default)]
pub struct StoredTexts {
    sheet: String,
    ends: Vec<usize>,
}

impl StoredTexts {
    /// None yet, with room for as many as it takes to be full.
    pub fn for_a_sheet() -> Self {
        // The last text goes beyond what makes a sheet full.
        Self { sheet: String::with_capacity(SHEET + SHEET / 8), ends: Vec::with_capacity(64) }
    }

    /// Adds a text behind those that are there.
    pub fn push(&mut self, text: &str) {
        self.sheet.push_str(text);
        self.ends.push(self.sheet.len());
    }

    /// Whether it is time to [`drain`](Self::drain) them: more would be kept by each than need be.
    pub fn is_full(&self) -> bool {
        self.sheet.len() >= SHEET
    }

    /// The texts in their order; none are left.
    pub fn drain(&mut self) -> impl Iterator<Item = Json> {
        let whole: Arc<str> = Arc::from(self.sheet.as_str());
        self.sheet.clear();
        let mut from = 0;
        self.ends.drain(..).map(move |to| {
            let text = Json { whole: Arc::clone(&whole), from, to, form: Form::AsStored };
            from = to;
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{SHEET, StoredTexts};

    #[test]
    fn each_text_comes_back_as_it_was_put() {
        let mut texts = StoredTexts::default();
        let put = [r#"{"größe":1}"#, "", "gone", r#"{"a":"\u00e9"}"#];
        for text in put {
            texts.push(text);
        }
        let read: Vec<_> = texts.drain().collect();
        assert_eq!(read.iter().map(super::Json::as_str).collect::<Vec<_>>(), put);
        assert_eq!(read[0].len(), put[0].len());
        assert_eq!(read[3].canonical().unwrap().as_str(), r#"{"a":"é"}"#);
        assert_eq!(read[3], super::Json::as_stored(put[3]));
        assert!(read[2].to_value().is_err() && read[1].to_value().is_err());
    }

    #[test]
    fn a_sheet_is_full_at_its_size_and_empty_once_drained() {
        let mut texts = StoredTexts::default();
        texts.push(&"x".repeat(SHEET - 1));
        assert!(!texts.is_full());
        texts.push("x");
        assert!(texts.is_full());
        assert_eq!(texts.drain().count(), 2);
        assert!(!texts.is_full());
        texts.push("y");
        assert_eq!(texts.drain().next().unwrap().as_str(), "y");
    }
}
