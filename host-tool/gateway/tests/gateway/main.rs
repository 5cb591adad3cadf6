//! The gateway as a whole, with simulated devices.

// What goosebit does, replayed; and worse.
mod quirks;
// Kills and restarts at each event.
mod kills;
// Many devices, one artifact; tokens; reload.
mod fleets;
// What the server withdraws before it has begun.
mod withdrawn;
// A stop while the server hangs.
mod stops;
// A folder for images.
mod inbox;
// The status page, without a browser.
mod page;
// What systemd hears.
mod systemd;
// Certificates.
mod tls;

// The status page in a browser.
#[cfg(feature = "browser")]
mod browser;

// Equipment.
mod fake;
mod kit;
