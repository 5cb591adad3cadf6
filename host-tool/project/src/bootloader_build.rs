//! The command that builds a board's bootloader.

use crate::board_file::BoardFile;
use lifeboot_board::chip::Family;
use std::path::Path;

/// Returns the bootloader's feature for the chip code of a family.
pub const fn feature(family: Family) -> &'static str {
    match family {
        Family::Nrf51 => "nrf51",
        Family::Rp2040 => "rp2040",
        Family::Stm32f4 => "stm32f4",
    }
}

/// Returns the command that builds the bootloader of a board for a public key, with words in capitals for what is unknown.
pub fn command(file: Option<&BoardFile>, key: Option<&Path>) -> String {
    let board = absolute(file.map_or(Path::new("BOARD.toml"), |file| &file.path));
    let key = absolute(key.unwrap_or(Path::new("KEY.pub.pem")));
    let chip = file.map(|file| &file.description.chip);
    let (feature, target) = chip.map_or(("CHIP", "TARGET"), |chip| (feature(chip.family), chip.core.target()));
    format!(
        "LIFEBOOT_BOARD={board} LIFEBOOT_KEYS={key} cargo build -p lifeboot-bootloader --features {feature} --target {target} \
         --profile embedded"
    )
}

/// Returns a path as it is written for a build script, which cargo runs in the bootloader's folder.
fn absolute(path: &Path) -> String {
    if path.is_absolute() { path.display().to_string() } else { format!("$PWD/{}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bootloader_has_a_feature_for_each_family() {
        let manifest = include_str!("../../../bootloader/Cargo.toml");
        for family in [Family::Nrf51, Family::Rp2040, Family::Stm32f4] {
            let feature = feature(family);
            assert!(manifest.lines().any(|line| line.starts_with(&format!("{feature} = ["))), "{feature}");
        }
    }
}
