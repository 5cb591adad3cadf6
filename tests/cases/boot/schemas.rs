//! The schema of the application's storage, as firmware records it.

use super::{Device, firmware};
use lifeboot_core::Slot;
use lifeboot_example_boards::BOARDS;
use lifeboot_updater::{Refusal, Updater};

#[test]
fn a_schema_is_recorded_once_and_if_the_running_image_supports_it() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        let mut image = firmware(board, 1, 0);
        image.header.schemas = (1, 2);
        device.put(Slot::A, &image);
        let mut updater = Updater::running_in(Slot::A, &mut device.flash, board).ok().unwrap();
        assert_eq!(updater.storage_schema(), 0);
        assert_eq!(updater.record_storage_schema(3), Err(Refusal::Schema));
        assert_eq!(updater.record_storage_schema(2), Ok(()));
        assert_eq!(updater.storage_schema(), 2);
        let operations = device.flash.operations();
        let mut updater = Updater::running_in(Slot::A, &mut device.flash, board).ok().unwrap();
        assert_eq!((updater.storage_schema(), updater.record_storage_schema(2)), (2, Ok(())));
        // Slot A is confirmed: it may still be rolled back to.
        let mut updater = Updater::running_in(Slot::B, &mut device.flash, board).ok().unwrap();
        assert_eq!(updater.record_storage_schema(1), Err(Refusal::TrialRunning));
        assert_eq!(device.flash.operations(), operations);
        assert_eq!(device.record().schema, 2);
    }
}
