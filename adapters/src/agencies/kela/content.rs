//! What is told about a young person, in both directions: the members of README.md's "the young person".

use polku_proto::v1::{ContactDetails, EducationWork, ReferralContent};
use serde::{Deserialize, Serialize};

use super::json;

/// The members that several messages have side by side.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tiedot {
    pub(super) nuori: Nuori,
    pub(super) toivottu_yhteydenottoaika: String,
    pub(super) perustelu: String,
    pub(super) palvelutarpeet: Vec<String>,
    pub(super) tausta: Tausta,
}

/// The same members where they stand alone.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Lisatiedot {
    nuori: Nuori,
    toivottu_yhteydenottoaika: String,
    perustelu: String,
    palvelutarpeet: Vec<String>,
    tausta: Tausta,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Nuori {
    pub(super) henkilotunnus: String,
    etunimet: String,
    sukunimi: String,
    asiointikieli: String,
    yhteysosoite: String,
    yhteystiedot: Yhteystiedot,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Yhteystiedot {
    puhelin: String,
    sahkoposti: String,
    katuosoite: String,
    postinumero: String,
    postitoimipaikka: String,
    kotikunta: String,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Tausta {
    #[serde(rename = "koulutusJaTyo")]
    koulutus: KoulutusJaTyo,
    sosiaalinen_tilanne: String,
    toimintakyky: String,
    asuminen: String,
    etuudet_ja_tulot: String,
    yhteinen_suunnitelma: String,
    palveluun_osallistuminen: String,
    tulosmittarit: String,
    elamanlaatu: String,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct KoulutusJaTyo {
    #[serde(deserialize_with = "json::never_null")]
    koulutusaste: Option<i32>,
    koulutus: String,
    tyohistoria: String,
    tyonhakijan_tila: String,
}

impl Tiedot {
    pub(super) fn of(content: ReferralContent) -> Self {
        let ReferralContent {
            identity_code,
            given_names,
            family_name,
            contact_language,
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
        let ContactDetails { phone, email, street_address, postal_code, city, municipality } =
            contact.unwrap_or_default();
        let EducationWork { education_level, education, work_history, job_seeker_status } =
            education_work.unwrap_or_default();
        Self {
            nuori: Nuori {
                henkilotunnus: identity_code,
                etunimet: given_names,
                sukunimi: family_name,
                asiointikieli: contact_language,
                yhteysosoite: correspondence_address,
                yhteystiedot: Yhteystiedot {
                    puhelin: phone,
                    sahkoposti: email,
                    katuosoite: street_address,
                    postinumero: postal_code,
                    postitoimipaikka: city,
                    kotikunta: municipality,
                },
            },
            toivottu_yhteydenottoaika: contact_wish,
            perustelu: reason,
            palvelutarpeet: service_needs,
            tausta: Tausta {
                koulutus: KoulutusJaTyo {
                    koulutusaste: education_level,
                    koulutus: education,
                    tyohistoria: work_history,
                    tyonhakijan_tila: job_seeker_status,
                },
                sosiaalinen_tilanne: social_situation,
                toimintakyky: health_capacity,
                asuminen: housing,
                etuudet_ja_tulot: benefits_income,
                yhteinen_suunnitelma: joint_plan,
                palveluun_osallistuminen: service_attendance,
                tulosmittarit: outcome_measures,
                elamanlaatu: quality_of_life,
            },
        }
    }

    /// Reads what is told. An object in which nothing is said is absent, as in the contract.
    pub(super) fn content(self) -> ReferralContent {
        let Self { nuori, toivottu_yhteydenottoaika, perustelu, palvelutarpeet, tausta } = self;
        let Nuori { henkilotunnus, etunimet, sukunimi, asiointikieli, yhteysosoite, yhteystiedot } = nuori;
        let Yhteystiedot { puhelin, sahkoposti, katuosoite, postinumero, postitoimipaikka, kotikunta } =
            yhteystiedot;
        let Tausta {
            koulutus: KoulutusJaTyo { koulutusaste, koulutus, tyohistoria, tyonhakijan_tila },
            sosiaalinen_tilanne,
            toimintakyky,
            asuminen,
            etuudet_ja_tulot,
            yhteinen_suunnitelma,
            palveluun_osallistuminen,
            tulosmittarit,
            elamanlaatu,
        } = tausta;
        let contact = ContactDetails {
            phone: puhelin,
            email: sahkoposti,
            street_address: katuosoite,
            postal_code: postinumero,
            city: postitoimipaikka,
            municipality: kotikunta,
        };
        let education_work = EducationWork {
            education_level: koulutusaste,
            education: koulutus,
            work_history: tyohistoria,
            job_seeker_status: tyonhakijan_tila,
        };
        ReferralContent {
            identity_code: henkilotunnus,
            given_names: etunimet,
            family_name: sukunimi,
            contact_language: asiointikieli,
            contact: Some(contact).filter(|contact| *contact != ContactDetails::default()),
            reason: perustelu,
            service_needs: palvelutarpeet,
            education_work: Some(education_work).filter(|work| *work != EducationWork::default()),
            social_situation: sosiaalinen_tilanne,
            health_capacity: toimintakyky,
            housing: asuminen,
            benefits_income: etuudet_ja_tulot,
            joint_plan: yhteinen_suunnitelma,
            service_attendance: palveluun_osallistuminen,
            outcome_measures: tulosmittarit,
            quality_of_life: elamanlaatu,
            correspondence_address: yhteysosoite,
            contact_wish: toivottu_yhteydenottoaika,
        }
    }
}

impl From<Lisatiedot> for Tiedot {
    fn from(lisatiedot: Lisatiedot) -> Self {
        let Lisatiedot { nuori, toivottu_yhteydenottoaika, perustelu, palvelutarpeet, tausta } = lisatiedot;
        Self { nuori, toivottu_yhteydenottoaika, perustelu, palvelutarpeet, tausta }
    }
}
