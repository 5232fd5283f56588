//! The program on stores that are servers: every kind of command, the same answers as on a file, and no secret in any.

#![cfg(all(feature = "dynamodb", feature = "postgres", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod dynamodb;
mod postgres;
mod shop;

/// One test of each of the shop's functions, on a server.
macro_rules! on_a_server {
    ($server:ty: $($function:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $function() {
            crate::shop::$function::<$server>().await;
        }
    )*};
}
use on_a_server;
