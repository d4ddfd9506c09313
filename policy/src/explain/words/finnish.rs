//! How is it said in Finnish?

use polku_proto::v1::DataCategory;

use super::{BasisKind, Eyes, Reason};

pub(super) const fn category(category: DataCategory) -> &'static str {
    match category {
        DataCategory::Unspecified => "Tuntematon tieto",
        DataCategory::Envelope => "Asian perustiedot",
        DataCategory::IdentityContact => "Nimi ja henkilötunnus",
        DataCategory::AddressContact => "Osoite ja yhteystiedot",
        DataCategory::ServiceAttendance => "Asiakkuus ja tapaamiset",
        DataCategory::EducationWork => "Koulutus ja työ",
        DataCategory::SocialSituation => "Sosiaalinen tilanne",
        DataCategory::HealthCapacity => "Terveys sekä työ- ja toimintakyky",
        DataCategory::ServiceNeeds => "Palvelujen tarve",
        DataCategory::JointPlan => "Yhteinen suunnitelma",
        DataCategory::GuidanceNotes => "Ohjauksen muistiinpanot",
        DataCategory::Housing => "Asuminen",
        DataCategory::BenefitsIncome => "Etuudet ja tulot",
        DataCategory::OutcomeMeasures => "Arviot edistymisestä",
        DataCategory::QualityOfLife => "Elämänlaatu",
        DataCategory::ReferralStatus => "Lähetteen eteneminen",
    }
}

pub(super) const fn told(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::Own => "tiedot saa näyttää",
        Eyes::Agency => "tiedot saa kertoa",
    }
}

pub(super) const fn withheld(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::Own => "tietoja ei näytetä",
        Eyes::Agency => "tietoja ei saa kertoa",
    }
}

pub(super) const fn known_anyway(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::Own => "Sinulla on oikeus tietää, kuka asiaasi hoitaa",
        Eyes::Agency => "Asian osapuolet tietävät ne muutenkin",
    }
}

pub(super) const fn basis(kind: BasisKind, eyes: Eyes) -> &'static str {
    match (kind, eyes) {
        (BasisKind::Consent, Eyes::Own | Eyes::Agency) => "Siihen on annettu suostumus",
        (BasisKind::DisclosurePermit, Eyes::Own | Eyes::Agency) => "Siihen on annettu luovutuslupa",
        (BasisKind::Statute, Eyes::Own | Eyes::Agency) => "Laki sallii sen myös ilman suostumustasi",
        (BasisKind::OwnData, Eyes::Own) => "Tiedot koskevat sinua, ja sinulla on oikeus nähdä ne",
        (BasisKind::OwnData, Eyes::Agency) => "Lukija on itse kirjannut tiedot",
    }
}

pub(super) const fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::NoBasis => "Siihen ei ole suostumusta, eikä laki anna siihen oikeutta ilman suostumusta",
        Reason::Prohibited => "Olet kieltänyt sen",
        Reason::NoAgreement => "Toimijat eivät ole sopineet keskenään tietojen vaihtamisesta",
        Reason::UnknownAgency => "Toinen toimijoista ei ole mukana tietojen vaihdossa",
        Reason::SpecialCategoryNotExplicit => {
            "Tiedot ovat erityisen arkaluonteisia, eikä suostumuksessa mainita juuri niitä"
        }
        Reason::RoleWithoutAccess => "Lukijan tehtävä ei anna oikeutta nähdä nuorten tietoja",
        Reason::OtherUnit => "Asiaa hoitaa toinen yksikkö kuin se, jossa lukija työskentelee",
        Reason::NoCareRelation => "Et ole lukijan edustaman toimijan asiakas",
        Reason::AddressProtected => "Sinulla on turvakielto, joka suojaa osoitettasi",
        Reason::StatisticsOnly => {
            "Tilastoihin tarvitaan vain lukuja suuresta joukosta, ei yhden ihmisen tietoja"
        }
        Reason::NotAnAuthority => "Vastaanottaja ei ole viranomainen, joten se tarvitsee aina suostumuksen",
        Reason::RenewConsent => "Suostumuksen on antanut huoltajasi, ja olet nyt täysi-ikäinen",
        Reason::OwnDecisionGoverns => {
            "Luvan on antanut huoltajasi tai edustajasi, mutta näistä tiedoista päätät sinä itse"
        }
        Reason::GuardianPermissionMissing => "Tähän tarvitaan huoltajasi lupa, eikä sitä ole",
        Reason::HiddenFromGuardian => "Et halua, että tiedot kerrotaan huoltajallesi",
        Reason::RequiredCategoryMissing => "Vastaanottaja tarvitsisi myös tietoja, joita sille ei saa kertoa",
        Reason::RulesFailed => "Tietojen kertomisen sääntöjä ei nyt voida tarkistaa, joten mitään ei kerrota",
    }
}

pub(super) const fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::NoBasis => "Tiedot voi kertoa, jos annat siihen suostumuksen.",
        Reason::Prohibited => {
            "Voit halutessasi peruuttaa kiellon. Jos et halua, sinun ei tarvitse tehdä mitään."
        }
        Reason::NoAgreement => "Toimijoiden on tehtävä kirjallinen sopimus. Se ei ole sinun tehtäväsi.",
        Reason::UnknownAgency => "Toimijan on ensin liityttävä tietojen vaihtoon. Se ei ole sinun tehtäväsi.",
        Reason::SpecialCategoryNotExplicit => {
            "Jos haluat, että tiedot kerrotaan, anna suostumus, jossa ne mainitaan erikseen."
        }
        Reason::RoleWithoutAccess => "Tietoja voi katsoa vain työntekijä, jonka tehtäviin se kuuluu.",
        Reason::OtherUnit => {
            "Tietoja voi pyytää yksiköltä, joka hoitaa asiaa, tai asia siirretään lukijan yksikköön."
        }
        Reason::NoCareRelation => "Tiedot voi kertoa vasta, kun olet tämän toimijan asiakas.",
        Reason::AddressProtected => {
            "Osoitteen saa vain viranomainen, jolla on siihen lain mukaan oikeus. \
             Muut voivat ottaa yhteyttä yhteysosoitteesi kautta."
        }
        Reason::StatisticsOnly => "Tilastoa varten on pyydettävä lukuja, joista ketään ei voi tunnistaa.",
        Reason::NotAnAuthority => "Tiedot voi kertoa, jos annat siihen suostumuksen.",
        Reason::RenewConsent => "Jos haluat, että tiedot kerrotaan edelleen, anna suostumus nyt itse.",
        Reason::OwnDecisionGoverns => "Jos haluat, että tiedot kerrotaan, anna suostumus itse.",
        Reason::GuardianPermissionMissing => {
            "Tiedot voi kertoa, jos huoltajasi antaa siihen luvan tai jos arvioidaan, että voit päättää siitä itse."
        }
        Reason::HiddenFromGuardian => "Jos muutat mielesi, kerro siitä työntekijälle.",
        Reason::RequiredCategoryMissing => {
            "Asia voi edetä, jos annat suostumuksen kaikkiin tietoihin, jotka vastaanottaja tarvitsee."
        }
        Reason::RulesFailed => "Palvelun ylläpidon on korjattava vika. Yritä myöhemmin uudelleen.",
    }
}
