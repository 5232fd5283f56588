//! Every law of the contract on DynamoDB: on Amazon's own emulator, on another, and on Amazon's with the faults in the way that
//! the service promises to have. Each test has tables of its own.

mod history;
mod store;

/// On Amazon's DynamoDB Local.
mod local {
    annals_testkit::conformance_suite!(crate::store::OwnTables<crate::store::Local>);
}

/// On the embedded emulator.
mod embedded {
    annals_testkit::conformance_suite!(crate::store::OwnTables<crate::store::Embedded>);
}

/// On the embedded emulator, while three requests of ten are throttled, answers are lost, batches are done in part, and the
/// stream's records come shuffled, twice and late.
mod embedded_faulty {
    annals_testkit::conformance_suite!(crate::store::OwnTables<crate::store::Faulty<crate::store::Embedded>>);
}

/// The same on Amazon's.
mod local_faulty {
    annals_testkit::conformance_suite!(crate::store::OwnTables<crate::store::Faulty<crate::store::Local>>);
}
