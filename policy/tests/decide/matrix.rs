//! The golden matrix: who sees what, on paper, for readers who do not read code.

use std::fmt::Write;
use std::path::Path;

use polku_policy::{
    ActorRole, Channel, ConsentIndex, Engine, Grant, GrantKind, Period, Prohibition, Question, Viewer,
};
use polku_proto::v1::DataCategory;
use polku_proto::{CategorySet, name};

use super::world::{NOW, at, channel, engine, grant, id, index, personal, prohibition, question};

/// A column of the matrix.
struct Situation {
    title: &'static str,
    index: ConsentIndex,
    channel: Channel,
    role: Option<&'static str>,
}

fn situations() -> Vec<Situation> {
    let every: Vec<DataCategory> = personal().iter().collect();
    let consent = grant(&every);
    let explicit = Grant { explicit: personal(), ..consent.clone() };
    let permit = Grant { kind: GrantKind::DisclosurePermit, ..explicit.clone() };
    let over = Grant { period: Period::new(at(0), Some(at(NOW))).unwrap(), ..explicit.clone() };
    let to = |agency: &str| Grant { recipients: vec![id(agency)], ..explicit.clone() };
    let health =
        Prohibition { categories: CategorySet::of(&[DataCategory::HealthCapacity]), ..prohibition() };
    let situation = |title, grants: &[Grant], prohibitions: &[Prohibition]| Situation {
        title,
        index: index(grants, prohibitions),
        channel: channel("te", "social"),
        role: None,
    };
    let only = std::slice::from_ref;
    vec![
        situation("no consent", &[], &[]),
        situation("consent that names nothing explicitly", only(&consent), &[]),
        situation("consent that names health and quality of life explicitly", only(&explicit), &[]),
        situation("permit to disclose (luovutuslupa), the same", only(&permit), &[]),
        situation("consent whose time is over", only(&over), &[]),
        situation("consent, and everything prohibited", only(&explicit), &[prohibition()]),
        situation("consent, and health prohibited", only(&explicit), &[health]),
        Situation {
            channel: channel("te", "kela"),
            ..situation("consent, but no agreement between the agencies", &[to("kela")], &[])
        },
        Situation {
            channel: channel("te", "nowhere"),
            ..situation("consent, but the recipient is not in the directory", &[to("nowhere")], &[])
        },
        Situation {
            channel: channel("te", "vamos"),
            ..situation("consent, and the recipient is an association", &[to("vamos")], &[])
        },
        Situation {
            role: Some("peer"),
            ..situation("consent, and a peer worker asks", only(&explicit), &[])
        },
    ]
}

const HEADING: &str = "\
WHO SEES WHAT

An agency, the sender, refers a young person to another agency, the recipient. This page says what each of the three
may see of the referral. Everything that is marked 'yes' may be seen, and nothing else. It is written by the program
itself and compared with the program at every test; a change of the rules shows here.

'envelope' stands for identifiers, dates and states. 'referral_status' is what the recipient tells about the referral;
all the other rows are what the sender tells.

The situations:
";

fn page(engine: &Engine) -> String {
    let situations = situations();
    let mut page = String::from(HEADING);
    for (number, situation) in (1..).zip(&situations) {
        writeln!(page, "  {number:>2}  {}", situation.title).unwrap();
    }
    for (viewer, title) in [
        (Viewer::Addressee, "THE RECIPIENT SEES"),
        (Viewer::Author, "THE SENDER SEES"),
        (Viewer::Subject, "THE YOUNG PERSON SEES"),
    ] {
        write!(page, "\n{title:<24}").unwrap();
        for (number, _) in (1..).zip(&situations) {
            write!(page, "{number:>5}").unwrap();
        }
        page.push('\n');
        for category in CategorySet::ALL.iter() {
            write!(page, "{:<24}", name(category)).unwrap();
            for situation in &situations {
                let asked = ask(viewer, situation);
                let decision = engine.decide(&situation.index, CategorySet::of(&[category]), &asked);
                let mark = if decision.permitted().contains(category) { "yes" } else { "-" };
                write!(page, "{mark:>5}").unwrap();
            }
            page.push('\n');
        }
    }
    page
}

fn ask(viewer: Viewer, situation: &Situation) -> Question {
    let question = question(viewer);
    let actor = match (viewer, situation.role) {
        (Viewer::Addressee | Viewer::Author, Some(role)) => ActorRole::Professional(role.to_owned()),
        (Viewer::Addressee | Viewer::Author, None) | (Viewer::Subject, _) => question.actor.clone(),
    };
    Question { channel: situation.channel.clone(), actor, ..question }
}

#[test]
fn the_matrix_is_as_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/policy_matrix.txt");
    let page = page(&engine());
    if std::env::var_os("POLKU_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "{} differs; POLKU_REGENERATE=1 writes it anew:\n{page}", path.display());
}
