//! Pages of rows.
