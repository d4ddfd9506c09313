//! Does the example name everything that can be chosen from?

use super::super::delays::GROUNDS;

#[test]
fn the_example_names_every_ground_with_a_delay_and_states_none() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("polku.example.toml");
    let example = std::fs::read_to_string(path).unwrap();
    let (_, rest) = example.split_once("The grounds are ").unwrap();
    let named = rest.split('.').next().unwrap().replace("\n# ", " ").replace(" and ", ", ");
    assert_eq!(named.split(", ").collect::<Vec<_>>(), GROUNDS.map(|(name, _)| name));
    assert!(example.contains("\n# [disclosure_delay_days]\n"));
}
