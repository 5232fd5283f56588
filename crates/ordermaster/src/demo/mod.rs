//! The demo's pieces: what a store of generated or imported business has to show, each in a file of its own.
//!
//! A [`Piece`] is gathered from the shop by one function, and told in plain words of at most 90 columns by its
//! `Display`, which is pure. Which pieces are shown in which order is the command line's business.

mod chart;
mod customer;
mod liveliest;
mod moments;
mod onwards;
mod proof;
mod text;
mod throughput;
mod timeline;

use annals::LoadError;
use annals::ports::StoreError;
use annals::projection::ViewReadError;

use crate::app::CatchUpError;
use crate::queries::streams::StreamError;

pub use chart::{Bar, SalesChart};
pub use customer::{CustomerPage, OrderLine, Totals};
pub use liveliest::liveliest_order;
pub use moments::{Moments, Snapshot};
pub(crate) use onwards::quoted;
pub use onwards::{GoOn, Onwards};
pub use proof::{Digests, Rebuilt, RebuiltModel};
pub use throughput::{Followed, Recording};
pub use timeline::{Timeline, TimelineEntry};

/// Something to show.
pub trait Piece: serde::Serialize + std::fmt::Display {
    /// What it is called.
    const TITLE: &'static str;
    /// What is to be seen in it, in one sentence.
    const ABOUT: &'static str;
}

/// Why a piece cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A state could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A stream could not be looked at.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A read model could not be read.
    #[error(transparent)]
    View(#[from] ViewReadError),
    /// A read model could not be built.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
