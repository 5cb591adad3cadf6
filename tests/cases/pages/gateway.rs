//! The settings of the gateway on the page about fleets are those of the sources. `LIFEBOOT_BLESS` writes them.

use super::{BLESS, page};
use lifeboot_gateway::settings::SETTINGS;
use lifeboot_tests::product;
use std::fs;

const PAGE: &str = "docs/fleets.md";
const BEGIN: &str = "<!-- Settings of the gateway. -->\n";
const END: &str = "<!-- Up to here. -->\n";

#[test]
fn the_settings_of_the_gateway_are_those_of_the_sources() {
    let rows = SETTINGS.map(|(name, what, example)| format!("| `{name}` | {what} | `{example}` |\n"));
    let table = format!("\n| setting | what it sets | for example |\n| --- | --- | --- |\n{}\n", rows.concat());
    let text = page(PAGE);
    let (before, rest) = text.split_once(BEGIN).expect("a place for the settings");
    let (written, behind) = rest.split_once(END).expect("its end");
    if std::env::var_os(BLESS).is_some() {
        fs::write(product::root().join(PAGE), format!("{before}{BEGIN}{table}{END}{behind}")).unwrap();
        return;
    }
    assert_eq!(written, table, "LIFEBOOT_BLESS=1 cargo test -p lifeboot-tests pages writes it");
}
