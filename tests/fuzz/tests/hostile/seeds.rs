//! Do the inputs that the fuzz targets begin with lead somewhere?

use std::path::Path;

use bytes::Bytes;
use polku_fuzz::{Agencies, doors};

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
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let seed = std::fs::read(&file).unwrap();
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
