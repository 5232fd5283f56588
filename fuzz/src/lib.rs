//! What must hold whatever bytes come from outside: one function a target, each free to be run by a fuzzer, over a
//! corpus, or by hand.
//!
//! A target takes any bytes, and panics when a property breaks; it never writes a file, opens a store's file or uses
//! the network. The shell that a fuzzer links is in `targets/`, the inputs that are kept in `corpus/<target>/`; the
//! tests run every target over its corpus and mutations of it.

mod canonical_json;
mod csv_import;
mod event_decoding;
mod positions_and_tokens;
mod recorded;
mod stream_ids_and_urls;
mod told;
mod upcasting;

pub use canonical_json::canonical_json;
pub use csv_import::csv_import;
pub use event_decoding::event_decoding;
pub use positions_and_tokens::positions_and_tokens;
pub use stream_ids_and_urls::stream_ids_and_urls;
pub use upcasting::upcasting;

/// A target: any bytes in, a panic when a property breaks.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also its corpus's.
pub const TARGETS: &[(&str, Target)] = &[
    ("canonical_json", canonical_json),
    ("csv_import", csv_import),
    ("event_decoding", event_decoding),
    ("positions_and_tokens", positions_and_tokens),
    ("stream_ids_and_urls", stream_ids_and_urls),
    ("upcasting", upcasting),
];
