//! How does the matrix read as a table for the oracle, `clients/python/oracle.py`?

use std::collections::HashSet;
use std::io::{self, Write};

use jiff::civil::Date;
use polku_policy::{Capacity, GivenBy, GrantKind, LegalStatus, purpose_name};
use polku_proto::name as category_name;
use polku_proto::time::finnish_date;
use polku_proto::v1::{DataCategory, LegalGround, PermitDomain};

use super::MATRIX;
use super::engine::{Told, WITHOUT_AGREEMENT, now, personal};
use super::situations::{Given, Lacks, OTHER_DOCUMENT, OTHER_TASK, Prohibited, Situation, Stems};

const HEADER: &str = "reader\trole\tunit\tcustomer\tfrom\tto\tagreement\tpurpose\tcategory\tage\tcapacity\t\
     turvakielto\tmulti_sector_customer\tground\tconsents\tprohibition\thome\tdate\tresult";

/// Writes the whole matrix, and tells how many lines it has. What cannot be told apart in the table's words stands once.
pub(crate) fn write(table: &mut impl Write) -> io::Result<usize> {
    writeln!(table, "{HEADER}")?;
    let mut written = HashSet::new();
    for (situation, cells) in MATRIX.iter() {
        for cell in cells {
            let (from, to) = cell.direction;
            let purpose = purpose_name(cell.purpose);
            for category in personal().iter() {
                // What became of a referral goes back to the sender of that referral, as far as those two have an agreement.
                let is_status = category == DataCategory::ReferralStatus;
                let (reader, matter) =
                    if is_status { ("sender", (to, from)) } else { ("recipient", (from, to)) };
                let agreement = if matter == WITHOUT_AGREEMENT { "no" } else { "yes" };
                let parties = format!("{reader}\tsystem\tnone\tyes\t{}\t{}", kind(matter.0), kind(matter.1));
                let row = format!(
                    "{parties}\t{agreement}\t{purpose}\t{}\t{}\t{}",
                    category_name(category),
                    about(situation, category),
                    result(cell.told, category)
                );
                if !written.contains(&row) {
                    writeln!(table, "{row}")?;
                    written.insert(row);
                }
            }
        }
    }
    Ok(written.len())
}

/// What the oracle calls an agency of the matrix.
fn kind(agency: &str) -> &'static str {
    match agency {
        "ohjaamo" => "municipal_guidance",
        "te" => "employment_authority",
        "kela" => "kela_with_protected_addresses",
        "social" => "social_services",
        "health" => "health_authority",
        "paja" => "workshop",
        "outreach" => "municipal_outreach",
        other => panic!("{other} is no agency of the matrix"),
    }
}

/// The columns from the age to the day.
fn about(situation: &Situation, category: DataCategory) -> String {
    let today = finnish_date(now());
    let born: Date = situation.born.parse().unwrap();
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    let age = today.year() - born.year() - i16::from(!had_birthday);
    let capacity = situation.statuses.iter().find_map(|status| match status {
        LegalStatus::Capacity(Capacity::NotCapable) => Some("not_capable"),
        LegalStatus::Capacity(Capacity::Capable) => Some("capable_allows"),
        LegalStatus::Capacity(Capacity::CapableHidden) => Some("capable_forbids"),
        LegalStatus::AddressProtected | LegalStatus::Capacity(_) | LegalStatus::MultiSectorSupport => None,
    });
    let is = |status: LegalStatus| if situation.statuses.contains(&status) { "yes" } else { "no" };
    let consents: Vec<String> = situation.grants.iter().map(|given| word(*given)).collect();
    let home = match situation.home {
        Some(super::engine::HOME) => "of_the_parties",
        Some(_) => "elsewhere",
        None => "unstated",
    };
    let columns = [
        age.to_string(),
        capacity.unwrap_or("unassessed").to_owned(),
        is(LegalStatus::AddressProtected).to_owned(),
        is(LegalStatus::MultiSectorSupport).to_owned(),
        ground(situation.ground),
        if consents.is_empty() { "-".to_owned() } else { consents.join(";") },
        prohibition(situation, category).to_owned(),
        home.to_owned(),
        today.to_string(),
    ];
    columns.join("\t")
}

fn word(given: Given) -> String {
    let instrument = match given.kind {
        GrantKind::Consent => "consent",
        GrantKind::DisclosurePermit(PermitDomain::Social) => "permit-social",
        GrantKind::DisclosurePermit(_) => "permit-health",
    };
    let giver = match given.by {
        GivenBy::Self_ => "self",
        GivenBy::Guardian => "guardian",
        GivenBy::Representative => "representative",
    };
    let wording = if given.explicit.is_empty() { "plain" } else { "explicit" };
    let flag = match given.lacks {
        Lacks::Nothing => "",
        Lacks::Time => "/expired",
        Lacks::Beginning => "/not_yet",
        Lacks::Word => "/withdrawn",
        Lacks::Purpose => "/other_purpose",
        Lacks::Recipient => "/other_recipient",
    };
    format!("{instrument}/{giver}/{wording}{flag}")
}

fn prohibition(situation: &Situation, category: DataCategory) -> &'static str {
    match (situation.prohibited, situation.origin) {
        (None, _) => "none",
        (Some(Prohibited::Everything), _) => "all",
        (Some(Prohibited::Category(one)), _) if one == category => "this_category",
        (Some(Prohibited::Category(_)), _) => "other_category",
        (Some(Prohibited::ThisDiscloser), _) => "this_discloser",
        (Some(Prohibited::OtherDiscloser), _) => "other_discloser",
        (Some(Prohibited::ThisRecipient), _) => "this_recipient",
        (Some(Prohibited::OtherRecipient), _) => "other_recipient",
        (Some(Prohibited::Task(_)), Stems::Unstated) => "task_origin_unstated",
        (Some(Prohibited::Task(OTHER_TASK)), Stems::Stated) => "other_task",
        (Some(Prohibited::Task(_)), Stems::Stated) => "task_of_origin",
        (Some(Prohibited::Document(_)), Stems::Unstated) => "document_origin_unstated",
        (Some(Prohibited::Document(OTHER_DOCUMENT)), Stems::Stated) => "other_document",
        (Some(Prohibited::Document(_)), Stems::Stated) => "document_of_origin",
    }
}

fn ground(ground: LegalGround) -> String {
    match ground {
        LegalGround::Unspecified => "none".to_owned(),
        other @ (LegalGround::OutreachNotice
        | LegalGround::SocialCareInability
        | LegalGround::SocialCareChildInterest
        | LegalGround::ChildWelfareNotice
        | LegalGround::AssistanceSocialWork
        | LegalGround::AssistanceSupplementary
        | LegalGround::AssistanceLowered
        | LegalGround::AssistanceUnemployedYoung
        | LegalGround::AssistanceUnemployed
        | LegalGround::AssistanceImmigrant) => {
            other.as_str_name().trim_start_matches("LEGAL_GROUND_").to_lowercase()
        }
    }
}

fn result(told: Told, category: DataCategory) -> &'static str {
    let grounds = [(told.consent, "by_consent"), (told.permit, "by_permit"), (told.law, "by_law")];
    grounds.iter().find(|(set, _)| set.contains(category)).map_or("refused", |(_, word)| *word)
}
