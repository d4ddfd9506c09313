//! Do the inputs that the fuzz targets begin with lead somewhere?

use std::path::Path;

use bytes::Bytes;
use polku_fuzz::{Agencies, Led, configuration, doors, hetu, plan, policy, proof, request};
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// Every seed is taken in by its door, or refused where its name says so; and every door has one.
#[test]
fn every_seed_leads_where_it_should() {
    let agencies = Agencies::new();
    let mut used = Vec::new();
    let targets = [
        ("soap_answer", doors::SOAP_ANSWER),
        ("soap_request", doors::SOAP_REQUEST),
        ("fhir_json", doors::FHIR_JSON),
        ("webhook", doors::WEBHOOK),
    ];
    for (target, doors) in targets {
        for (name, seed) in seeds(target) {
            let line = seed.iter().position(|byte| *byte == b'\n').unwrap();
            let door = doors.iter().find(|door| door.name.as_bytes() == &seed[..line]);
            let door = door.unwrap_or_else(|| panic!("{target}/{name} has no door"));
            let refused = door.read(&agencies, &Bytes::copy_from_slice(&seed[line + 1..])).err();
            assert_eq!(refused.is_some(), name.ends_with("-refused"), "{target}/{name}: {refused:?}");
            polku_fuzz::fuzz(doors, &seed);
            used.push(door.name);
        }
    }
    for door in doors::all() {
        assert!(used.contains(&door.name), "no seed for {}", door.name);
    }
}

/// The same of those that begin with what is no agency's; and every request of the contract has one.
#[test]
fn every_seed_of_what_others_bring_leads_where_it_should() {
    let targets: [(&str, fn(&[u8]) -> Led, usize); 6] = [
        ("configuration", configuration::try_input, 1),
        ("hetu", hetu::try_input, 4),
        ("plan", plan::try_input, 4),
        ("policy", policy::try_input, 3),
        ("proof", proof::try_input, 4),
        ("request", request::try_input, request::REQUESTS.len()),
    ];
    let mut elsewhere = Vec::new();
    for (target, try_input, at_least) in targets {
        let seeds = seeds(target);
        assert!(seeds.len() >= at_least, "{target} has {} seeds", seeds.len());
        for (name, seed) in seeds {
            let wanted = if name.ends_with("-refused") { Led::ToRefusal } else { Led::Inside };
            if try_input(&seed) != wanted {
                elsewhere.push(format!("{target}/{name}"));
            }
        }
    }
    assert!(elsewhere.is_empty(), "not as their names say: {elsewhere:?}");
    let contract = FileDescriptorSet::decode(polku_proto::FILE_DESCRIPTOR_SET).unwrap();
    let services =
        contract.file.iter().filter(|file| file.package() == "polku.v1").flat_map(|file| &file.service);
    let seeds = seeds("request");
    for method in services.flat_map(|service| &service.method) {
        let name = method.input_type().rsplit('.').next().unwrap();
        assert!(request::REQUESTS.iter().any(|(known, _)| *known == name), "{name} is not in src/request.rs");
        let line = format!("{name}\n");
        let is_there = seeds.iter().any(|(_, seed)| seed.starts_with(line.as_bytes()));
        assert!(is_there, "no seed for {name} in corpus/request: a line with its name, and its bytes");
    }
}

/// The seeds of a target, with their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let seed = |file: std::path::PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(file).unwrap())
    };
    files.map(seed).collect()
}
