use super::*;
use serde_json::{Value, json};

fn server() -> Server {
    Server::parse("http://127.0.0.1:60053").unwrap()
}

fn offer(answer: Value) -> Result<Option<Offer>, String> {
    let link = server().link("/DEFAULT/controller/v1/dev1/deploymentBase/1?c=5").unwrap();
    Offer::new(&server(), &link, serde_json::from_value(answer).unwrap(), 100_000)
}

fn with_artifact(artifact: Value) -> Result<Artifact, String> {
    let chunks = json!([{ "artifacts": [artifact] }]);
    offer(json!({ "id": "1", "deployment": { "chunks": chunks } })).unwrap().unwrap().artifact
}

fn artifact_with(changes: Value) -> Value {
    let mut artifact = json!({
        "filename": "fw.swu", "hashes": { "sha1": "d7884306af5bf29c54f08195c9dc29e0f9feb7a3" }, "size": 31044,
        "_links": { "download": { "href": "http://127.0.0.1:60053/DEFAULT/controller/v1/dev1/download" } },
    });
    for (name, value) in changes.as_object().unwrap() {
        artifact[name] = value.clone();
    }
    artifact
}

#[test]
fn sha1_alone_is_taken_and_the_strongest_otherwise() {
    let artifact = with_artifact(artifact_with(json!({}))).unwrap();
    assert_eq!(artifact.digest.algorithm(), Algorithm::Sha1);
    let all = json!({ "hashes": { "md5": "a".repeat(32), "sha1": "b".repeat(40), "sha256": "C".repeat(64) } });
    assert_eq!(with_artifact(artifact_with(all)).unwrap().digest.to_string(), format!("sha256-{}", "c".repeat(64)));
    let broken = json!({ "hashes": { "md5": "a".repeat(32), "sha256": "no digest" } });
    assert_eq!(with_artifact(artifact_with(broken)).unwrap().digest.algorithm(), Algorithm::Md5);
}

#[test]
fn what_cannot_be_used_says_why() {
    let why = |changes: Value| with_artifact(artifact_with(changes)).unwrap_err();
    assert!(why(json!({ "size": 100_001 })).contains("artifact-limit"));
    assert!(why(json!({ "size": 0 })).contains("0 bytes"));
    assert!(why(json!({ "size": null })).contains("how large"));
    assert!(why(json!({ "hashes": {} })).contains("no digest"));
    assert!(why(json!({ "_links": {} })).contains("no link"));
    let elsewhere = json!({ "_links": { "download": { "href": "https://cdn.example.com/fw.swu" } } });
    assert!(why(elsewhere).contains("another host"));
    let nothing = offer(json!({ "id": 7, "deployment": {} })).unwrap().unwrap();
    assert_eq!(nothing.action, "7");
    assert!(nothing.artifact.unwrap_err().contains("none of the action's 0 artifacts"));
}

#[test]
fn null_is_no_action() {
    assert_eq!(offer(json!({})).unwrap(), None);
    assert_eq!(offer(json!({ "id": null, "unknown": [1] })).unwrap(), None);
}

#[test]
fn an_id_is_taken_from_the_link_if_need_be_and_never_unbounded() {
    assert_eq!(offer(json!({ "deployment": {} })).unwrap().unwrap().action, "1");
    assert!(offer(json!({ "id": "a".repeat(200), "deployment": {} })).is_err());
    assert!(offer(json!({ "id": "a\nb", "deployment": {} })).is_err());
}

#[test]
fn handling_and_windows() {
    let may = |download: &str, update: &str, window: Option<&str>| {
        let mut deployment = json!({ "download": download, "update": update });
        if let Some(window) = window {
            deployment["maintenanceWindow"] = window.into();
        }
        let offer = offer(json!({ "id": "1", "deployment": deployment })).unwrap().unwrap();
        (offer.may_download, offer.may_update, offer.is_forced, offer.is_download_only)
    };
    assert_eq!(may("forced", "forced", None), (true, true, true, false));
    assert_eq!(may("attempt", "attempt", None), (true, true, false, false));
    assert_eq!(may("forced", "skip", Some("unavailable")), (true, false, false, false));
    assert_eq!(may("forced", "forced", Some("unavailable")), (true, false, true, false));
    assert_eq!(may("skip", "attempt", Some("available")), (false, true, false, false));
    assert_eq!(may("forced", "skip", None), (true, false, false, true));
}

#[test]
fn a_poll_without_anything_is_one() {
    let poll = |answer: Value| Poll::new(&server(), serde_json::from_value(answer).unwrap());
    assert_eq!(poll(json!({})), Ok(Poll::default()));
    let full = poll(json!({
        "config": { "polling": { "sleep": "00:01:05" }, "new": 1 },
        "_links": { "cancelAction": { "href": "/a/cancelAction/3" }, "installedBase": { "href": "http://x/" } },
    }));
    let full = full.unwrap();
    assert_eq!(full.sleep, Some(Duration::from_secs(65)));
    assert_eq!(full.cancel.unwrap().last(), "3");
    for sleep in ["5", "1:2:3:4", "a:b:c", "-1:00:00", "99999999999:00:00"] {
        assert_eq!(poll(json!({ "config": { "polling": { "sleep": sleep } } })).unwrap().sleep, None, "{sleep}");
    }
}

#[test]
fn a_cancel_names_the_action() {
    let link = server().link("/a/cancelAction/12").unwrap();
    let cancel = |answer: Value| Cancel::new(&link, serde_json::from_value(answer).unwrap()).unwrap();
    assert_eq!(cancel(json!({ "id": "12", "cancelAction": { "stopId": 11 } })).action, "11");
    assert_eq!(cancel(json!({})).action, "12");
}
