//! The clock of each line of STM32F4.

use lifeboot_board::chip::ClockSource;
use lifeboot_board::chips::find;
use lifeboot_board::clock::{Bus, ClockLimits, Divisor, PllClock};

const HSI: u32 = 16_000_000;
const MEGAHERTZ: u32 = 1_000_000;

fn limits(chip: &str) -> &'static ClockLimits {
    match find(chip).unwrap().clock {
        ClockSource::Pll(limits) => limits,
        other => panic!("{other:?}"),
    }
}

/// What `bootloader/src/chips/stm32f4` has as constants.
#[test]
fn an_stm32f405_gets_the_settings_that_it_was_measured_with() {
    let clock = PllClock::highest(limits("STM32F405RG"));
    assert_eq!(clock.core, 152_000_000);
    assert_eq!((clock.pll_m, clock.pll_n, clock.pll_p, clock.pll_q), (8, 152, 2, 7));
    assert_eq!((clock.wait_states, clock.apb1_divider, clock.apb2_divider), (7, 4, 2));
    assert_eq!((clock.pll_r, clock.voltage_scale), (None, None));
    assert_eq!(clock.pllcfgr(), 8 | 152 << 6 | 7 << 24);
    assert_eq!(clock.bus_dividers(), 0b101 << 10 | 0b100 << 13);
    assert_eq!(clock.baud_divisor(Bus::Apb1, 115_200), Divisor { fast: 330, slow: 35 });
    assert_eq!(clock.timer_divisor(), Divisor { fast: 38_000, slow: 4_000 });
}

#[test]
fn each_line_gets_what_its_limits_leave() {
    let settings = |chip| {
        let clock = PllClock::highest(limits(chip));
        let PllClock { core, pll_n, pll_p, wait_states, apb1_divider, apb2_divider, .. } = clock;
        (core / MEGAHERTZ, pll_n, pll_p, wait_states, apb1_divider, apb2_divider)
    };
    assert_eq!(settings("STM32F401CC"), (80, 160, 4, 5, 2, 1));
    assert_eq!(settings("STM32F411CE"), (94, 188, 4, 6, 2, 1));
    assert_eq!(settings("STM32F412CE"), (94, 188, 4, 6, 2, 1));
    assert_eq!(settings("STM32F429ZI"), (152, 152, 2, 7, 4, 2));
    assert_eq!(settings("STM32F446RE"), (152, 152, 2, 7, 4, 2));
}

#[test]
fn every_setting_keeps_every_limit_at_the_oscillators_fastest() {
    for limits in ["STM32F401CC", "STM32F405RG", "STM32F411CE", "STM32F412CE", "STM32F429ZI", "STM32F446RE"].map(limits)
    {
        let mut number = 0;
        for clock in PllClock::all(limits) {
            number += 1;
            let fastest = |hertz: u32| f64::from(hertz) * 1.045;
            let limit = |megahertz: u32| f64::from(megahertz * MEGAHERTZ);
            assert!(fastest(clock.core) <= limit(limits.core), "{clock:?}");
            assert!(fastest(clock.core) <= limit(limits.flash_step * (clock.wait_states + 1)), "{clock:?}");
            assert!(fastest(clock.bus(Bus::Apb1).fast) <= limit(limits.apb1), "{clock:?}");
            assert!(fastest(clock.bus(Bus::Apb2).fast) <= limit(limits.apb2), "{clock:?}");
            assert_eq!(HSI / clock.pll_m * clock.pll_n / clock.pll_p, clock.core, "{clock:?}");
            assert!((50..=432).contains(&clock.pll_n) && (2..=15).contains(&clock.pll_q), "{clock:?}");
            for bus in [Bus::Apb1, Bus::Apb2] {
                let (hertz, divisor) = (clock.bus(bus), clock.baud_divisor(bus, 115_200));
                for (hertz, divisor) in [(hertz.fast, divisor.fast), (hertz.slow, divisor.slow)] {
                    let off = f64::from(hertz) / f64::from(divisor) / 115_200.0 - 1.0;
                    assert!(divisor >= 16 && off.abs() < 0.01, "{clock:?}: {off}");
                }
            }
            let Divisor { fast, slow } = clock.timer_divisor();
            assert!(fast <= 1 << 16 && slow <= 1 << 16, "{clock:?}");
            let twice = if clock.apb1_divider == 1 { 1 } else { 2 };
            let hertz = clock.bus(Bus::Apb1);
            assert_eq!((fast * 2_000, slow * 2_000), (hertz.fast * twice, hertz.slow * twice), "{clock:?}");
        }
        assert!(number > 20, "{limits:?}");
    }
}
