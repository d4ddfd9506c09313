//! Are folders read as a shell would, and records written only when there is something new?

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use jiff::Timestamp;
use polku_policy::{
    Agency, Agreement, Channel, ConsentIndex, Directory, Question, Sector, Standing, Task, Viewer,
};
use polku_proto::v1::{DataCategory, Purpose};
use polku_proto::{AgencyId, CategorySet, YouthId};
use tempfile::TempDir;

use super::*;

fn id(id: &str) -> AgencyId {
    id.parse().unwrap()
}

fn directory() -> Directory {
    let te = Agency::new(id("te"), Sector::Employment, Standing::Authority);
    let tasks = [Task::OutreachYouthWork].into();
    let outreach = Agency { tasks, ..Agency::new(id("outreach"), Sector::YouthWork, Standing::NotAuthority) };
    let agreements = vec![Agreement { from: id("te"), to: id("outreach") }];
    Directory::new(vec![te, outreach], agreements).unwrap()
}

fn ask(engine: &Engine, category: DataCategory) {
    let channel = Channel::between(id("te"), id("outreach"));
    let youth = YouthId::from_uuid(uuid::Uuid::nil());
    let question = Question::new(youth, channel, Viewer::Addressee, Purpose::Guidance, Timestamp::UNIX_EPOCH);
    let _ = engine.decide(&ConsentIndex::new(), CategorySet::of(&[category]), &question);
}

#[test]
fn what_was_asked_is_written_once_and_read_back() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("decisions.jsonl");
    let engine = PolicyFiles::shipped().engine_alone(directory()).unwrap();
    let mut writer = Writer::into_folder(folder.path());
    writer.write(&engine).unwrap();
    assert!(!file.exists(), "nothing was asked");

    ask(&engine, DataCategory::Housing);
    writer.write(&engine).unwrap();
    let first = fs::metadata(&file).unwrap().ino();
    let read = read_decisions(&file).unwrap();
    assert_eq!(read.directory, directory());
    assert!(read.recorded == engine.recorded() && read.recorded.len() == 1);

    ask(&engine, DataCategory::Housing);
    writer.write(&engine).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().ino(), first, "nothing new was asked");

    ask(&engine, DataCategory::JointPlan);
    writer.write(&engine).unwrap();
    assert_ne!(fs::metadata(&file).unwrap().ino(), first, "written anew, not into the old file");
    assert_eq!(read_decisions(&file).unwrap().recorded.len(), 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

fn categories(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let category = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["category"].clone();
    text.lines().skip(1).map(|line| category(line).as_str().unwrap().to_owned()).collect()
}

#[test]
fn other_rules_and_a_start_keep_what_was_asked_before() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("decisions.jsonl");
    let shipped = PolicyFiles::shipped();
    let engine = || shipped.engine_alone(directory()).unwrap();
    let (first, other) = (engine(), engine());
    let mut writer = Writer::into_folder(folder.path());
    ask(&first, DataCategory::Housing);
    ask(&first, DataCategory::JointPlan);
    writer.write(&first).unwrap();
    // Rules of another text have been asked one of the two, and something else.
    ask(&other, DataCategory::Housing);
    ask(&other, DataCategory::GuidanceNotes);
    writer.write(&other).unwrap();
    let all = ["joint_plan", "guidance_notes", "housing"];
    assert_eq!(categories(&file), all, "each once, the one first that was not asked again");
    // A gateway that has just started has been asked nothing, and then one thing.
    let mut writer = Writer::into_folder(folder.path());
    writer.write(&engine()).unwrap();
    assert_eq!(categories(&file), all);
    let third = engine();
    ask(&third, DataCategory::JointPlan);
    writer.write(&third).unwrap();
    assert_eq!(categories(&file), ["guidance_notes", "housing", "joint_plan"]);
}

#[test]
fn what_was_asked_longest_ago_goes_when_there_is_no_more_place() {
    let engine = PolicyFiles::shipped().engine_alone(directory()).unwrap();
    for category in [DataCategory::Housing, DataCategory::JointPlan] {
        ask(&engine, category);
    }
    let [housing, plan] = &engine.recorded()[..] else { panic!("two questions") };
    let full: Vec<_> = std::iter::repeat_n(housing.clone(), recorded::MOST).collect();
    let kept = recorded::merged(full, vec![plan.clone()]).unwrap();
    assert!(kept.len() == recorded::MOST && kept.last() == Some(plan) && kept.first() == Some(housing));
}

/// The disk may be well again with the next write.
#[test]
fn a_record_that_cannot_be_read_now_stays_where_it_is() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("decisions.jsonl");
    let engine = PolicyFiles::shipped().engine_alone(directory()).unwrap();
    ask(&engine, DataCategory::Housing);
    Writer::into_folder(folder.path()).write(&engine).unwrap();
    let moved = folder.path().join("moved");
    fs::rename(&file, &moved).unwrap();
    fs::create_dir(&file).unwrap();

    let other = PolicyFiles::shipped().engine_alone(directory()).unwrap();
    ask(&other, DataCategory::JointPlan);
    let mut writer = Writer::into_folder(folder.path());
    writer.write(&other).unwrap_err();
    assert!(file.is_dir() && fs::read_dir(folder.path()).unwrap().count() == 2, "nothing is set aside");
    fs::remove_dir(&file).unwrap();
    fs::rename(&moved, &file).unwrap();
    writer.write(&other).unwrap();
    assert_eq!(categories(&file), ["housing", "joint_plan"]);
}

/// It may be of another release, or damaged: it is neither lost nor in the way.
#[test]
fn a_record_that_cannot_be_read_is_set_aside() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("decisions.jsonl");
    fs::write(&file, "of another kind\n").unwrap();
    let engine = PolicyFiles::shipped().engine_alone(directory()).unwrap();
    ask(&engine, DataCategory::Housing);
    Writer::into_folder(folder.path()).write(&engine).unwrap();
    assert_eq!(categories(&file), ["housing"]);
    assert_eq!(fs::read_to_string(folder.path().join("decisions.jsonl.old")).unwrap(), "of another kind\n");
}

#[test]
fn a_file_that_is_no_record_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("decisions.jsonl");
    let refused = |text: &str| {
        fs::write(&file, text).unwrap();
        read_decisions(&file).unwrap_err()
    };
    assert!(matches!(refused(""), DecisionsError::Head { .. }));
    assert!(matches!(refused("{}\n"), DecisionsError::Line { line: 1, .. }));
    let head = r#"{"agencies":[{"id":"te","sector":"employment","authority":true,"tasks":[],"municipalities":[]}],"agreements":[]}"#;
    assert!(matches!(refused(&format!("{head}\n{{}}\n")), DecisionsError::Line { line: 2, .. }));
    assert!(matches!(refused(&head.replace("employment", "moon")), DecisionsError::Head { .. }));
    assert!(matches!(refused(&head.replace("\"te\"", "\"T E\"")), DecisionsError::Head { .. }));
    for (key, wrong) in [("tasks", "rest"), ("municipalities", "49")] {
        let text = head.replace(&format!("\"{key}\":[]"), &format!("\"{key}\":[\"{wrong}\"]"));
        assert!(text != head && matches!(refused(&text), DecisionsError::Head { .. }), "{key}");
    }
    let alone = head.replace("\"agreements\":[]", "\"agreements\":[{\"from\":\"te\",\"to\":\"te\"}]");
    assert!(matches!(refused(&alone), DecisionsError::Agencies { .. }));
    fs::write(&file, head).unwrap();
    assert!(read_decisions(&file).unwrap().recorded.is_empty());
}

#[test]
fn files_are_read_in_the_order_of_their_names_and_hidden_ones_are_not() {
    let folder = TempDir::new().unwrap();
    let rule = |id: &str| {
        format!(r#"@id("{id}") @statute("x") @basis("prohibited") forbid (principal, action, resource);"#)
    };
    for (name, text) in [
        ("b.cedar", rule("b")),
        ("a.cedar", rule("a")),
        (".c.cedar", "an editor's".to_owned()),
        ("d.cedar~", "an editor's".to_owned()),
        ("ages.json", "[]".to_owned()),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let files = PolicyFiles::read(folder.path()).unwrap();
    assert_eq!(files.rules, format!("{}\n{}", rule("a"), rule("b")));
    assert_eq!(files.rules().unwrap().ids(), ["a", "b"]);
    assert!(matches!(files.engine(directory()), Err(PolicyFilesError::NoCases)));
}

#[test]
fn rules_with_another_age_of_majority_than_the_gateways_are_refused() {
    let shipped = PolicyFiles::shipped();
    for (found, other, expected) in [
        (r#""from": 0, "below": 18, "statute": "442"#, r#""from": 0, "below": 17, "statute": "442"#, (0, 17)),
        (r#""from": 0, "below": 18, "statute": "442"#, r#""from": 1, "below": 18, "statute": "442"#, (1, 18)),
    ] {
        assert_eq!(shipped.ages.matches(found).count(), 1);
        let files = PolicyFiles { ages: shipped.ages.replace(found, other), ..shipped.clone() };
        for refused in [files.rules().err().unwrap(), files.engine(directory()).err().unwrap()] {
            let PolicyFilesError::FullAge { from, below } = refused else { panic!("{refused:?}") };
            assert_eq!((from, below), expected);
        }
    }
    // The age of another law is the law's own.
    let ages = shipped.ages.replace(r#""below": 29"#, r#""below": 30"#);
    assert!(PolicyFiles { ages, ..shipped }.rules().is_ok());
}

#[test]
fn the_shipped_rules_pass_the_checks_that_others_must_pass() {
    PolicyFiles::shipped().engine(directory()).unwrap();
}
