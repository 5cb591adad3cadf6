//! Rollouts in virtual time: thousands of simulated devices that fail in every way, drivers that are killed at any instant, and
//! persons who interfere; watched by rules that do not use the core's own books.

// A state that is small enough to repeat: the numbers of a run follow from its seed.
mod random;
// A device: what it runs, whatever a driver believes.
mod device;
// A random rollout: its waves, rules and devices.
mod setup;
// Devices, driver, persons and time.
mod world;
// What the driver does, and the mistakes that it can be told to make.
mod driver;
// The rules that must hold.
mod watch;

// All rules hold in many hundreds of rollouts.
mod rollouts;
// Each rule is broken on purpose, and that is noticed.
mod controls;
// What a rollout costs, in devices visited.
mod costs;
// Single situations, told one by one.
mod cases;
