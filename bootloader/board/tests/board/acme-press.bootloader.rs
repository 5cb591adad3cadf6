/// The id by which a UF2 drive knows the chip; 0 if none does.
pub const UF2_FAMILY: u32 = 0x0;
/// The pin that requests recovery mode: PA0, low.
pub const RECOVERY: Option<RecoveryPin> =
    Some(RecoveryPin { pin: Pin { port: 0x40020000, number: 0, enable: 0x1 }, is_high: false });
/// The serial port of recovery mode: USART1; PA9 sends, PA10 receives.
pub const SERIAL: SerialPort = SerialPort {
    base: 0x40011000,
    enable_register: 0x40023844,
    enable: 0x10,
    function: 7,
    tx: Pin { port: 0x40020000, number: 9, enable: 0x1 },
    rx: Pin { port: 0x40020000, number: 10, enable: 0x1 },
};
/// What the serial port divides its bus's clock by.
pub const BAUD_DIVISOR: Divisor = Divisor { fast: 816, slow: 139 };
/// The clock: 94 MHz from the internal oscillator.
pub const CLOCK: ClockSettings = ClockSettings {
    pllcfgr: 0x9012f08,
    bus_dividers: 0x1000,
    wait_states: 6,
    voltage_scale: Some(0xc000),
    timer: Divisor { fast: 47000, slow: 8000 },
};
/// RCC_AHB1ENR after a reset.
pub const AHB1_AFTER_RESET: u32 = 0x0;
/// The sectors of the flash, with what the controller calls the first of each run.
pub const SECTORS: [SectorRun; 3] = [
    SectorRun { start: 0x0, length: 0x4000, count: 4, code: 0 },
    SectorRun { start: 0x10000, length: 0x10000, count: 1, code: 4 },
    SectorRun { start: 0x20000, length: 0x20000, count: 3, code: 5 },
];
