//! `lifeboot gateway`

mod rollouts;

use super::rollout::folder::Places;
use super::rollout::site::{Ports, Talk};
use crate::error::Error;
use crate::output::Output;
use clap::ValueEnum;
use lifeboot_fleet::fleet_file::Fleet;
use lifeboot_fleet::lines::Lines;
use lifeboot_gateway::gateway::Gateway;
use lifeboot_gateway::inbox::Inbox;
use lifeboot_gateway::settings::Settings;
use lifeboot_gateway::signals;
use lifeboot_gateway::stop::Stop;
use lifeboot_gateway::systemd::{DASHBOARD, UNIT};
use lifeboot_project::environment::variable;
use lifeboot_project::files::{self, Kind};
use lifeboot_report::GatewayReport;
use rollouts::Rollouts;
use std::io::stderr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use tracing::level_filters::LevelFilter;
use tracing::{error, warn};

/// Run the service between devices and a fleet server (hawkBit's DDI)
///
/// For each device at this machine's ports it asks the server for updates, brings them to the device, and reports success only
/// once the device has confirmed. Settings are in the table [gateway] of fleet.toml. What it does, it logs on stderr.
/// SIGHUP reloads fleet.toml; SIGTERM and Ctrl-C end it in good order.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot gateway --fleet /etc/lifeboot/fleet.toml
  lifeboot gateway --install | sudo tee /etc/systemd/system/lifeboot-gateway.service
  lifeboot gateway --dashboard > lifeboot.json")]
pub struct Arguments {
    /// The file with the table [gateway]
    #[arg(long, value_name = "FLEET.toml", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// Print a unit for systemd, and do nothing else
    #[arg(long)]
    install: bool,
    /// Print a dashboard for Grafana, and do nothing else
    #[arg(long, conflicts_with = "install")]
    dashboard: bool,
    /// What is logged
    #[arg(long, value_enum, default_value_t = Level::Info)]
    log: Level,
    /// Log in JSON, an object a line
    #[arg(long)]
    log_json: bool,
    #[command(flatten)]
    talk: Talk,
}

/// What is logged.
#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<GatewayReport, Error> {
    if arguments.install || arguments.dashboard {
        let text = if arguments.install { UNIT } else { DASHBOARD };
        return Ok(GatewayReport { text: text.trim_end().to_owned() });
    }
    log(arguments);
    let Configuration { settings, fleet, places } = configuration(&arguments.fleet)?;
    let tokens = settings.read_tokens(credentials().as_deref())?;
    // Devices are waited for until they have confirmed: `Stop` ends the rest.
    let site = arguments.talk.site_with(places, output, Arc::new(AtomicBool::new(false)));
    let (state, inbox) = (settings.state.clone(), settings.inbox.clone());
    let limit = settings.artifact_limit;
    let gateway = Gateway::open(settings, tokens, &site)?;
    let rollouts = Rollouts::new(&state, fleet, &site, &gateway);
    let inbox = inbox.map(|folder| Inbox::open(&folder, limit)).transpose()?;
    let stop = Stop::default();
    thread::scope(|scope| {
        let reload = || reload(arguments, &gateway, &rollouts);
        let _signals = signals::watch(scope, &stop, reload).map_err(Error::Signals)?;
        let (sender, begun) = std::sync::mpsc::channel();
        if let Some(mut inbox) = inbox {
            let (stop, rollouts) = (&stop, &rollouts);
            scope.spawn(move || {
                let took = inbox.run(stop, &mut |_, image| rollouts.take(image, &sender));
                if let Err(error) = took {
                    error!(%error, "the inbox is not watched any more");
                }
            });
            scope.spawn(move || rollouts.drive(&begun, stop));
        }
        let ran = gateway.run(&stop);
        stop.request();
        Ok::<_, Error>(ran?)
    })?;
    Ok(GatewayReport { text: "stopped".to_owned() })
}

/// What `fleet.toml` says.
struct Configuration {
    settings: Settings,
    /// `None` if it names no devices: then those at all ports are the server's alone.
    fleet: Option<Fleet>,
    places: Places,
}

fn configuration(path: &Path) -> Result<Configuration, Error> {
    let text = files::read_text(path, Kind::Settings)?;
    let settings = Settings::parse(path, &text)?;
    let names_devices = text.lines().any(|line| line.trim_start().starts_with("[[device]]"));
    let fleet = if names_devices || settings.inbox.is_some() { Some(Fleet::parse(path, &text)?) } else { None };
    let places = fleet.as_ref().map(Places::of).unwrap_or_default();
    Ok(Configuration { settings, fleet, places })
}

fn reload(arguments: &Arguments, gateway: &Gateway, rollouts: &Rollouts<'_, Lines<Ports>>) {
    let reloaded = configuration(&arguments.fleet).and_then(|Configuration { settings, fleet, .. }| {
        let tokens = settings.read_tokens(credentials().as_deref())?;
        let needs_restart = gateway.reload(settings, tokens)?;
        rollouts.set_fleet(fleet);
        Ok(needs_restart)
    });
    match reloaded {
        Ok(None) => {}
        Ok(Some(setting)) => warn!(setting, "stays as it was until a restart"),
        Err(error) => error!(%error, "fleet.toml is not taken over: it stays as it was"),
    }
}

/// Returns where systemd puts the unit's credentials.
fn credentials() -> Option<PathBuf> {
    variable("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

fn log(arguments: &Arguments) {
    let level = match arguments.log {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(stderr);
    if arguments.log_json {
        lines.json().init();
    } else {
        lines.with_ansi(crate::output::has_terminal()).init();
    }
}
