//! Integration tests live in `contracts.rs`.
