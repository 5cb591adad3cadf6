//! Which crate of the workspace may use which: arrows go one way only.

use super::root;
use cargo_metadata::semver::VersionReq;
use cargo_metadata::{DependencyKind, MetadataCommand, Package, TargetKind};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// What each crate may use: one more here is a decision, and a line of ARCHITECTURE.md.
const ARROWS: [(&str, &[&str]); 22] = [
    // What runs on devices.
    ("lifeboot-compact", &[]),
    ("lifeboot-core", &["lifeboot-compact"]),
    ("lifeboot-chips", &["lifeboot-core"]),
    ("lifeboot-bootloader", &["lifeboot-build", "lifeboot-chips", "lifeboot-core"]),
    ("lifeboot-wire", &["lifeboot-core"]),
    ("lifeboot-updater", &["lifeboot-core", "lifeboot-wire"]),
    ("lifeboot-build", &["lifeboot-board", "lifeboot-core", "lifeboot-pem"]),
    ("lifeboot-added-flash", &["lifeboot-build", "lifeboot-updater"]),
    ("lifeboot-firmware-example", &["lifeboot-build", "lifeboot-chips", "lifeboot-updater"]),
    ("lifeboot-example-boards", &["lifeboot-board", "lifeboot-core"]),
    // The host, from below; the first two are for builds, too.
    ("lifeboot-board", &["lifeboot-core"]),
    ("lifeboot-pem", &[]),
    ("lifeboot-artifact", &["lifeboot-core", "lifeboot-pem", "lifeboot-wire"]),
    ("lifeboot-client", &["lifeboot-artifact", "lifeboot-core", "lifeboot-wire"]),
    ("lifeboot-serial", &["lifeboot-client"]),
    ("lifeboot-logs", &["lifeboot-artifact", "lifeboot-client", "lifeboot-core", "lifeboot-wire"]),
    ("lifeboot-report", &["lifeboot-artifact", "lifeboot-client", "lifeboot-core", "lifeboot-fleet", "lifeboot-wire"]),
    ("lifeboot-gateway", &["lifeboot-artifact", "lifeboot-fleet"]),
    ("lifeboot-project", &["lifeboot-artifact", "lifeboot-board", "lifeboot-core", "lifeboot-pem"]),
    ("lifeboot-fleet", &["lifeboot-artifact", "lifeboot-client", "lifeboot-core", "lifeboot-wire"]),
    ("lifeboot-probe", &["lifeboot-artifact", "lifeboot-core"]),
    (
        "lifeboot-host-tool",
        &[
            "lifeboot-artifact",
            "lifeboot-board",
            "lifeboot-client",
            "lifeboot-core",
            "lifeboot-fleet",
            "lifeboot-gateway",
            "lifeboot-logs",
            "lifeboot-probe",
            "lifeboot-project",
            "lifeboot-report",
            "lifeboot-serial",
            "lifeboot-wire",
        ],
    ),
];

/// The one that may use all of them.
const TESTS: &str = "lifeboot-tests";

/// The members of the workspace, and the root files of what they build.
pub fn members() -> Vec<(String, Vec<PathBuf>)> {
    let built = |kinds: &[TargetKind]| kinds.iter().all(|kind| *kind != TargetKind::CustomBuild);
    let packages = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap().packages;
    let members = packages.into_iter().map(|package| {
        let targets = package.targets.into_iter().filter(|target| built(&target.kind));
        (package.name.to_string(), targets.map(|target| target.src_path.into_std_path_buf()).collect())
    });
    members.collect()
}

#[test]
fn arrows_between_crates_go_one_way() {
    let mut arrows = BTreeMap::from(ARROWS);
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    for package in metadata.packages.iter().filter(|package| package.name.as_str() != TESTS) {
        let name = package.name.as_str();
        let allowed = arrows.remove(name).unwrap_or_else(|| panic!("{name} is new: say in ARROWS what it may use"));
        let ours = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
        // Tests of a crate may use what is above it.
        let used = ours.filter(|dependency| dependency.kind != DependencyKind::Development);
        for used in used {
            assert!(allowed.contains(&used.name.as_str()), "{name} must not use {}", used.name);
        }
    }
    assert!(arrows.is_empty(), "no such crates any more: {arrows:?}");
}

/// What is published stands on its own: it says what it is, under which licences, and its page leads nowhere out of it.
#[test]
fn what_is_published_is_complete() {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let is_published = |package: &&Package| package.publish.is_none();
    let published: Vec<_> = metadata.packages.iter().filter(is_published).collect();
    let kept = ["lifeboot-tests", "lifeboot-firmware-example", "lifeboot-example-boards", "lifeboot-added-flash"];
    assert_eq!(published.len() + kept.len(), metadata.packages.len(), "these alone are not published: {kept:?}");
    for package in published {
        let (name, folder) = (&package.name, package.manifest_path.parent().unwrap());
        assert!(package.description.is_some() && package.license.is_some(), "{name}");
        assert!((1..=5).contains(&package.keywords.len()) && !package.categories.is_empty(), "{name}");
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            assert_eq!(fs::read(folder.join(licence)).unwrap(), fs::read(root().join(licence)).unwrap(), "{name}");
        }
        let page = fs::read_to_string(folder.join("README.md")).unwrap();
        assert!(page.starts_with(&format!("# {name}\n")) && !page.contains("]("), "{name}: {page}");
        for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
            let is_for_tests = dependency.kind == DependencyKind::Development;
            assert!(is_for_tests || dependency.req != VersionReq::STAR, "{name}: {} has no version", dependency.name);
        }
    }
}
