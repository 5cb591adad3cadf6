//! What recovery needs of a chip beside its flash.

/// The serial line, the clock and the watchdog of a chip.
pub trait Line {
    /// Returns the next byte, if one has arrived.
    fn receive(&mut self) -> Option<u8>;
    /// Sends a byte; may wait until there is room.
    fn send(&mut self, byte: u8);
    /// Waits until every byte has been sent.
    fn flush(&mut self);
    /// Returns milliseconds since an arbitrary start; wraps.
    fn now(&mut self) -> u32;
    /// Feeds the watchdog. Called between two bytes, and before each flash operation that takes long.
    fn feed_watchdog(&mut self);
}
