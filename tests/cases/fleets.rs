//! One rollout to emulated boards of different kinds, by the command that a user types: a canary that fails stops it, and one that
//! confirms lets it through. In the deep tier the Pico is among them.

use lifeboot_tests::fleet::Fleet;
use lifeboot_tests::tier::IS_DEEP;
use lifeboot_wire::Slot;

/// A command's arguments.
fn with<'a>(command: &[&'a str], images: &'a [String]) -> Vec<&'a str> {
    command.iter().copied().chain(images.iter().map(String::as_str)).collect()
}

#[test]
fn a_rollout_stops_at_a_canary_that_fails_and_goes_through_with_one_that_confirms() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::start(folder.path(), IS_DEEP).unwrap();
    let devices: Vec<String> = fleet.ports().iter().map(|port| format!("port:{port}")).collect();
    let (canary, others) = devices.split_first().unwrap();
    let count = devices.len();

    // Nothing is touched by a plan.
    let images = fleet.images(2, &["fail-self-test"]).unwrap();
    let plan = fleet.rollout(&with(&["plan"], &images)).unwrap();
    assert_eq!(plan.status, Some(0), "{}", plan.text);
    let planned = format!("2.0.0 would go to {count} devices; nothing was touched");
    assert!(plan.text.contains(&planned), "{}", plan.text);
    // An image for each of them, or none.
    let plan = fleet.rollout(&with(&["plan", "--json"], &images[..count - 1])).unwrap();
    assert_eq!(plan.status, Some(1), "{}", plan.text);
    let missing = if IS_DEEP {
        "none of the images is for pico with the flash map"
    } else {
        "the image is for board microbit, and this is stm32f405"
    };
    assert!(plan.text.contains(missing), "{}", plan.text);

    let bad = fleet.rollout(&with(&["start"], &images)).unwrap();
    assert_eq!(bad.status, Some(1), "{}", bad.text);
    assert!(bad.text.contains(&format!("{canary}: update: rolled back")), "{}", bad.text);
    assert!(bad.text.contains("stopped: too many devices failed"), "{}", bad.text);
    assert!(!others.iter().any(|device| bad.text.contains(&format!("{device}: update"))), "{}", bad.text);
    fleet.run(Slot::A, 1).unwrap();
    let aborted = fleet.rollout(&["abort"]).unwrap();
    assert_eq!(aborted.status, Some(0), "{}", aborted.text);

    let images = fleet.images(3, &[]).unwrap();
    let good = fleet.rollout(&with(&["start", "--json"], &images)).unwrap();
    assert_eq!(good.status, Some(0), "{}", good.text);
    for device in &devices {
        let is_end = |line: &&str| line.contains("\"event\":\"ended\"") && line.contains(device.as_str());
        let ended: Vec<&str> = good.text.lines().filter(is_end).collect();
        assert!(matches!(ended[..], [end] if end.contains("\"ending\":\"confirmed\"")), "{}", good.text);
    }
    fleet.run(Slot::B, 3).unwrap();
    let listed = fleet.rollout(&["list"]).unwrap().text;
    let confirmed = format!("{count} confirmed");
    assert!(listed.contains("3.0.0") && listed.contains("aborted") && listed.contains(&confirmed), "{listed}");
    // And back.
    let back = fleet.rollout(&["abort", "3.0.0", "--rollback"]).unwrap();
    assert_eq!(back.status, Some(0), "{}", back.text);
    fleet.run(Slot::A, 1).unwrap();
}
