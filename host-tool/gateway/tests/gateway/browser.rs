//! The status page in a browser: its script runs under its own policy, and keeps it up to date.

use crate::fake::Fake;
use crate::kit::{Bench, Does, image, run, settings, until};
use lifeboot_artifact::swu;
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::Gateway;
use std::net::SocketAddr;
use std::process::Command;

#[test]
fn the_page_lives_and_shows_texts_as_text() {
    let browser = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
        .expect("no browser: sudo apt-get install --no-install-recommends chromium");
    let folder = tempfile::tempdir().unwrap();
    let hostile = "<img src=x onerror=document.title='owned'>";
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::RollsBack), (hostile, Does::Confirms)]));
    fake.offer("ab12", "1", &swu::write(&image(1), "1").unwrap());
    let mut settings = settings(&fake.url, folder.path());
    settings.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let gateway = Gateway::open(settings, Tokens::default(), &bench).unwrap();
    let address = gateway.address().unwrap();
    run(&gateway, |gateway| {
        until(|| !fake.closed("ab12").is_empty(), || format!("{:?}", gateway.status()));
        let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
        let output = Command::new(browser)
            // It opens nothing but this page, also where this test runs as root.
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--virtual-time-budget=3000",
                "--dump-dom",
                &profile,
            ])
            .arg(format!("http://{address}/"))
            .output()
            .unwrap();
        let page = String::from_utf8_lossy(&output.stdout);
        assert!(
            page.contains("data-live=\"yes\""),
            "the script did not run: {page}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(page.contains("<tr class=\"failed\"><td>ab12</td>"), "{page}");
        assert!(page.contains("&lt;img src=x") && !page.contains("<img"), "{page}");
        assert!(page.contains("<title>Lifeboot gateway</title>"), "{page}");
        assert!(page.contains("reset cause: watchdog"), "{page}");
    })
    .unwrap();
}
