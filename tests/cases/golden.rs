//! Golden bytes: what is stored in flash and sent over the line never changes for devices that are in the field. The
//! committed files freeze what Lifeboot writes, and are what Lifeboot must go on reading.
//!
//! A change shows as a difference of lines. Where it is meant, and old devices stay reachable (an addition at the
//! end), `LIFEBOOT_ACCEPT_GOLDEN=1 cargo test -p lifeboot-tests golden` writes the files afresh.

mod file;
mod stored;
mod wire;
