//! The names of outputs.

use std::path::{Path, PathBuf};

/// Returns a path with another ending. Only one of the `known` endings is replaced: in `blinky-1.2.3`, the `3` is none.
pub fn with_ending(path: &Path, known: &[&str], ending: &str) -> PathBuf {
    let has_known = path.extension().is_some_and(|extension| known.iter().any(|known| extension == *known));
    let name = if has_known { path.file_stem() } else { path.file_name() };
    let mut name = name.unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// Returns a path relative to the current folder, if it lies there.
pub fn near(path: &Path) -> PathBuf {
    match std::env::current_dir() {
        Ok(folder) => path.strip_prefix(folder).unwrap_or(path).to_owned(),
        Err(_) => path.to_owned(),
    }
}

/// Returns whether an output's name means this process's standard output.
pub fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Returns an output's name for people.
pub fn shown(path: &Path) -> String {
    if is_stdout(path) { "stdout".to_owned() } else { path.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_at_the_end_of_a_name_stays() {
        let image = |name: &str| with_ending(Path::new(name), &["elf"], "img").display().to_string();
        assert_eq!(image("blinky-1.2.3"), "blinky-1.2.3.img");
        assert_eq!(image("blinky-1.2.3.elf"), "blinky-1.2.3.img");
        assert_eq!(image("target/release/app"), "target/release/app.img");
        assert_eq!(image("a.b/app"), "a.b/app.img");
    }
}
