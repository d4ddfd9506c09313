//! How is it said in Swedish?

use polku_proto::v1::DataCategory;

use super::{BasisKind, Eyes, Reason};

pub(super) const fn category(category: DataCategory) -> &'static str {
    match category {
        DataCategory::Unspecified => "Okänd uppgift",
        DataCategory::Envelope => "Ärendets grunduppgifter",
        DataCategory::IdentityContact => "Namn och personbeteckning",
        DataCategory::AddressContact => "Adress och kontaktuppgifter",
        DataCategory::ServiceAttendance => "Kundrelation och möten",
        DataCategory::EducationWork => "Utbildning och arbete",
        DataCategory::SocialSituation => "Social situation",
        DataCategory::HealthCapacity => "Hälsa samt arbets- och funktionsförmåga",
        DataCategory::ServiceNeeds => "Behov av service",
        DataCategory::JointPlan => "Gemensam plan",
        DataCategory::GuidanceNotes => "Anteckningar från vägledningen",
        DataCategory::Housing => "Boende",
        DataCategory::BenefitsIncome => "Förmåner och inkomster",
        DataCategory::OutcomeMeasures => "Bedömningar av framsteg",
        DataCategory::QualityOfLife => "Livskvalitet",
        DataCategory::ReferralStatus => "Hur remissen framskrider",
    }
}

pub(super) const fn told(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::Own => "uppgifterna får visas",
        Eyes::Agency => "uppgifterna får lämnas ut",
    }
}

pub(super) const fn withheld(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::Own => "uppgifterna visas inte",
        Eyes::Agency => "uppgifterna får inte lämnas ut",
    }
}

pub(super) const fn known_anyway(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::Own => "Du har rätt att veta vem som sköter ditt ärende",
        Eyes::Agency => "Parterna i ärendet känner ändå till dem",
    }
}

pub(super) const fn basis(kind: BasisKind, eyes: Eyes) -> &'static str {
    match (kind, eyes) {
        (BasisKind::Consent, Eyes::Own | Eyes::Agency) => "Det finns ett samtycke till det",
        (BasisKind::DisclosurePermit, Eyes::Own | Eyes::Agency) => {
            "Det finns ett tillstånd att lämna ut uppgifterna"
        }
        (BasisKind::Statute, Eyes::Own | Eyes::Agency) => "Lagen tillåter det också utan ditt samtycke",
        (BasisKind::OwnData, Eyes::Own) => "Uppgifterna gäller dig, och du har rätt att se dem",
        (BasisKind::OwnData, Eyes::Agency) => "Läsaren har själv antecknat uppgifterna",
    }
}

pub(super) const fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::NoBasis => {
            "Det finns inget samtycke till det, och lagen ger ingen rätt till det utan samtycke"
        }
        Reason::Prohibited => "Du har förbjudit det",
        Reason::NoAgreement => "Aktörerna har inte kommit överens om att utbyta uppgifter",
        Reason::UnknownAgency => "En av aktörerna deltar inte i utbytet av uppgifter",
        Reason::SpecialCategoryNotExplicit => {
            "Uppgifterna är särskilt känsliga, och samtycket nämner inte just dem"
        }
        Reason::RoleWithoutAccess => "Läsarens roll ger inte rätt att se ungas uppgifter",
        Reason::OtherUnit => "Ärendet sköts av en annan enhet än den där läsaren arbetar",
        Reason::NoCareRelation => "Du är inte kund hos den aktör som läsaren företräder",
        Reason::AddressProtected => "Du har en spärrmarkering som skyddar din adress",
        Reason::StatisticsOnly => "Statistik behöver siffror om många människor, inte uppgifter om en enda",
        Reason::NotAnAuthority => "Mottagaren är ingen myndighet och behöver därför alltid ett samtycke",
        Reason::RenewConsent => "Din vårdnadshavare gav samtycket, och du är nu myndig",
        Reason::OwnDecisionGoverns => {
            "Din vårdnadshavare eller företrädare gav tillståndet, men om de här uppgifterna bestämmer du själv"
        }
        Reason::GuardianPermissionMissing => "Det krävs tillstånd av din vårdnadshavare, och det finns inte",
        Reason::HiddenFromGuardian => "Du vill inte att uppgifterna berättas för din vårdnadshavare",
        Reason::RequiredCategoryMissing => {
            "Mottagaren skulle också behöva uppgifter som inte får lämnas ut till den"
        }
        Reason::RulesFailed => "Reglerna kan inte kontrolleras just nu, så ingenting lämnas ut",
    }
}

pub(super) const fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::NoBasis => "Uppgifterna kan lämnas ut om du ger ditt samtycke.",
        Reason::Prohibited => {
            "Du kan återta förbudet om du vill. Om du inte vill behöver du inte göra någonting."
        }
        Reason::NoAgreement => "Aktörerna måste ingå ett skriftligt avtal. Det är inte din uppgift.",
        Reason::UnknownAgency => {
            "Aktören måste först ansluta sig till utbytet av uppgifter. Det är inte din uppgift."
        }
        Reason::SpecialCategoryNotExplicit => {
            "Om du vill att uppgifterna lämnas ut kan du ge ett samtycke som uttryckligen nämner dem."
        }
        Reason::RoleWithoutAccess => "Bara en anställd som behöver uppgifterna i sitt arbete kan se dem.",
        Reason::OtherUnit => {
            "Man kan fråga den enhet som sköter ärendet, eller flytta ärendet till läsarens enhet."
        }
        Reason::NoCareRelation => "Uppgifterna kan lämnas ut först när du är kund hos aktören.",
        Reason::AddressProtected => {
            "Bara en myndighet som har rätt till det enligt lag får adressen. \
             Andra kan nå dig via din kontaktadress."
        }
        Reason::StatisticsOnly => "För statistik måste man begära siffror där ingen kan kännas igen.",
        Reason::NotAnAuthority => "Uppgifterna kan lämnas ut om du ger ditt samtycke.",
        Reason::RenewConsent => {
            "Om du vill att uppgifterna lämnas ut även i fortsättningen kan du nu själv ge ditt samtycke."
        }
        Reason::OwnDecisionGoverns => "Om du vill att uppgifterna lämnas ut kan du själv ge ditt samtycke.",
        Reason::GuardianPermissionMissing => {
            "Uppgifterna kan lämnas ut om din vårdnadshavare ger sitt tillstånd, eller om det bedöms att du kan besluta om det själv."
        }
        Reason::HiddenFromGuardian => "Om du ändrar dig kan du säga det till en anställd.",
        Reason::RequiredCategoryMissing => {
            "Ärendet kan gå vidare om du ger ditt samtycke till alla uppgifter som mottagaren behöver."
        }
        Reason::RulesFailed => "De som sköter tjänsten måste åtgärda felet. Försök igen senare.",
    }
}
