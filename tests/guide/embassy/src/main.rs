//! Blinks the green LED of an STM32F4DISCOVERY, and echoes what comes in on USART2 (PA2 and PA3).

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_stm32::gpio::{Level, Output, Speed};
use embassy_stm32::usart::{BufferedInterruptHandler, BufferedUart, Config};
use embassy_stm32::{bind_interrupts, peripherals};
use embassy_time::Timer;
use embedded_io_async::{Read, Write};
use panic_halt as _;
use static_cell::StaticCell;

bind_interrupts!(struct Interrupts {
    USART2 => BufferedInterruptHandler<peripherals::USART2>;
});

static RECEIVED: StaticCell<[u8; 1024]> = StaticCell::new();
static TO_SEND: StaticCell<[u8; 256]> = StaticCell::new();

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let peripherals = embassy_stm32::init(Default::default());

    let led = Output::new(peripherals.PD12, Level::Low, Speed::Low);
    spawner.spawn(blink(led).unwrap());

    let mut config = Config::default();
    config.baudrate = 115_200;
    let (received, outgoing) = (RECEIVED.init([0; 1024]), TO_SEND.init([0; 256]));
    let serial =
        BufferedUart::new(peripherals.USART2, peripherals.PA3, peripherals.PA2, outgoing, received, Interrupts, config)
            .unwrap();
    let (mut sender, mut receiver) = serial.split();

    let mut bytes = [0; 64];
    loop {
        let length = receiver.read(&mut bytes).await.unwrap();
        sender.write_all(&bytes[..length]).await.unwrap();
    }
}

#[embassy_executor::task]
async fn blink(mut led: Output<'static>) {
    loop {
        led.toggle();
        Timer::after_millis(250).await;
    }
}
