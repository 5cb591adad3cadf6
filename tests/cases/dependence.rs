//! Depending on Lifeboot must not change how an application's other crates behave. Cargo builds a crate once, with the
//! features that any of its users wants, so a feature that Lifeboot turns on is on in the whole program. A small firmware
//! that depends on the same crates is resolved twice, with the updater and without it, and what differs must be here, with
//! the reason why it changes nothing.

use anyhow::{Context, Result, ensure};
use lifeboot_tests::product;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Name and version of a crate, and its features.
type Features = BTreeMap<(String, String), BTreeSet<String>>;

/// What the updater turns on in crates that an application may have as well: the crate, the feature, and why it changes
/// nothing for who does not use it.
const ADDED: [(&str, &str, &str); 1] = [(
    "curve25519-dalek",
    "legacy_compatibility",
    "it makes a function public, `Scalar::from_bits`, as a test below sees",
)];

/// What puts a symbol or a section into a program whether it is called or not.
const SYMBOLS: [&str; 6] = ["no_mangle", "export_name", "link_section", "#[used", "global_asm!", "#[link("];

/// A package of its own, outside of Lifeboot's workspace, with these dependencies, and Lifeboot's locked versions.
fn package(dependencies: &str) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let manifest = format!(
        "[package]\nname = \"firmware\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"
    );
    fs::write(folder.path().join("Cargo.toml"), manifest)?;
    fs::create_dir(folder.path().join("src"))?;
    fs::write(folder.path().join("src/lib.rs"), "")?;
    fs::copy(product::root().join("Cargo.lock"), folder.path().join("Cargo.lock"))?;
    Ok(folder)
}

/// What cargo says of a package; nothing is built, and what is missing on this machine is downloaded.
fn cargo(folder: &Path, arguments: &[&str]) -> Result<String> {
    let run = |more: &[&str]| Command::new(env!("CARGO")).args(arguments).args(more).current_dir(folder).output();
    let mut output = run(&["--offline"])?;
    if !output.status.success() {
        output = run(&[])?;
    }
    ensure!(output.status.success(), "cargo {arguments:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The crates that are linked into a package's firmware for a target, with their features; not those of Lifeboot.
fn features(package: &TempDir, target: &str) -> Result<Features> {
    let format = ["--prefix", "none", "--no-dedupe", "--format", "{p}|{f}"];
    // Macros run on the host, where features are counted apart.
    let edges = ["tree", "--target", target, "--edges", "normal,no-proc-macro"];
    let tree = cargo(package.path(), &[&edges[..], &format[..]].concat())?;
    let mut found = Features::new();
    for line in tree.lines() {
        let (package, features) = line.split_once('|').context("a line without features")?;
        // Lifeboot's own, which have a path.
        if package.contains('(') {
            continue;
        }
        let (name, version) = package.split_once(" v").context("a package without a version")?;
        let features = features.split(',').filter(|feature| !feature.is_empty()).map(str::to_owned);
        found.entry((name.to_owned(), version.to_owned())).or_default().extend(features);
    }
    Ok(found)
}

/// Where the sources of a package's crates are, and more. For a board: what only other platforms need may not be there.
fn metadata(package: &TempDir) -> serde_json::Value {
    let arguments = ["metadata", "--format-version", "1", "--filter-platform", "thumbv6m-none-eabi"];
    let metadata = cargo(package.path(), &arguments).unwrap();
    serde_json::from_str(&metadata).unwrap()
}

/// A firmware that depends on the updater.
fn with_updater(options: &str) -> Result<TempDir> {
    let path = product::root().join("updater");
    package(&format!("lifeboot-updater = {{ path = {path:?}{options} }}\n"))
}

/// A firmware that depends on the same crates itself, with none of their features.
fn without_updater(crates: &Features) -> Result<TempDir> {
    let line = |(number, (name, version)): (usize, &(String, String))| {
        format!("of{number} = {{ package = \"{name}\", version = \"={version}\", default-features = false }}\n")
    };
    package(&crates.keys().enumerate().map(line).collect::<String>())
}

/// The features that are on only because the updater is there.
fn added(options: &str, target: &str) -> Result<BTreeSet<(String, String)>> {
    let with = features(&with_updater(options)?, target)?;
    let without = features(&without_updater(&with)?, target)?;
    ensure!(with.len() > 20 && with.keys().all(|used| without.contains_key(used)), "not the same crates");
    let more = |(used, features): (&(String, String), &BTreeSet<String>)| {
        let name = used.0.clone();
        let own = without[used].clone();
        features
            .iter()
            .filter(move |feature| !own.contains(*feature))
            .map(move |feature| (name.clone(), feature.clone()))
            .collect::<Vec<_>>()
    };
    Ok(with.iter().flat_map(more).collect())
}

#[test]
fn the_updater_turns_on_no_feature_that_changes_an_applications_other_crates() {
    let known: BTreeSet<_> =
        ADDED.iter().map(|(name, feature, _)| ((*name).to_owned(), (*feature).to_owned())).collect();
    let mut all = BTreeSet::new();
    for target in [product::MICROBIT.triple, product::STM32F405.triple] {
        for options in ["", ", default-features = false", ", features = [\"defmt\"]"] {
            let added = added(options, target).unwrap();
            let new: Vec<_> = added.difference(&known).collect();
            assert!(
                new.is_empty(),
                "{target}{options}: turned on by the updater, and not known to be harmless: {new:?}"
            );
            all.extend(added);
        }
    }
    assert_eq!(all, known, "some are no longer turned on");
}

/// Wherever the library looks at the feature.
#[test]
fn the_curves_feature_only_makes_a_function_public() {
    let metadata = metadata(&with_updater("").unwrap());
    let curve =
        metadata["packages"].as_array().unwrap().iter().find(|described| described["name"] == ADDED[0].0).unwrap();
    let folder = Path::new(curve["manifest_path"].as_str().unwrap()).with_file_name("");
    let texts: String = sources(&folder).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let condition = format!("feature = \"{}\"", ADDED[0].1);
    let [_, only] = texts.split(&condition).collect::<Vec<_>>()[..] else { panic!("not one place looks at it") };
    assert!(only.starts_with(")]\n    pub const fn from_bits(bytes: [u8; 32]) -> Scalar {\n"), "{}", &only[..200]);
}

/// The one that this is about: with it, all code of the build takes S + ℓ for S.
#[test]
fn no_signature_of_the_application_is_taken_for_another() {
    let updater = features(&with_updater("").unwrap(), product::STM32F405.triple).unwrap();
    let dalek: Vec<_> = updater.iter().filter(|((name, _), _)| name == "ed25519-dalek").collect();
    assert!(matches!(dalek[..], [(_, features)] if !features.contains("legacy_compatibility")), "{dalek:?}");
}

#[test]
fn the_updater_brings_no_symbol_or_section_into_a_program() {
    let package = with_updater("").unwrap();
    let linked = features(&package, product::STM32F405.triple).unwrap();
    let metadata = metadata(&package);
    let mut files = 0;
    let mut found = Vec::new();
    for described in metadata["packages"].as_array().unwrap() {
        let text = |field: &str| described[field].as_str().unwrap().to_owned();
        let is_ours = ["lifeboot-core", "lifeboot-updater", "lifeboot-wire"].contains(&text("name").as_str());
        if !is_ours && !linked.contains_key(&(text("name"), text("version"))) {
            continue;
        }
        assert!(described["links"].is_null(), "{} links a library", text("name"));
        for file in sources(&Path::new(&text("manifest_path")).with_file_name("src")) {
            files += 1;
            let source = fs::read_to_string(&file).unwrap();
            found.extend(
                SYMBOLS.iter().filter(|symbol| source.contains(**symbol)).map(|symbol| (file.clone(), *symbol)),
            );
        }
    }
    assert!(files > 200, "only {files} files were found");
    assert!(found.is_empty(), "{found:#?}");
}

/// All Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false if path.extension().is_some_and(|extension| extension == "rs") => vec![path],
            false => Vec::new(),
        })
        .collect()
}
