/// The id by which a UF2 drive knows the chip; 0 if none does.
pub const UF2_FAMILY: u32 = 0xe48bff56;
/// The pin that requests recovery mode: GP15, high.
pub const RECOVERY: Option<RecoveryPin> =
    Some(RecoveryPin { pin: Pin { port: 0x40014000, number: 15, enable: 0x20 }, is_high: true });
/// The serial port of recovery mode: UART1; GP8 sends, GP9 receives.
pub const SERIAL: SerialPort = SerialPort {
    base: 0x40038000,
    enable_register: 0x4000c000,
    enable: 0x800000,
    function: 2,
    tx: Pin { port: 0x40014000, number: 8, enable: 0x20 },
    rx: Pin { port: 0x40014000, number: 9, enable: 0x20 },
};
