//! The reference application: orders, payments, inventory and accounts of a shop, on any store that annals has.
//!
//! * [`app`] puts it together: repositories and read models over one open store;
//! * [`check`] checks the whole store, [`verify`] its history alone;
//! * [`read_models`] holds the projections, one file each;
//! * [`queries`] answers questions, from read models and through time;
//! * [`import`] records the invoices of a file, [`generate`] draws a business from a seed, each once however often it is
//!   begun; [`demo`] is what a store has to show;
//! * [`cli`] is the command line, one file a noun.
//!
//! The domain itself is in `ordermaster_domain` and knows nothing of this crate.
//!
//! ```
//! use annals::Metadata;
//! use ordermaster::app::OrderMaster;
//! use ordermaster_domain::{OrderCommand, OrderId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! annals::block_on(async {
//!     let shop = OrderMaster::open("memory:").await?;
//!     let order = OrderId::new("o-1")?;
//!     let refused = shop.orders().execute(&order, &OrderCommand::Deliver, Metadata::new()).await;
//!     assert!(refused.unwrap_err().to_string().contains("cannot deliver an order that does not exist"));
//!     Ok(())
//! })
//! # }
//! ```

pub mod app;
mod business_time;
pub mod check;
pub mod cli;
pub mod concurrent;
pub mod demo;
pub mod generate;
pub mod import;
pub mod queries;
pub mod read_models;
pub mod stop;
pub mod verify;
pub mod views;
