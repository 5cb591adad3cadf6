//! The compact verifier: checks Ed25519 signatures (RFC 8032) and computes SHA-256 and SHA-512 (FIPS 180-4) in about 3 KB of
//! flash, for bootloaders and updaters on Cortex-M.
//!
//! Only public data belongs in here: nothing runs in constant time, and nothing is erased. There is no signing.
//!
//! | module | owns |
//! | --- | --- |
//! | [`field`] | numbers modulo 2²⁵⁵ − 19: the only arithmetic in assembly |
//! | `machine` | a register machine, whose operations are the field's |
//! | `programs` | its programs: the formulas of the curve |
//! | [`point`] | points of the curve, and what verifying computes of them |
//! | [`Sha256`], [`sha512()`] | the hashes |
//!
//! A caller checks first that S is below the group's order, reduces k, and refuses keys that are not canonical: see
//! `signature` in `lifeboot-core`.
//!
//! On Armv6-M, Armv7-M and Armv7E-M (`umaal`) field and hashes are assembly; on other targets, and everywhere with the
//! feature `portable`, they are Rust.

#![no_std]
#![deny(missing_docs)]

pub mod field;
mod machine;
pub mod point;
mod programs;
mod sha256;
mod sha512;

pub use sha256::Sha256;
pub use sha512::digest as sha512;
