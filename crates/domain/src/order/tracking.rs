//! Where a parcel can be followed.

use serde::{Deserialize, Serialize};

use crate::values::{Carrier, TrackingNumber};

/// A parcel at its carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    /// Who carries it.
    pub carrier: Carrier,
    /// The carrier's number of it.
    pub tracking_number: TrackingNumber,
}
