//! Cancelling, consents and maintenance windows, which goosebit lacks: with the stand-in for hawkBit that its Rust client is
//! tested with. It answers 404 to all feedback but that which a test expects.

// Equipment of the gateway's other tests.
#[path = "../tests/gateway/fake.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod fake;
#[path = "../tests/gateway/kit.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod kit;

use crate::kit::{Bench, Does, image, run, settings, until};
use hawkbit::ddi::{ConfirmationResponse, Execution, Finished, MaintenanceWindow, Type};
use hawkbit_mock::ddi::{
    ChunkProtocol, Deployment, DeploymentBuilder, Server, ServerBuilder, Target, TargetAuthorization,
};
use lifeboot_artifact::hex;
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::Gateway;
use sha2::{Digest, Sha256};
use std::path::Path;
use tempfile::TempDir;

struct Setup {
    folder: TempDir,
    bench: Bench,
    server: Server,
    target: Target,
}

fn setup(does: Does) -> Setup {
    let server = ServerBuilder::default().build();
    let target = server.add_target("ab12");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("fw.img"), image(1).to_bytes()).unwrap();
    Setup { folder, bench: Bench::with(&[("ab12", does)]), server, target }
}

impl Setup {
    fn deployment(&self, window: Option<MaintenanceWindow>, confirmation: bool) -> Deployment {
        let file = self.folder.path().join("fw.img");
        let sha256 = hex(&Sha256::digest(std::fs::read(&file).unwrap()));
        // Only the strongest one is right.
        let artifacts = vec![(file, "00000000000000000000000000000000", "0", &*sha256)];
        let update = if window == Some(MaintenanceWindow::Unavailable) { Type::Skip } else { Type::Forced };
        let builder = DeploymentBuilder::new("10", Type::Forced, update).confirmation_required(confirmation).chunk(
            ChunkProtocol::BOTH,
            "os",
            "3.1.1",
            "fw",
            artifacts,
        );
        match window {
            Some(window) => builder.maintenance_window(window).build(),
            None => builder.build(),
        }
    }

    fn gateway(&self, consent: Option<bool>) -> Gateway<'_> {
        let mut settings = settings(&self.server.base_url(), self.folder.path());
        settings.consent = consent;
        let tokens = Tokens::default().with_targets(Path::new("x"), "ab12 Keyab12\n").unwrap();
        Gateway::open(settings, tokens, &self.bench).unwrap()
    }

    fn cached(&self) -> usize {
        let files = std::fs::read_dir(self.folder.path().join("cache")).unwrap();
        files.filter(|file| file.as_ref().unwrap().path().extension().is_none()).count()
    }
}

#[test]
fn a_window_is_waited_for_with_the_artifact_at_hand() {
    let setup = setup(Does::Confirms);
    setup.target.push_deployment(setup.deployment(Some(MaintenanceWindow::Unavailable), false));
    let success = ("10", Execution::Closed, Finished::Success);
    let ended = setup.target.expect_deployment_feedback(success.0, success.1, success.2, None, vec!["confirmed 3.1.1"]);
    let gateway = setup.gateway(None);
    run(&gateway, |gateway| {
        let state = || format!("{:?}", gateway.status());
        until(|| setup.cached() == 1, state);
        let polls = setup.target.poll_hits();
        until(|| setup.target.poll_hits() > polls + 3, state);
        assert!(setup.bench.get("ab12").acts.is_empty());
        setup.target.push_deployment(setup.deployment(Some(MaintenanceWindow::Available), false));
        until(|| ended.calls() == 1, state);
        let polls = setup.target.poll_hits();
        until(|| setup.target.poll_hits() > polls + 3, state);
    })
    .unwrap();
    assert_eq!(
        (ended.calls(), setup.bench.get("ab12").acts.len()),
        (1, 1),
        "the link stays, and nothing is done twice"
    );
}

#[test]
fn what_has_not_begun_is_cancelled() {
    let setup = setup(Does::Confirms);
    setup.target.push_deployment(setup.deployment(Some(MaintenanceWindow::Unavailable), false));
    let cancelled = setup.target.expect_cancel_feedback("10", Execution::Closed, Finished::Success, vec!["cancelled"]);
    let gateway = setup.gateway(None);
    run(&gateway, |gateway| {
        until(|| setup.cached() == 1, || format!("{:?}", gateway.status()));
        setup.target.cancel_action("10");
        until(|| cancelled.calls() >= 1, || format!("{:?}", gateway.status()));
    })
    .unwrap();
    assert!(setup.bench.get("ab12").acts.is_empty());
}

#[test]
fn a_transfer_is_given_up_and_the_device_stays_what_it_was() {
    let setup = setup(Does::Hangs);
    setup.target.push_deployment(setup.deployment(None, false));
    let cancelled = setup.target.expect_cancel_feedback("10", Execution::Closed, Finished::Success, vec!["cancelled"]);
    let gateway = setup.gateway(None);
    run(&gateway, |gateway| {
        until(|| setup.bench.get("ab12").acts.len() == 1, || format!("{:?}", gateway.status()));
        setup.target.cancel_action("10");
        until(|| cancelled.calls() >= 1, || format!("{:?}", gateway.status()));
    })
    .unwrap();
    assert_eq!((setup.bench.get("ab12").version, setup.bench.get("ab12").starts), ("3.0.0".to_owned(), 0));
}

/// The device has restarted already: what it does then counts, and the server hears both.
#[test]
fn a_cancel_that_comes_too_late_is_rejected() {
    let setup = setup(Does::IsOnTrial);
    setup.target.push_deployment(setup.deployment(None, false));
    let rejected =
        setup.target.expect_cancel_feedback("10", Execution::Rejected, Finished::None, vec!["too late to cancel"]);
    let (closed, success) = (Execution::Closed, Finished::Success);
    let ended = setup.target.expect_deployment_feedback("10", closed, success, None, vec!["confirmed 3.1.1"]);
    let gateway = setup.gateway(None);
    run(&gateway, |gateway| {
        let state = || format!("{:?}", gateway.status());
        let sent = || gateway.status().devices[0].run.as_ref().and_then(|run| run.transferred);
        until(|| !gateway.status().devices.is_empty(), state);
        until(|| sent().is_some_and(|(done, total)| done == total), state);
        setup.target.cancel_action("10");
        until(|| setup.target.cancel_action_hits() >= 1, state);
        assert_eq!((rejected.calls(), ended.calls()), (0, 0), "nothing is known yet");
        setup.bench.change("ab12", |device| device.does = Does::Confirms);
        until(|| rejected.calls() >= 1 && ended.calls() == 1, state);
    })
    .unwrap();
    assert_eq!(setup.bench.get("ab12").version, "3.1.1");
}

#[test]
fn consents_are_given_and_denied_and_otherwise_waited_for() {
    for (consent, answer, detail) in [
        (Some(true), ConfirmationResponse::Confirmed, "the gateway's settings give consent"),
        (Some(false), ConfirmationResponse::Denied, "the gateway's settings deny consent"),
    ] {
        let setup = setup(Does::Confirms);
        setup.target.push_deployment(setup.deployment(None, true));
        let answered = setup.target.expect_confirmation_feedback("10", None, answer, vec![detail]);
        let gateway = setup.gateway(consent);
        run(&gateway, |gateway| until(|| answered.calls() >= 1, || format!("{:?}", gateway.status()))).unwrap();
        assert!(setup.bench.get("ab12").acts.is_empty(), "it is not offered yet");
    }
    let setup = setup(Does::Confirms);
    setup.target.push_deployment(setup.deployment(None, true));
    let gateway = setup.gateway(None);
    run(&gateway, |gateway| until(|| setup.target.poll_hits() > 3, || format!("{:?}", gateway.status()))).unwrap();
    assert_eq!(setup.target.confirmation_hits(), 0);
}

#[test]
fn a_gateway_token_and_attributes_on_request() {
    let server = ServerBuilder::default().target_authorization(TargetAuthorization::GatewayToken).build();
    let target = server.add_target("ab12");
    target.request_config(serde_json::json!({ "mode": "merge", "data": {
        "hw_boardname": "microbit", "hw_revision": "1", "sw_version": "3.0.0",
        "lifeboot_confirmed": "true", "lifeboot_digest": "0000000000000000", "lifeboot_map": "00000007",
    } }));
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::with(&[("ab12", Does::Confirms)]);
    let tokens = Tokens::default().with_gateway(Path::new("x"), "KeyDEFAULT").unwrap();
    let gateway = Gateway::open(settings(&server.base_url(), folder.path()), tokens, &bench).unwrap();
    run(&gateway, |gateway| until(|| target.config_data_hits() >= 1, || format!("{:?}", gateway.status()))).unwrap();
}
