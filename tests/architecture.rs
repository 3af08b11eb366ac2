//! The crates form a star: `agent` knows `sim`, `world_model`, `planners` and `robot`, and these know nothing of each other.
//! rapier stays in `sim`, burn in `world_model`, bevy in `sim/viewer`, ROS 2 in `robot`. Checked on what cargo resolves, for
//! dependencies of every kind, so that an arrow which the picture does not have fails here whatever file it is drawn in.

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use std::collections::BTreeSet;
use std::path::Path;

/// Arrows between crates of the workspace.
const ARROWS: [(&str, &[&str]); 9] = [
    (
        "agent",
        &["planners", "robot", "sim", "viewer", "world_model"],
    ),
    (
        "contract_tests",
        &["agent", "planners", "sim", "world_model"],
    ),
    ("peer_rates", &["sim", "world_model"]),
    ("peer_robot", &["robot"]),
    ("planners", &[]),
    ("robot", &[]),
    ("sim", &[]),
    ("viewer", &["sim"]),
    ("world_model", &[]),
];

/// Crates, by prefix, that only one crate of the workspace may use.
const HOMES: [(&str, &str); 7] = [
    ("rapier", "sim"),
    ("parry", "sim"),
    ("burn", "world_model"),
    ("bevy", "viewer"),
    ("ros2-client", "robot"),
    ("rustdds", "robot"),
    ("mcap", "robot"),
];

fn packages() -> Vec<Package> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .unwrap();
    metadata.packages
}

#[test]
fn the_crates_form_a_star() {
    let packages = packages();
    let members: BTreeSet<String> = packages.iter().map(|p| p.name.to_string()).collect();
    let known: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        members, known,
        "a crate was added or removed: draw its arrows here and in the design"
    );
    for (name, allowed) in ARROWS {
        let package = packages.iter().find(|p| p.name.as_str() == name).unwrap();
        let found: BTreeSet<&str> = package
            .dependencies
            .iter()
            .map(|d| d.name.as_str())
            .filter(|d| members.contains(*d))
            .collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert_eq!(found, allowed, "arrows of {name}");
    }
}

#[test]
fn heavy_libraries_stay_at_home() {
    for package in packages() {
        for dependency in &package.dependencies {
            for (prefix, home) in HOMES {
                let at_home = package.name.as_str() == home;
                assert!(
                    at_home || !dependency.name.starts_with(prefix),
                    "{} depends on {}, which belongs to {home}",
                    package.name,
                    dependency.name
                );
            }
        }
    }
}

#[test]
fn a_plain_build_never_compiles_bevy() {
    let packages = packages();
    let agent = packages
        .iter()
        .find(|p| p.name.as_str() == "agent")
        .unwrap();
    let viewer = agent.dependencies.iter().find(|d| d.name == "viewer");
    assert!(viewer.unwrap().optional);
    assert!(!agent.features.contains_key("default"));
}

#[test]
fn planners_stay_light() {
    let packages = packages();
    let planners = packages
        .iter()
        .find(|p| p.name.as_str() == "planners")
        .unwrap();
    let found: BTreeSet<&str> = planners
        .dependencies
        .iter()
        .filter(|d| d.kind == DependencyKind::Normal)
        .map(|d| d.name.as_str())
        .collect();
    let allowed = [
        "nalgebra",
        "rand",
        "rand_chacha",
        "rand_distr",
        "rayon",
        "serde",
        "thiserror",
    ];
    for name in found {
        assert!(allowed.contains(&name), "planners depends on {name}");
    }
}
