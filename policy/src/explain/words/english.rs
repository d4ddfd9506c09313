//! How is it said in English?

use polku_proto::v1::DataCategory;

use super::{BasisKind, Eyes, Reason};

pub(super) const fn category(category: DataCategory) -> &'static str {
    match category {
        DataCategory::Unspecified => "Unknown data",
        DataCategory::Envelope => "Basic facts of the matter",
        DataCategory::IdentityContact => "Name and personal identity code",
        DataCategory::AddressContact => "Address and contact details",
        DataCategory::ServiceAttendance => "Being a customer, and appointments",
        DataCategory::EducationWork => "Education and work",
        DataCategory::SocialSituation => "Social situation",
        DataCategory::HealthCapacity => "Health, work and functional ability",
        DataCategory::ServiceNeeds => "Need for services",
        DataCategory::JointPlan => "Joint plan",
        DataCategory::GuidanceNotes => "Notes of guidance",
        DataCategory::Housing => "Housing",
        DataCategory::BenefitsIncome => "Benefits and income",
        DataCategory::OutcomeMeasures => "Measures of progress",
        DataCategory::QualityOfLife => "Quality of life",
        DataCategory::ReferralStatus => "What became of the referral",
    }
}

pub(super) const fn told(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::Own => "may be shown",
        Eyes::Agency => "may be told",
    }
}

pub(super) const fn withheld(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::Own => "not shown",
        Eyes::Agency => "may not be told",
    }
}

pub(super) const fn known_anyway(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::Own => "You have a right to know who deals with your matter",
        Eyes::Agency => "Both sides of the matter know these anyway",
    }
}

pub(super) const fn basis(kind: BasisKind, eyes: Eyes) -> &'static str {
    match (kind, eyes) {
        (BasisKind::Consent, Eyes::Own | Eyes::Agency) => "Consent has been given for it",
        (BasisKind::DisclosurePermit, Eyes::Own | Eyes::Agency) => {
            "A permit to disclose has been given for it"
        }
        (BasisKind::Statute, Eyes::Own | Eyes::Agency) => "The law allows it, also without your consent",
        (BasisKind::OwnData, Eyes::Own) => "The data are about you, and you have a right to see them",
        (BasisKind::OwnData, Eyes::Agency) => "The reader has written it down itself",
    }
}

pub(super) const fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::NoBasis => "There is no consent for it, and no law allows it without one",
        Reason::Prohibited => "You have prohibited it",
        Reason::NoAgreement => "The two organisations have no agreement to exchange data",
        Reason::UnknownAgency => "One of the two organisations does not take part in the exchange of data",
        Reason::SpecialCategoryNotExplicit => "It is especially sensitive, and no consent names exactly this",
        Reason::RoleWithoutAccess => "The reader's role gives no access to the data of young people",
        Reason::OtherUnit => "Another unit deals with the matter than the one that the reader works in",
        Reason::NoCareRelation => "You are not a customer of the reader's organisation",
        Reason::AddressProtected => "You have a non-disclosure order, which protects your address",
        Reason::StatisticsOnly => "Statistics need figures about many people, not the data of one",
        Reason::NotAnAuthority => "The recipient is not an authority, so it always needs a consent",
        Reason::RenewConsent => "Your guardian gave the consent, and you are of age now",
        Reason::OwnDecisionGoverns => {
            "Your guardian or representative gave the permission, but on these data you decide yourself"
        }
        Reason::GuardianPermissionMissing => "It needs your guardian's permission, and there is none",
        Reason::HiddenFromGuardian => "You do not want your guardian to be told",
        Reason::RequiredCategoryMissing => "The recipient would also need data that it may not be told",
        Reason::RulesFailed => "The rules cannot be checked at the moment, so nothing is told",
    }
}

pub(super) const fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::NoBasis => "It can be told if you give your consent.",
        Reason::Prohibited => "You can lift the prohibition if you like. If not, you need not do anything.",
        Reason::NoAgreement => {
            "The organisations have to make a written agreement. That is not for you to do."
        }
        Reason::UnknownAgency => {
            "The organisation has to join the exchange of data first. That is not for you to do."
        }
        Reason::SpecialCategoryNotExplicit => {
            "If you want it to be told, give a consent that names it explicitly."
        }
        Reason::RoleWithoutAccess => "Only a worker whose tasks it belongs to can look at it.",
        Reason::OtherUnit => {
            "The unit that deals with the matter can be asked, or the matter moves to the reader's unit."
        }
        Reason::NoCareRelation => "It can be told once you are a customer of this organisation.",
        Reason::AddressProtected => {
            "Only an authority with a right in law gets the address. Others can reach you through your contact address."
        }
        Reason::StatisticsOnly => {
            "For statistics, figures have to be asked for in which nobody can be recognised."
        }
        Reason::NotAnAuthority => "It can be told if you give your consent.",
        Reason::RenewConsent => "If you want it to be told from now on too, give the consent yourself.",
        Reason::OwnDecisionGoverns => "If you want it to be told, give the consent yourself.",
        Reason::GuardianPermissionMissing => {
            "It can be told if your guardian gives permission, or if it is found that you can decide on it yourself."
        }
        Reason::HiddenFromGuardian => "If you change your mind, tell a worker.",
        Reason::RequiredCategoryMissing => {
            "The matter can go on if you give your consent to everything that the recipient needs."
        }
        Reason::RulesFailed => "Those who run the service have to repair it. Try again later.",
    }
}
