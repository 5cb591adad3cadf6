//! The bench that the tests and the demo are built on.

pub mod bench;
pub mod chance;
pub mod costs;
pub mod desk;
pub mod emulator;
pub mod field_proof;
pub mod fleet;
pub mod geometries;
pub mod goosebit;
pub mod pace;
pub mod play;
pub mod product;
pub mod setup;
pub mod simulated_flash;
pub mod sweep;
pub mod tier;

// What the fuzzer's instrumentation calls: cargo links this library as a test if one is named on the command line.
#[cfg(all(test, fuzzing))]
use bolero as _;
