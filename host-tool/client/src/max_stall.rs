//! How long the application stalls during a push.

/// Longest stall of each board's example firmware, in milliseconds, as `cargo costs` measures it; a test compares the
/// two. On the micro:bit that is a step of a signature's check; on the Pico and the STM32F405 it is the erase of a
/// unit, by the typical time of the data sheet.
const MAX_STALL_MS: [(&str, u32); 3] = [("microbit", 53), ("pico", 45), ("stm32f405", 2000)];

/// Returns the longest time in milliseconds for which the application stalls during a push on the board with this name;
/// `None` if it was not measured.
pub fn max_stall_ms(board: &str) -> Option<u32> {
    MAX_STALL_MS.iter().find(|(name, _)| *name == board).map(|(_, time)| *time)
}
