//! A bootloader over embassy-stm32's flash driver, for an STM32F411 at its internal oscillator's 16 MHz.

#![no_std]
#![no_main]

use embassy_stm32::Peripherals;
use embassy_stm32::flash::{Blocking, Flash};
use embassy_stm32::pac::{self, gpio, iwdg, rcc};
use lifeboot_bootloader::{Board, Cause, Chip, Clock, Serial, bootloader, is_held};

// `BOARD` and the keys, from lifeboot.toml and build.rs.
lifeboot_bootloader::board!();

struct Scale;

impl Chip for Scale {
    const BOARD: &'static Board = &BOARD;
    const KEYS: &'static [[u8; 32]] = &KEYS;
    const DEMO_KEY: bool = DEMO_KEY;

    type Flash = Flash<'static, Blocking>;
    type Clock = Timer;
    type Serial = Usart;

    fn start_up(noted: Option<Cause>) -> Cause {
        let flags = pac::RCC.csr().read();
        pac::RCC.csr().modify(|csr| csr.set_rmvf(true));
        match flags {
            _ if flags.wdgrstf() || flags.wwdgrstf() => Cause::Watchdog,
            _ if flags.sftrstf() => noted.unwrap_or(Cause::Request),
            _ if flags.porrstf() => Cause::PowerOn,
            _ if flags.borrstf() => Cause::BrownOut,
            _ => Cause::Pin,
        }
    }

    fn clock() -> Timer {
        pac::RCC.apb1enr().modify(|enable| enable.set_tim2en(true));
        pac::TIM2.psc().write_value(15_999);
        // With 0, which manuals disagree about after a reset, it would not count.
        pac::TIM2.arr().write_value(u32::MAX);
        pac::TIM2.egr().write(|event| event.set_ug(true));
        pac::TIM2.cr1().write(|control| control.set_cen(true));
        Timer
    }

    fn flash() -> Self::Flash {
        // SAFETY: the bootloader runs alone, and nothing else uses its flash.
        Flash::new_blocking(unsafe { Peripherals::steal() }.FLASH)
    }

    fn serial() -> Usart {
        pac::RCC.ahb1enr().modify(|enable| enable.set_gpioaen(true));
        pac::RCC.apb2enr().modify(|enable| enable.set_usart1en(true));
        for pin in [9, 10] {
            pac::GPIOA.afr(1).modify(|function| function.set_afr(pin - 8, 7));
            pac::GPIOA.pupdr().modify(|pull| pull.set_pupdr(pin, gpio::vals::Pupdr::PULL_UP));
            pac::GPIOA.moder().modify(|mode| mode.set_moder(pin, gpio::vals::Moder::ALTERNATE));
        }
        pac::USART1.brr().write(|rate| rate.0 = 16_000_000 / 115_200);
        pac::USART1.cr1().write(|control| {
            control.set_ue(true);
            control.set_te(true);
            control.set_re(true);
        });
        Usart
    }

    /// PA0, against ground.
    fn recovery_is_requested(clock: &Timer) -> bool {
        pac::RCC.ahb1enr().modify(|enable| enable.set_gpioaen(true));
        pac::GPIOA.pupdr().modify(|pull| pull.set_pupdr(0, gpio::vals::Pupdr::PULL_UP));
        let held = is_held(clock, || pac::GPIOA.idr().read().idr(0) == gpio::vals::Idr::HIGH);
        pac::GPIOA.pupdr().modify(|pull| pull.set_pupdr(0, gpio::vals::Pupdr::FLOATING));
        pac::RCC.ahb1enr().modify(|enable| enable.set_gpioaen(false));
        held
    }

    /// Firmware must feed it every 5 s: its oscillator has 17 to 47 kHz, and an erase of 128 KiB takes up to 4 s.
    fn arm_watchdog() {
        pac::IWDG.kr().write(|key| key.set_key(iwdg::vals::Key::START));
        pac::IWDG.kr().write(|key| key.set_key(iwdg::vals::Key::ENABLE));
        pac::IWDG.pr().write(|divider| divider.set_pr(iwdg::vals::Pr::DIVIDE_BY64));
        pac::IWDG.rlr().write(|reload| reload.set_rl((5 * 47_000_u32 / 64) as u16));
        while pac::IWDG.sr().read().0 != 0 {}
        Self::feed_watchdog();
    }

    fn feed_watchdog() {
        pac::IWDG.kr().write(|key| key.set_key(iwdg::vals::Key::RESET));
    }

    fn leave() {
        pac::RCC.ahb1rstr().write(|reset| reset.set_gpioarst(true));
        pac::RCC.ahb1rstr().write_value(rcc::regs::Ahb1rstr(0));
        pac::RCC.ahb1enr().modify(|enable| enable.set_gpioaen(false));
    }
}

struct Timer;

impl Clock for Timer {
    fn now(&self) -> u32 {
        pac::TIM2.cnt().read()
    }

    fn stop(self) {
        pac::RCC.apb1rstr().write(|reset| reset.set_tim2rst(true));
        pac::RCC.apb1rstr().write(|_| {});
        pac::RCC.apb1enr().modify(|enable| enable.set_tim2en(false));
    }
}

/// It buffers one byte, and a second until that is complete.
struct Usart;

impl Serial for Usart {
    fn receive(&mut self) -> Option<u8> {
        let status = pac::USART1.sr().read();
        if !status.rxne() && !status.ore() {
            return None;
        }
        let byte = pac::USART1.dr().read().dr() as u8;
        (status.rxne() && !status.fe()).then_some(byte)
    }

    fn send(&mut self, byte: u8) {
        (0..20_000).any(|_| pac::USART1.sr().read().txe());
        pac::USART1.dr().write(|data| data.set_dr(byte.into()));
    }

    fn flush(&mut self) {
        (0..20_000).any(|_| pac::USART1.sr().read().tc());
    }
}

bootloader!(Scale);
