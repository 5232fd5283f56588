//! Any read model, without its types: its runner, its indexes, and its rows as JSON. For lists of read models, and
//! for showing one that a person names.

use std::fmt;
use std::time::Duration;

use annals::ports::{FeedQuery, FeedStart, RowQuery};
use annals::projection::{AnyRunner, Projection, ProjectionError, Runner, TypedPage, ViewReadError};
use annals::{Category, EventSet, Store, Value};
use async_trait::async_trait;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A read model whose types are not known.
#[async_trait]
pub trait AnyView: Send + Sync {
    /// What keeps it up to date.
    fn runner(&self) -> &dyn AnyRunner;

    /// The indexes by which its rows can be found.
    fn indexes(&self) -> &'static [&'static str];

    /// How many events are ahead of the view, up to `most`.
    ///
    /// # Errors
    /// When the store fails, or the view's own place in it cannot be read.
    async fn events_ahead(&self, most: u64) -> Result<u64, ProjectionError>;

    /// The row under a key, and the key as it is kept; none when there is no such row.
    ///
    /// # Errors
    /// When the text is no key of this model, or the row cannot be read.
    async fn get(&self, key: &str) -> Result<Option<ViewRow>, ViewReadError>;

    /// A page of rows, in a stable order.
    ///
    /// # Errors
    /// When the query names an index that there is not, or rows cannot be read.
    async fn page(&self, query: &RowQuery) -> Result<TypedPage<String, Fields>, ViewReadError>;
}

/// A row with its key.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ViewRow {
    /// The key, as text.
    pub key: String,
    /// The row.
    pub row: Fields,
}

/// The fields of a row, in the order in which its type declares them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(pub Vec<(String, Value)>);

impl Fields {
    /// The text of a field; none when there is no such field, or it is no text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).and_then(|(_, value)| value.as_str())
    }
}

/// A projection's runner and view, as [`AnyView`].
pub struct ReadModel<P: Projection> {
    store: Store,
    runner: Runner<P>,
}

impl<P: Projection> ReadModel<P> {
    /// The read model of `projection` in this store.
    pub fn boxed(store: &Store, projection: P) -> Box<dyn AnyView> {
        Box::new(Self { store: store.clone(), runner: store.runner(projection) })
    }
}

#[async_trait]
impl<P: Projection> AnyView for ReadModel<P> {
    fn runner(&self) -> &dyn AnyRunner {
        &self.runner
    }

    fn indexes(&self) -> &'static [&'static str] {
        P::INDEXES
    }

    async fn events_ahead(&self, most: u64) -> Result<u64, ProjectionError> {
        let feed = &self.store.adapter().feed;
        let mut position = match self.runner.view().state().await? {
            Some(state) => state.checkpoint.position,
            None => feed.start(FeedStart::Beginning).await?,
        };
        let categories = P::Event::categories().into_iter().map(Category::new).collect::<Result<_, _>>()?;
        let query = FeedQuery::categories(categories);
        let mut ahead = 0;
        while ahead < most {
            let page = feed.next(&query, &position, Duration::ZERO).await?;
            ahead += page.events.len() as u64;
            if page.at_end {
                break;
            }
            position = page.next;
        }
        Ok(ahead.min(most))
    }

    async fn get(&self, key: &str) -> Result<Option<ViewRow>, ViewReadError> {
        let view = self.runner.view();
        let invalid = || ViewReadError::InvalidKey { view: view.id().clone(), key: key.to_owned() };
        let key: P::Key = key.parse().map_err(|_| invalid())?;
        match view.get(&key).await? {
            Some(row) => Ok(Some(ViewRow { key: key.to_string(), row: fields::<P>(&key, &row)? })),
            None => Ok(None),
        }
    }

    async fn page(&self, query: &RowQuery) -> Result<TypedPage<String, Fields>, ViewReadError> {
        let page = self.runner.view().page(query).await?;
        let rows = page.rows.iter().map(|(key, row)| Ok((key.to_string(), fields::<P>(key, row)?)));
        Ok(TypedPage { rows: rows.collect::<Result<_, ViewReadError>>()?, next: page.next })
    }
}

fn fields<P: Projection>(key: &P::Key, row: &P::Row) -> Result<Fields, ViewReadError> {
    // By way of text, which keeps the order of a type's fields; a `Value` would sort them.
    serde_json::to_string(row).and_then(|text| serde_json::from_str(&text)).map_err(|source| {
        let view = annals::ports::ViewId::new(P::NAME, P::VERSION);
        ViewReadError::RowDecode { view, key: key.to_string(), source }
    })
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
