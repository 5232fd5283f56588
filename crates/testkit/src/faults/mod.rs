//! Faults on the way to a store: a decorator over all ports of any adapter that refuses calls, loses answers, delays,
//! lets effects come late, and dies at the n-th step; and scenarios in which every law must hold all the same.
//!
//! ```
//! use annals_testkit::faults::{Fault, Faults};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = annals_memory::MemoryStore::new().adapter();
//! let faults = Faults::at_step(2, Fault::CrashAfter);
//! let process = faults.over(&store);
//! let order = "order-1".parse().expect("a valid name");
//! assert!(process.adapter().events.head(&order).await.is_ok());
//! assert!(process.adapter().events.head(&order).await.is_err());
//! assert!(process.has_crashed());
//!
//! let restarted = faults.over(&store);
//! assert!(restarted.adapter().events.head(&order).await.is_ok());
//! println!("{faults}"); // 3 steps, 1 fault: step 2, crash after the effect: reading the head of order-1
//! # }
//! ```

mod aftermath;
mod fault;
mod plan;
mod ports;
mod process;
pub mod scenarios;

pub use aftermath::{Broken, check_store};
pub use fault::{Fault, Rates};
pub use plan::{Faults, Injected};
pub use process::Process;
