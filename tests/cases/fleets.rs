//! One rollout to three emulated boards of different kinds, by the command that a user types: a canary that fails stops it, and
//! one that confirms lets it through.

use lifeboot_tests::fleet::Fleet;
use lifeboot_wire::Slot;

#[test]
fn a_rollout_stops_at_a_canary_that_fails_and_goes_through_with_one_that_confirms() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::start(folder.path()).unwrap();
    let [canary, second, third] = fleet.ports().map(|port| format!("port:{port}"));

    // Nothing is touched by a plan.
    let [a, b, c] = fleet.images(2, &["fail-self-test"]).unwrap();
    let plan = fleet.rollout(&["plan", &a, &b, &c]).unwrap();
    assert_eq!(plan.status, Some(0), "{}", plan.text);
    assert!(plan.text.contains("2.0.0 would go to 3 devices; nothing was touched"), "{}", plan.text);
    // An image for each of them, or none.
    let plan = fleet.rollout(&["plan", &a, &b, "--json"]).unwrap();
    assert_eq!(plan.status, Some(1), "{}", plan.text);
    assert!(plan.text.contains("none of the images is for pico with the flash map"), "{}", plan.text);

    let bad = fleet.rollout(&["start", &a, &b, &c]).unwrap();
    assert_eq!(bad.status, Some(1), "{}", bad.text);
    assert!(bad.text.contains(&format!("{canary}: update: rolled back")), "{}", bad.text);
    assert!(bad.text.contains("stopped: too many devices failed"), "{}", bad.text);
    assert!(![&second, &third].iter().any(|device| bad.text.contains(&format!("{device}: update"))), "{}", bad.text);
    fleet.run([(Slot::A, 1); 3]).unwrap();
    let aborted = fleet.rollout(&["abort"]).unwrap();
    assert_eq!(aborted.status, Some(0), "{}", aborted.text);

    let [a, b, c] = fleet.images(3, &[]).unwrap();
    let good = fleet.rollout(&["start", &a, &b, &c, "--json"]).unwrap();
    assert_eq!(good.status, Some(0), "{}", good.text);
    for device in [&canary, &second, &third] {
        let is_end = |line: &&str| line.contains("\"event\":\"ended\"") && line.contains(device.as_str());
        let ended: Vec<&str> = good.text.lines().filter(is_end).collect();
        assert!(matches!(ended[..], [end] if end.contains("\"ending\":\"confirmed\"")), "{}", good.text);
    }
    fleet.run([(Slot::B, 3); 3]).unwrap();
    let listed = fleet.rollout(&["list"]).unwrap().text;
    assert!(listed.contains("3.0.0") && listed.contains("aborted") && listed.contains("3 confirmed"), "{listed}");
    // And back.
    let back = fleet.rollout(&["abort", "3.0.0", "--rollback"]).unwrap();
    assert_eq!(back.status, Some(0), "{}", back.text);
    fleet.run([(Slot::A, 1); 3]).unwrap();
}
