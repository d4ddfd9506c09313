//! Case by case: which professional reads (P16, P17), in which unit and in which role?

use polku_policy::{ActorRole, Channel, Grant, Outcome, Question, Reason, Relation, Viewer};
use polku_proto::v1::DataCategory::{Envelope, Housing, ReferralStatus};
use polku_proto::v1::LegalGround;

use super::case::{adult, minor};
use super::world::{between, channel, grant, party, professional, prohibition};

/// The question of a professional of the recipient, whose agency has the young person as a customer or not.
fn reads(at: &str, role: &str, relation: Relation) -> Question {
    Question { actor: professional(at, role), relation, ..between("te", "social") }
}

#[test]
fn p16_a_professional_reads_about_customers() {
    let person = adult().gives(&grant(&[Housing]));
    let question = |relation| reads("social", "social_worker", relation);
    person.asked(&question(Relation::Established), &[Housing]).opens(&[Housing]);
    person.asked(&question(Relation::None), &[Housing]).denies(&[Reason::NoCareRelation]).rests_on(&[]);
    // Also a coordinator, and also what a law opens.
    person
        .asked(&reads("social", "coordinator", Relation::None), &[Housing])
        .denies(&[Reason::NoCareRelation]);
    let notice = Question { ground: LegalGround::ChildWelfareNotice, ..question(Relation::None) };
    minor().asked(&notice, &[Housing]).denies(&[Reason::NoCareRelation]);
}

#[test]
fn p16_a_customer_relation_is_the_reader_s() {
    let person = adult().gives(&grant(&[Housing]));
    // A system that receives, and a professional who sends, are asked for none.
    for actor in [ActorRole::System, professional("te", "counsellor")] {
        let question = Question { actor, relation: Relation::None, ..between("te", "social") };
        person.asked(&question, &[Housing]).opens(&[Housing]);
    }
}

#[test]
fn p16_own_words_need_no_customer_relation() {
    let author = Question {
        viewer: Viewer::Author,
        actor: professional("te", "counsellor"),
        relation: Relation::None,
        ..between("te", "social")
    };
    adult().asked(&author, &[Envelope, Housing]).opens(&[Envelope, Housing]);
    let status = adult().gives(&grant(&[ReferralStatus])).asked(&author, &[ReferralStatus]);
    status.denies(&[Reason::NoCareRelation]);
}

#[test]
fn p17_a_professional_reads_what_is_with_the_own_unit() {
    let person = adult().gives(&grant(&[Housing]));
    let to_unit = |at: &str, role: &str| Question {
        channel: channel("te", "social/adults"),
        ..reads(at, role, Relation::Established)
    };
    person.asked(&to_unit("social/adults", "social_worker"), &[Housing]).opens(&[Housing]);
    for at in ["social/families", "social"] {
        person.asked(&to_unit(at, "social_worker"), &[Housing]).denies(&[Reason::OtherUnit]);
        person.asked(&to_unit(at, "coordinator"), &[Housing]).opens(&[Housing]);
    }
    // What is with the whole agency is with each of its units.
    for at in ["social", "social/adults", "social/families"] {
        person.asked(&reads(at, "social_worker", Relation::Established), &[Housing]).opens(&[Housing]);
    }
}

#[test]
fn p17_own_words_are_those_of_the_own_unit() {
    let author = |at: &str, role: &str| Question {
        viewer: Viewer::Author,
        channel: channel("te/joensuu", "social"),
        actor: professional(at, role),
        ..between("te", "social")
    };
    adult().asked(&author("te/joensuu", "counsellor"), &[Housing]).opens(&[Housing]);
    adult().asked(&author("te/kuopio", "counsellor"), &[Housing]).denies(&[Reason::OtherUnit]);
    adult().asked(&author("te/kuopio", "coordinator"), &[Housing]).opens(&[Housing]);
}

#[test]
fn p17_the_sender_s_unit_is_no_matter_of_the_recipient() {
    let question = Question {
        channel: channel("te/joensuu", "social"),
        actor: professional("te/kuopio", "counsellor"),
        ..between("te", "social")
    };
    let person = adult().gives(&grant(&[Housing]));
    person.asked(&question, &[Housing]).opens(&[Housing]);
}

#[test]
fn p17_a_peer_reads_nothing_whatever_the_unit_and_the_law() {
    let question = reads("social", "peer", Relation::Established);
    let reasons = [Reason::RoleWithoutAccess];
    adult().gives(&grant(&[Housing])).asked(&question, &[Housing, ReferralStatus]).denies(&reasons);
    let notice = Question { ground: LegalGround::SocialCareInability, ..question };
    adult().asked(&notice, &[Housing]).denies(&reasons);
}

#[test]
fn p3_a_consent_that_names_a_unit_is_for_that_unit() {
    let question = |from: &str, to: &str| Question { channel: channel(from, to), ..between("te", "social") };
    let to_unit = Grant { recipients: vec![party("social/adults")], ..grant(&[Housing]) };
    let from_unit = Grant { disclosers: vec![party("te/joensuu")], ..grant(&[Housing]) };
    for (consent, from, to, open) in [
        (&to_unit, "te", "social/adults", true),
        (&to_unit, "te", "social/families", false),
        (&to_unit, "te", "social", false),
        (&from_unit, "te/joensuu", "social/adults", true),
        (&from_unit, "te/kuopio", "social", false),
        (&from_unit, "te", "social", false),
        (&grant(&[Housing]), "te/joensuu", "social/adults", true),
    ] {
        let case = adult().gives(consent).asked(&question(from, to), &[Housing]);
        if open {
            case.opens(&[Housing])
        } else {
            case.finds_no_ground()
        };
    }
}

#[test]
fn a_consent_to_several_parties_is_for_each() {
    let consent = Grant { recipients: vec![party("vamos"), party("social/adults")], ..grant(&[Housing]) };
    let person = adult().gives(&consent);
    for to in ["vamos", "social/adults"] {
        let question = Question { channel: channel("te", to), ..between("te", "social") };
        person.asked(&question, &[Housing]).opens(&[Housing]);
    }
    let other = Question { channel: channel("te", "social/families"), ..between("te", "social") };
    person.asked(&other, &[Housing]).finds_no_ground();
}

#[test]
fn p2_a_prohibition_is_for_every_unit_of_an_agency() {
    let prohibited = polku_policy::Prohibition { recipients: vec![party("social").agency], ..prohibition() };
    let person = adult().gives(&grant(&[Housing])).prohibits(&prohibited);
    let unit = Question { channel: channel("te/joensuu", "social/adults"), ..between("te", "social") };
    person.asked(&unit, &[Housing]).denies(&[Reason::Prohibited]);
}

#[test]
fn p22_agreements_are_between_whole_agencies() {
    let person = adult().gives(&Grant { recipients: vec![party("kela")], ..grant(&[Housing]) });
    let unit = Question { channel: channel("te/joensuu", "kela/north"), ..between("te", "kela") };
    person.asked(&unit, &[Housing]).denies(&[Reason::NoAgreement]);
    let whole = Channel::between(party("te").agency, party("kela").agency);
    let case = person.asked(&Question { channel: whole, ..between("te", "kela") }, &[Envelope, Housing]);
    case.gives(Outcome::Denied, &[Envelope], &[Reason::NoAgreement]);
}
