//! Firmware without an updater.

/// Its application.
pub fn run() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
