//! Case by case: what does a prohibition (kielto) close, and what stands above it?

use polku_policy::{Grant, LegalStatus, Origin, Outcome, Prohibition, Question, Reason, Viewer};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{
    AddressContact, Envelope, GuidanceNotes, Housing, IdentityContact, ReferralStatus,
};
use polku_proto::v1::{LegalGround, PermitDomain, Purpose};

use super::case::{addressee, adult, born, case, minor};
use super::world::{between, grant, grant_between, id, outreach_notice, permit, prohibition, question};

/// Everything of one service task, or of one document.
fn of(service_tasks: &[&str], documents: &[&str]) -> Prohibition {
    let list = |texts: &[&str]| texts.iter().copied().map(str::to_owned).collect();
    Prohibition { service_tasks: list(service_tasks), documents: list(documents), ..prohibition() }
}

fn from(service_task: Option<&str>, documents: &[&str]) -> Question {
    let origin = Origin::Stated {
        service_task: service_task.map(str::to_owned),
        documents: documents.iter().copied().map(str::to_owned).collect(),
    };
    Question { origin, ..addressee() }
}

#[test]
fn p2_a_prohibition_of_a_service_task_is_for_data_of_that_task() {
    let person = adult().gives(&grant(&[Housing])).prohibits(&of(&["child_welfare", "disability"], &[]));
    for (question, open) in [
        (from(Some("child_welfare"), &[]), false),
        (from(Some("disability"), &["letter-1"]), false),
        (from(Some("adult_social_work"), &[]), true),
        (from(None, &["letter-1"]), true),
        // As long as nobody says where the data stem from, they may stem from there.
        (addressee(), false),
        (from(None, &[]), false),
    ] {
        let case = person.asked(&question, &[Housing]);
        if open {
            case.opens(&[Housing])
        } else {
            case.denies(&[Reason::Prohibited])
        };
    }
}

#[test]
fn p2_a_prohibition_of_a_document_is_for_that_document() {
    let person = adult().gives(&grant(&[Housing])).prohibits(&of(&[], &["plan-7"]));
    for (question, open) in [
        (from(None, &["plan-7"]), false),
        (from(Some("adult_social_work"), &["plan-6", "plan-7"]), false),
        (from(Some("adult_social_work"), &["plan-6"]), true),
        (from(Some("plan-7"), &[]), true),
        (addressee(), false),
        (from(None, &[]), false),
    ] {
        let case = person.asked(&question, &[Housing]);
        if open {
            case.opens(&[Housing])
        } else {
            case.denies(&[Reason::Prohibited])
        };
    }
}

#[test]
fn p2_a_prohibition_of_a_task_or_document_is_for_either() {
    let person = adult().gives(&grant(&[Housing])).prohibits(&of(&["child_welfare"], &["plan-7"]));
    person.asked(&from(Some("child_welfare"), &["plan-6"]), &[Housing]).denies(&[Reason::Prohibited]);
    person.asked(&from(Some("adult_social_work"), &["plan-7"]), &[Housing]).denies(&[Reason::Prohibited]);
    person.asked(&from(Some("adult_social_work"), &["plan-6"]), &[Housing]).opens(&[Housing]);
}

#[test]
fn p2_a_prohibition_of_the_whole_controller_is_for_every_origin() {
    let whole = Prohibition { disclosers: vec![id("te")], ..prohibition() };
    let person = adult().gives(&grant(&[Housing])).prohibits(&whole);
    for question in [addressee(), from(None, &[]), from(Some("adult_social_work"), &["plan-6"])] {
        person.asked(&question, &[Housing]).denies(&[Reason::Prohibited]);
    }
}

#[test]
fn p2_several_prohibitions_close_together() {
    let narrow =
        |category, task: &[&str]| Prohibition { categories: CategorySet::of(&[category]), ..of(task, &[]) };
    let person = adult()
        .gives(&grant(&[Housing, GuidanceNotes]))
        .prohibits(&narrow(Housing, &["child_welfare"]))
        .prohibits(&narrow(GuidanceNotes, &["disability"]));
    let both = [Housing, GuidanceNotes];
    person.asked(&addressee(), &both).denies(&[Reason::Prohibited]);
    let case = person.asked(&from(Some("child_welfare"), &[]), &both);
    case.gives(Outcome::Permitted, &[GuidanceNotes], &[Reason::Prohibited]);
}

#[test]
fn p2_a_prohibition_beats_a_permit_to_disclose() {
    let permit = permit(PermitDomain::Health, "health", "social", &[Housing]);
    let person = adult().gives(&permit).prohibits(&prohibition());
    person.asked(&between("health", "social"), &[Housing]).denies(&[Reason::Prohibited]).holds_until(None);
}

#[test]
fn p2_the_status_stays_closed_whichever_way_is_prohibited() {
    let author = Question { viewer: Viewer::Author, ..addressee() };
    for (from, to) in [("te", "social"), ("social", "te")] {
        let way = Prohibition { disclosers: vec![id(from)], recipients: vec![id(to)], ..prohibition() };
        case(&[&grant(&[ReferralStatus])], &[way], &author, &[ReferralStatus]).denies(&[Reason::Prohibited]);
    }
    // The documents of the one side are not those of the other: nobody has said where the status stems from.
    let person = adult()
        .gives(&grant(&[ReferralStatus]))
        .prohibits(&Prohibition { disclosers: vec![id("social")], ..of(&["child_welfare"], &[]) });
    let stated = Question { viewer: Viewer::Author, ..from(Some("adult_social_work"), &[]) };
    person.asked(&stated, &[ReferralStatus]).denies(&[Reason::Prohibited]);
}

/// One ground in law after the other, each with a question that it permits.
#[test]
fn p2_which_grounds_in_law_stand_above_a_prohibition() {
    let support = Question { purpose: Purpose::MultiSectorSupport, ..between("te", "kela") };
    let stated = |from, to, ground| Question { ground, ..between(from, to) };
    let outreach = outreach_notice("te", "outreach");
    let young = minor().with(LegalStatus::MultiSectorSupport);
    let older = born("2000-01-01");
    use LegalGround as Ground;
    for (person, question, above) in [
        (&young, support, false),
        (&young, outreach, false),
        (&young, stated("te", "social", Ground::SocialCareInability), true),
        (&young, stated("te", "social", Ground::SocialCareChildInterest), true),
        (&young, stated("te", "social", Ground::ChildWelfareNotice), true),
        (&young, stated("kela", "social", Ground::AssistanceSocialWork), false),
        (&young, stated("kela", "social", Ground::AssistanceSupplementary), false),
        (&young, stated("kela", "social", Ground::AssistanceLowered), false),
        (&born("2005-01-01"), stated("kela", "social", Ground::AssistanceUnemployedYoung), false),
        (&older, stated("kela", "social", Ground::AssistanceUnemployed), false),
        (&older, stated("kela", "social", Ground::AssistanceImmigrant), false),
    ] {
        let what = format!("{:?} {:?}", question.ground, question.purpose);
        let open = person.asked(&question, &[IdentityContact]);
        assert_eq!(open.decision.outcome(), Outcome::Permitted, "{what}");
        let prohibited = person.clone().prohibits(&prohibition()).asked(&question, &[IdentityContact]);
        if above {
            prohibited.opens(&[IdentityContact]);
            assert_eq!(prohibited.decision.bases().len(), open.decision.bases().len(), "{what}");
        } else {
            assert_eq!(prohibited.decision.outcome(), Outcome::Denied, "{what}");
            assert!(prohibited.decision.reasons().contains(&Reason::Prohibited), "{what}");
            prohibited.opens_nothing().holds_until(None);
        }
    }
}

#[test]
fn p2_a_prohibition_keeps_a_protected_address_closed() {
    let person = adult().with(LegalStatus::AddressProtected);
    let question = Question { ground: LegalGround::AssistanceLowered, ..between("kela", "shelter") };
    person.asked(&question, &[AddressContact]).opens(&[AddressContact]);
    let reasons = [Reason::Prohibited, Reason::NoAgreement, Reason::AddressProtected];
    person.prohibits(&prohibition()).asked(&question, &[AddressContact]).denies(&reasons);
}

#[test]
fn p2_a_prohibition_stops_no_own_words_and_no_own_data() {
    let person = adult().prohibits(&prohibition());
    let author = question(Viewer::Author);
    person.asked(&author, &[Envelope, Housing]).opens(&[Envelope, Housing]);
    person.asked(&addressee(), &[ReferralStatus]).opens(&[ReferralStatus]);
    person.asked(&question(Viewer::Subject), &[Housing, ReferralStatus]).opens(&[Housing, ReferralStatus]);
}

#[test]
fn p2_a_prohibited_answer_shows_the_same_as_an_empty_one() {
    let grant = Grant { ..grant_between("te", "social", &[Housing, GuidanceNotes]) };
    let shown = |case: &super::case::Case| {
        let decision = &case.decision;
        let seen = (decision.permitted(), decision.withheld(), decision.valid_until());
        (seen, decision.bases().to_vec(), decision.obligations().to_vec())
    };
    let asked = [Envelope, Housing, GuidanceNotes];
    let nothing = adult().asked(&addressee(), &asked);
    for tasks in [&[][..], &["child_welfare"]] {
        let prohibited = adult().gives(&grant).prohibits(&of(tasks, &[])).asked(&addressee(), &asked);
        assert!(shown(&prohibited) == shown(&nothing));
    }
}
