//! An open store, and what it hands out.

use annals_application::Repository;
use annals_core::Aggregate;
use annals_ports::Adapter;
use annals_projection::{Projection, Runner, View};

/// An open store. Cheap to clone; the store closes when the last clone, and all that it handed out, are gone.
#[derive(Clone, Debug)]
pub struct Store {
    adapter: Adapter,
}

impl Store {
    /// A store behind the ports of an adapter, one's own included.
    pub fn new(adapter: Adapter) -> Self {
        Self { adapter }
    }

    /// The ports themselves.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// Runs commands on the aggregates of one kind, and reads their state. Keep it: clones share its cache.
    pub fn repository<A: Aggregate>(&self) -> Repository<A> {
        Repository::new(self.adapter.clone())
    }

    /// Keeps a read model up to date.
    pub fn runner<P: Projection>(&self, projection: P) -> Runner<P> {
        Runner::new(self.adapter.clone(), projection)
    }

    /// Reads a read model.
    pub fn view<P: Projection>(&self) -> View<P> {
        View::new(self.adapter.clone())
    }
}
