//! What Prometheus reads.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The bounds of the durations that are told apart, in seconds.
const SECONDS: [f64; 10] = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// A device as `lifeboot_device_info` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DeviceLabels {
    /// Its id.
    pub device: String,
    /// Its board.
    pub board: String,
    /// The version that runs.
    pub version: String,
    /// Its port.
    pub port: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpLabels {
    device: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpdateLabels {
    outcome: &'static str,
    cause: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RolloutLabels {
    rollout: String,
    wave: String,
    state: String,
}

/// The metrics of this process. Its clones are the same metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    info: Family<DeviceLabels, Gauge>,
    up: Family<UpLabels, Gauge>,
    updates: Family<UpdateLabels, Counter>,
    durations: Histogram,
    sent: Family<KindLabels, Counter>,
    rollouts: Family<RolloutLabels, Gauge>,
    requests: Family<CodeLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            info: Family::default(),
            up: Family::default(),
            updates: Family::default(),
            durations: Histogram::new(SECONDS),
            sent: Family::default(),
            rollouts: Family::default(),
            requests: Family::default(),
        }
    }
}

impl Metrics {
    /// Notes what a device is, and whether it is within reach. `before` is what was noted of it last.
    pub fn device(&self, before: Option<&DeviceLabels>, now: &DeviceLabels, is_up: bool) {
        if let Some(before) = before.filter(|before| *before != now) {
            self.info.remove(before);
        }
        self.info.get_or_create(now).set(1);
        self.up.get_or_create(&UpLabels { device: now.device.clone() }).set(is_up.into());
    }

    /// Counts an update that has ended; `cause` is a word, `none` if it ended well. A duration that is unknown is not noted.
    pub fn update(&self, success: bool, cause: &str, duration: Option<Duration>) {
        let outcome = if success { "success" } else { "failure" };
        self.updates.get_or_create(&UpdateLabels { outcome, cause: cause.to_owned() }).inc();
        if let Some(duration) = duration {
            self.durations.observe(duration.as_secs_f64());
        }
    }

    /// Counts bytes sent to devices.
    pub fn sent(&self, kind: &'static str, bytes: u64) {
        self.sent.get_or_create(&KindLabels { kind }).inc_by(bytes);
    }

    /// Counts a request to the fleet server, by the status of its answer; `None` if there was none.
    pub fn request(&self, code: Option<u16>) {
        let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        self.requests.get_or_create(&CodeLabels { code }).inc();
    }

    /// Notes how many devices of a rollout's wave are in a state, instead of all that was noted of rollouts before.
    pub fn rollouts<'a>(&self, all: impl IntoIterator<Item = (&'a str, &'a str, &'a str, u64)>) {
        self.rollouts.clear();
        for (rollout, wave, state, devices) in all {
            let labels = RolloutLabels { rollout: rollout.into(), wave: wave.into(), state: state.into() };
            self.rollouts.get_or_create(&labels).set(i64::try_from(devices).unwrap_or(i64::MAX));
        }
    }

    /// Returns all metrics in OpenMetrics' text form.
    pub fn text(&self) -> String {
        let mut registry = Registry::with_prefix("lifeboot");
        registry.register("device_info", "What a device is: always 1", self.info.clone());
        registry.register("device_up", "Whether a device is within reach", self.up.clone());
        registry.register("updates", "Updates that have ended", self.updates.clone());
        registry.register("update_duration_seconds", "From the begin of an update to its end", self.durations.clone());
        registry.register("sent_bytes", "Bytes sent to devices", self.sent.clone());
        registry.register("rollout_devices", "Devices of a rollout's wave, by state", self.rollouts.clone());
        registry.register("ddi_requests", "Requests to the fleet server, by status", self.requests.clone());
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_are_those_that_dashboards_use() {
        let metrics = Metrics::default();
        let first = DeviceLabels { device: "ab".into(), version: "1.0.0".into(), ..DeviceLabels::default() };
        let second = DeviceLabels { version: "1.1.0\"\n".into(), ..first.clone() };
        metrics.device(None, &first, true);
        metrics.device(Some(&first), &second, false);
        metrics.update(false, "watchdog", Some(Duration::from_secs(7)));
        metrics.sent("image", 4096);
        metrics.request(Some(200));
        metrics.request(None);
        metrics.rollouts([("3.1.0", "1", "confirmed", 2)]);
        let text = metrics.text();
        for line in [
            r#"lifeboot_device_info{device="ab",board="",version="1.1.0\"\n",port=""} 1"#,
            r#"lifeboot_device_up{device="ab"} 0"#,
            r#"lifeboot_updates_total{outcome="failure",cause="watchdog"} 1"#,
            r#"lifeboot_update_duration_seconds_bucket{le="10.0"} 1"#,
            r#"lifeboot_sent_bytes_total{kind="image"} 4096"#,
            r#"lifeboot_ddi_requests_total{code="200"} 1"#,
            r#"lifeboot_ddi_requests_total{code="none"} 1"#,
            r#"lifeboot_rollout_devices{rollout="3.1.0",wave="1",state="confirmed"} 2"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(!text.contains("1.0.0\""), "what a device was is not shown:\n{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
