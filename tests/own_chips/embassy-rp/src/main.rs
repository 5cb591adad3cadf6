//! A bootloader over embassy-rp's flash driver, for an RP2040 with a crystal of 12 MHz.

#![no_std]
#![no_main]

use embassy_rp::Peripherals;
use embassy_rp::clocks::ClockConfig;
use embassy_rp::config::Config;
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::pac;
use embassy_rp::peripherals::FLASH;
use lifeboot_bootloader::{Board, Cause, Chip, Clock, Serial, bootloader, is_held};

// `BOARD` and the keys, from lifeboot.toml and build.rs.
lifeboot_bootloader::board!();

/// The watchdog's longest period, some 8 s (erratum RP2040-E1).
const LONGEST: u32 = 0xFF_FFFF;

struct Lamp;

impl Chip for Lamp {
    const BOARD: &'static Board = &BOARD;
    const KEYS: &'static [[u8; 32]] = &KEYS;
    const DEMO_KEY: bool = DEMO_KEY;
    const UF2_FAMILY: u32 = 0xe48b_ff56;

    type Flash = Flash<'static, FLASH, Blocking, { BOARD.flash_length as usize }>;
    type Clock = Timer;
    type Serial = Uart;

    fn start_up(noted: Option<Cause>) -> Cause {
        // Core 1 and the watchdog may run since before a reset of core 0 alone.
        pac::PSM.frce_off().modify(|off| off.set_proc1(true));
        pac::PSM.frce_off().modify(|off| off.set_proc1(false));
        pac::WATCHDOG.ctrl().modify(|control| control.set_enable(false));
        let (reason, reset) = (pac::WATCHDOG.reason().read(), pac::VREG_AND_CHIP_RESET.chip_reset().read());
        let cause = noted.unwrap_or(match reason {
            _ if reason.timer() => Cause::Watchdog,
            _ if reason.force() => Cause::Request,
            _ if reset.had_por() => Cause::PowerOn,
            _ => Cause::Pin,
        });
        embassy_rp::init(Config::new(ClockConfig::crystal(12_000_000)));
        cause
    }

    fn clock() -> Timer {
        Timer
    }

    fn flash() -> Self::Flash {
        // SAFETY: the bootloader runs alone, and nothing else uses its flash.
        Flash::new_blocking(unsafe { Peripherals::steal() }.FLASH)
    }

    /// UART1 at GP8 and GP9.
    fn serial() -> Uart {
        pac::RESETS.reset().modify(|held| held.set_uart1(false));
        while !pac::RESETS.reset_done().read().uart1() {}
        pac::PADS_BANK0.gpio(9).modify(|pad| pad.set_pue(true));
        // 125 MHz / (16 * (67 + 52 / 64)) = 115,207.
        pac::UART1.uartibrd().write_value(pac::uart::regs::Uartibrd(67));
        pac::UART1.uartfbrd().write_value(pac::uart::regs::Uartfbrd(52));
        pac::UART1.uartlcr_h().write(|format| {
            format.set_wlen(0b11);
            format.set_fen(true);
        });
        pac::UART1.uartcr().write(|control| {
            control.set_uarten(true);
            control.set_txe(true);
            control.set_rxe(true);
        });
        for pin in [8, 9] {
            pac::IO_BANK0.gpio(pin).ctrl().write(|control| control.set_funcsel(2));
        }
        Uart
    }

    /// GP15, against ground.
    fn recovery_is_requested(clock: &Timer) -> bool {
        pac::PADS_BANK0.gpio(15).modify(|pad| {
            pad.set_pue(true);
            pad.set_pde(false);
            pad.set_ie(true);
        });
        is_held(clock, || pac::SIO.gpio_in(0).read() & 1 << 15 != 0)
    }

    fn arm_watchdog() {
        pac::PSM.wdsel().write_value(pac::psm::regs::Wdsel(0x1_FFFC));
        Self::feed_watchdog();
        pac::WATCHDOG.ctrl().modify(|control| control.set_enable(true));
    }

    fn feed_watchdog() {
        pac::WATCHDOG.load().write_value(pac::watchdog::regs::Load(LONGEST));
    }

    /// Clocks from the ring oscillator again; everything but flash and the clocks in reset.
    fn leave() {
        use pac::clocks::vals::{ClkRefCtrlSrc, ClkSysCtrlSrc};

        pac::CLOCKS.clk_sys_ctrl().modify(|control| control.set_src(ClkSysCtrlSrc::CLK_REF));
        while pac::CLOCKS.clk_sys_selected().read() != 1 {}
        pac::CLOCKS.clk_ref_ctrl().modify(|control| control.set_src(ClkRefCtrlSrc::ROSC_CLKSRC_PH));
        while pac::CLOCKS.clk_ref_selected().read() != 1 {}
        pac::RESETS.reset().write(|held| {
            held.0 = 0x01FF_FFFF;
            held.set_io_qspi(false);
            held.set_pads_qspi(false);
        });
    }

    fn reset() -> ! {
        pac::PSM.wdsel().write_value(pac::psm::regs::Wdsel(0x1_FFFC));
        pac::WATCHDOG.ctrl().modify(|control| control.set_trigger(true));
        loop {
            core::hint::spin_loop();
        }
    }
}

/// The chip's TIMER, whose microseconds come from the crystal.
struct Timer;

impl Clock for Timer {
    fn now(&self) -> u32 {
        let high = pac::TIMER.timerawh().read();
        let low = pac::TIMER.timerawl().read();
        // The low half may have wrapped in between.
        let high = if pac::TIMER.timerawh().read() == high { high } else { return self.now() };
        ((u64::from(high) << 32 | u64::from(low)) / 1000) as u32
    }

    fn stop(self) {}
}

/// It buffers 32 bytes.
struct Uart;

impl Serial for Uart {
    fn receive(&mut self) -> Option<u8> {
        while !pac::UART1.uartfr().read().rxfe() {
            let byte = pac::UART1.uartdr().read();
            if !byte.be() && !byte.pe() && !byte.fe() {
                return Some(byte.data());
            }
        }
        None
    }

    fn send(&mut self, byte: u8) {
        (0..50_000).any(|_| !pac::UART1.uartfr().read().txff());
        pac::UART1.uartdr().write(|data| data.set_data(byte));
    }

    fn flush(&mut self) {
        (0..50_000).any(|_| !pac::UART1.uartfr().read().busy());
    }
}

bootloader!(Lamp);
