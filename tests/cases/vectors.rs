//! Published vectors of the two algorithms that everything rests on, through Lifeboot's own functions: a wrong library,
//! feature or build of one shows here.

mod ed25519;
mod ed25519_edges;
mod sha256;
