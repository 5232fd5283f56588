//! A runtime for programs that have none: examples, scripts, a first `main`.

use std::future::Future;

/// Runs a future to its end on a runtime of its own, with all the machine's cores.
///
/// A program that has a tokio runtime (`#[tokio::main]`) awaits instead.
///
/// ```
/// assert_eq!(annals::block_on(async { 6 * 7 }), 42);
/// ```
///
/// # Panics
/// When it is called within a runtime, or the machine gives no thread to run on.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the machine gives a runtime its threads")
        .block_on(future)
}
