//! Events by their type. Law R05.
