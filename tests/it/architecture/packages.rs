//! Who depends on whom, and on which versions?

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::sources::root;

/// Which package uses which others of the workspace, and which others only its tests use.
const EDGES: [(&str, &[&str], &[&str]); 5] = [
    ("polku-proto", &[], &[]),
    ("polku-policy", &["polku-proto"], &[]),
    ("polku-adapters", &["polku-policy", "polku-proto"], &[]),
    ("polku-gateway", &["polku-adapters", "polku-policy", "polku-proto"], &[]),
    ("polku-tests", &["polku-gateway", "polku-policy", "polku-proto"], &["polku-adapters"]),
];

/// Which packages of the product alone may depend on a crate.
const RESERVED: [(&str, &[&str]); 12] = [
    ("cedar-policy", &["polku-gateway", "polku-policy"]),
    ("cedar-policy-symcc", &["polku-gateway"]),
    ("deadpool-postgres", &["polku-gateway"]),
    ("hyper-rustls", &["polku-adapters"]),
    ("quick-xml", &["polku-adapters"]),
    ("rusqlite", &["polku-gateway"]),
    ("tokio-postgres", &["polku-gateway"]),
    ("tokio-postgres-rustls", &["polku-gateway"]),
    ("tonic-health", &["polku-gateway"]),
    ("tonic-reflection", &["polku-gateway"]),
    ("axum", &["polku-gateway"]),
    ("clap", &["polku-gateway"]),
];

/// The oldest versions without known defects that matter here (hardening of the supply chain).
const FLOORS: [(&str, [u64; 3]); 6] = [
    ("h2", [0, 4, 20]),
    ("hyper", [1, 12, 0]),
    ("tonic", [0, 14, 9]),
    ("rustls-webpki", [0, 103, 13]),
    ("quick-xml", [0, 41, 0]),
    ("tokio-rustls", [0, 26, 0]),
];

/// One package of the workspace, by kind of dependency.
struct Package {
    normal: BTreeSet<String>,
    tests: BTreeSet<String>,
}

fn packages() -> BTreeMap<String, Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter().map(|package| {
        let of_kind = |wanted: Option<&str>| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let right = dependencies.filter(|dependency| dependency["kind"].as_str() == wanted);
            right.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(of_kind(Some("build")), BTreeSet::new(), "nothing is built by scripts");
        let name = package["name"].as_str().unwrap().to_owned();
        (name, Package { normal: of_kind(None), tests: of_kind(Some("dev")) })
    });
    packages.collect()
}

fn own(names: &BTreeSet<String>) -> Vec<&str> {
    names.iter().map(String::as_str).filter(|name| name.starts_with("polku-")).collect()
}

#[test]
fn packages_depend_on_each_other_as_designed() {
    let packages = packages();
    assert_eq!(packages.len(), EDGES.len(), "a package more or less than the design has");
    for (name, uses, tests_use) in EDGES {
        let package = packages.get(name).unwrap_or_else(|| panic!("no package {name}"));
        assert_eq!(own(&package.normal), uses, "{name}");
        assert_eq!(own(&package.tests), tests_use, "tests of {name}");
    }
}

#[test]
fn reserved_crates_stay_where_they_belong() {
    for (name, package) in packages().iter().filter(|(name, _)| *name != "polku-tests") {
        for (reserved, holders) in RESERVED {
            let uses = package.normal.contains(reserved);
            assert_eq!(uses, holders.contains(&name.as_str()), "{name} and {reserved}");
        }
    }
}

#[test]
fn every_package_has_the_lints_of_the_workspace() {
    for (name, _, _) in EDGES {
        let folder = name.trim_start_matches("polku-");
        let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{name}");
    }
}

#[test]
fn locked_versions_are_not_older_than_their_floors() {
    // The fuzz targets are no member of the workspace, and use less of it.
    for (file, has_all) in [("Cargo.lock", true), ("tests/fuzz/Cargo.lock", false)] {
        let lock = std::fs::read_to_string(root().join(file)).unwrap();
        let lock: toml::Table = lock.parse().unwrap();
        for (name, floor) in FLOORS {
            let packages = lock["package"].as_array().unwrap().iter();
            let versions: Vec<&str> = packages
                .filter(|package| package["name"].as_str() == Some(name))
                .map(|package| package["version"].as_str().unwrap())
                .collect();
            assert!(!has_all || !versions.is_empty(), "{name} is not locked");
            for version in versions {
                assert!(numbers(version) >= floor, "{file}: {name} {version} is older than {floor:?}");
            }
        }
    }
}

/// Older ones can corrupt a database that has a writer and a checkpoint at the same time. It is the library that runs which
/// counts, not the crate that brings it.
#[test]
fn sqlite_is_not_older_than_its_floor() {
    assert!(numbers(rusqlite::version()) >= [3, 51, 3], "SQLite {}", rusqlite::version());
}

#[test]
fn the_bundled_database_is_new_enough() {
    let header = sqlite_header();
    let line = header.lines().find(|line| line.starts_with("#define SQLITE_VERSION ")).unwrap();
    let version = line.split('"').nth(1).unwrap();
    assert!(numbers(version) >= [3, 51, 3], "SQLite {version}");
}

/// The header of the SQLite that `rusqlite` is built with: the crate's own folder, as cargo names it.
fn sqlite_header() -> String {
    // What other platforms need is not on this machine.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--filter-platform", &platform, "--format-version", "1"])
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let bundled = packages.iter().find(|package| package["name"].as_str() == Some("libsqlite3-sys")).unwrap();
    let manifest = Path::new(bundled["manifest_path"].as_str().unwrap());
    std::fs::read_to_string(manifest.parent().unwrap().join("sqlite3/sqlite3.h")).unwrap()
}

fn numbers(version: &str) -> [u64; 3] {
    let plain = version.split(['-', '+']).next().unwrap();
    let mut numbers = plain.split('.').map(|number| number.parse().unwrap());
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}
