//! How much is tried: a sample in `cargo test`, everything in the deep tier, `cargo test-deep`, which builds with the feature
//! `deep`. Both tiers are the same code with other factors.

mod row;

pub use row::{Entry, Row, TABLE, table};

/// Whether this is the deep tier.
pub const IS_DEEP: bool = cfg!(feature = "deep");

/// One in how many cases is tried: `sample` by default, each in the deep tier.
pub const fn one_in(sample: usize) -> usize {
    if IS_DEEP { 1 } else { sample }
}
