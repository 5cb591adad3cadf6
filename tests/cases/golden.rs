//! Golden bytes: what is stored in flash and sent over the line never changes for devices that are in the field. The
//! committed files freeze what Lifeboot writes, and Lifeboot must always be able to read them.
//!
//! A change shows as a difference of lines. If it is intended, and old devices stay reachable (an addition at the
//! end), `LIFEBOOT_ACCEPT_GOLDEN=1 cargo test -p lifeboot-tests golden` rewrites the files.

mod file;
mod stored;
mod wire;
