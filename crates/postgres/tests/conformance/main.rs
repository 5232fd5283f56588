//! Every law of the contract on real servers: the oldest and the newest supported, a database that orders text as a
//! language does, and a pooler in transaction mode. Each test has a database of its own.

mod history;
mod store;

/// On the oldest supported server.
mod v15 {
    annals_testkit::conformance_suite!(crate::store::OneDatabase<crate::store::V15>);
}

/// On the newest.
mod v18 {
    annals_testkit::conformance_suite!(crate::store::OneDatabase<crate::store::V18>);
}

/// On a database whose default collation is a language's.
mod icu {
    annals_testkit::conformance_suite!(crate::store::OneDatabase<crate::store::Icu>);
}

/// Through a pooler that gives each transaction another connection.
mod pooled {
    annals_testkit::conformance_suite!(crate::store::OneDatabase<crate::store::Pooled>);
}
