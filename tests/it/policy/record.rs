//! Is written down what the rules were asked, without anybody in it, and can other rules be tried on it?

use std::os::unix::fs::PermissionsExt as _;

use polku_proto::v1::DataCategory;
use polku_tests::world::canaries;

use super::reload::{Scene, close_housing};
use super::{CASES, RuleFolder};
use crate::stage::polku;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_is_there_after_the_end_and_can_be_compared() {
    let scene = Scene::open().await;
    assert_eq!(scene.permitted().await, [DataCategory::ServiceNeeds, DataCategory::Housing]);
    let Scene { process, folder, .. } = scene;
    assert!(process.stop().await.unwrap().success());
    let file = folder.path().join("data/decisions.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!folder.path().join("data/decisions.jsonl.new").exists());

    let mut lines = text.lines();
    let head: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(head["agencies"].as_array().unwrap().len(), 5);
    let questions: Vec<serde_json::Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let housing = |question: &&serde_json::Value| {
        question["category"] == "housing" && question["reader"]["agency"] == "te"
    };
    assert!(questions.iter().filter(housing).count() >= 1, "{text}");
    let lower = text.to_lowercase();
    for canary in canaries() {
        assert!(!lower.contains(&canary.to_lowercase()), "something personal is in the file");
    }
    for word in ["youths/", "consents/", "referrals/", "ohjaaja-1", "keskusta", "2026"] {
        assert!(!lower.contains(word), "{word} is in the file");
    }

    let old = RuleFolder::shipped().write("cases.toml", CASES);
    let new = RuleFolder::shipped().write("cases.toml", CASES);
    let decisions = file.to_str().unwrap();
    let diff = || polku(&["policy", "diff", old.name(), new.name(), "--decisions", decisions]);
    let ran = diff();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    close_housing(new.path());
    let ran = diff();
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    assert!(
        ran.out.contains("closes: ohjaamo to te for employment_services: housing (")
            && ran.out.contains(": permitted by consent -> withheld for "),
        "{}",
        ran.out
    );
    let asked = format!("decisions: {} asked, 0 opened, 1 closed, 0 on other grounds", questions.len());
    assert!(ran.out.contains(&asked), "{asked} is not in {}", ran.out);

    // So is what changes on a day to come, with the day.
    for file in ["consent.cedar", "cases.toml"] {
        std::fs::copy(old.path().join(file), new.path().join(file)).unwrap();
    }
    let until = "@id(\"consent\")\n@valid_until(\"2090-01-01T00:00:00+02:00\")";
    super::change(&new.path().join("consent.cedar"), "@id(\"consent\")", until);
    let ran = diff();
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.out.starts_with("rule consent has other dates in the new rules\n"), "{}", ran.out);
    let closes = "closes from 2089-12-31T22:00:00Z on: ohjaamo to te for employment_services: housing (";
    assert!(ran.out.contains(closes) && !ran.out.contains("closes: "), "{}", ran.out);

    // A question whose answer changes more than once is one question: told in steps, counted as the gravest of them.
    let from = "@id(\"consent\")\n@valid_from(\"2090-01-01T00:00:00+02:00\")";
    super::change(&old.path().join("consent.cedar"), "@id(\"consent\")", from);
    let text_of = |folder: &RuleFolder| std::fs::read_to_string(folder.path().join("consent.cedar")).unwrap();
    let until = text_of(&old).replace("@valid_from(\"2090-01-01", "@valid_until(\"2085-01-01");
    std::fs::write(new.path().join("consent.cedar"), until).unwrap();
    let ran = diff();
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    let opens: Vec<&str> =
        ran.out.lines().skip_while(|line| !line.starts_with("opens: ohjaamo to te")).collect();
    let steps = [
        "  the same answer again from 2084-12-31T22:00:00Z on",
        "  closes from 2089-12-31T22:00:00Z on: permitted by consent -> withheld for ",
    ];
    assert!(opens[1..].iter().zip(steps).all(|(line, step)| line.starts_with(step)), "{}", ran.out);
    let opened = ran.out.lines().filter(|line| line.starts_with("opens: ")).count();
    let asked = format!("decisions: {} asked, {opened} opened, 0 closed, ", questions.len());
    assert!(opened > 0 && ran.out.contains(&asked), "{asked} is not in {}", ran.out);

    // A file of another kind is refused by its line.
    std::fs::write(&file, format!("{text}{{\"reader\": 1}}\n")).unwrap();
    let ran = diff();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains(&format!("line {} of ", questions.len() + 2)), "{ran:?}");
}
