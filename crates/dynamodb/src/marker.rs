//! Markers: what stands under a commit's id.
