//! The bench that the tests and the demo stand on.

pub mod bench;
pub mod emulator;
pub mod geometries;
pub mod product;
pub mod setup;
pub mod simulated_flash;
pub mod sweep;
