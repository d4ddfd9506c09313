//! Does `tests/run` search the output of the tests for everything that must not stand there?

use std::path::{Path, PathBuf};

use polku_proto::identity::Hetu;
use polku_proto::v1::{ContactDetails, EducationWork, ReferralContent};
use polku_tests::world::{canaries, full_content};

const TESTS: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_list_covers_what_the_invented_referral_tells() {
    for text in telling(full_content()) {
        assert!(
            canaries().any(|canary| text.to_lowercase().contains(&canary.to_lowercase())),
            "a text of full_content is not in the list"
        );
    }
}

#[test]
fn the_list_covers_the_identity_codes_that_the_tests_use() {
    let mut found = 0;
    for file in sources(&["src", "it", "clients"]) {
        let bytes = std::fs::read(&file).unwrap();
        let codes = bytes.windows(11).filter_map(|window| std::str::from_utf8(window).ok());
        for code in codes.filter(|code| code.parse::<Hetu>().is_ok()) {
            assert!(
                canaries().any(|canary| canary == code),
                "an identity code in {} is not in the list",
                file.display()
            );
            found += 1;
        }
    }
    assert!(found > 0, "the search finds nothing");
}

/// The texts that could not stand in an output by chance, as codes of languages and places do.
fn telling(content: ReferralContent) -> Vec<String> {
    let ReferralContent {
        identity_code: _,
        given_names,
        family_name,
        contact_language: _,
        contact,
        reason,
        service_needs,
        education_work,
        social_situation,
        health_capacity,
        housing,
        benefits_income,
        joint_plan,
        service_attendance,
        outcome_measures,
        quality_of_life,
        correspondence_address,
        contact_wish,
    } = content;
    let ContactDetails { phone, email, street_address, postal_code: _, city: _, municipality: _ } =
        contact.unwrap();
    let EducationWork { education_level: _, education, work_history, job_seeker_status: _ } =
        education_work.unwrap();
    let mut texts = vec![
        given_names,
        family_name,
        phone,
        email,
        street_address,
        reason,
        education,
        work_history,
        social_situation,
        health_capacity,
        housing,
        benefits_income,
        correspondence_address,
        contact_wish,
        joint_plan,
        service_attendance,
        outcome_measures,
        quality_of_life,
    ];
    texts.extend(service_needs);
    texts
}

fn sources(folders: &[&str]) -> Vec<PathBuf> {
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| Path::new(TESTS).join(folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files
}
