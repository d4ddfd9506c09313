//! How is a young person told of, in messages both ways? `asiakas`, `tausta` and what stands beside them.

use polku_proto::Valid;
use polku_proto::identity::Hetu;
use polku_proto::v1::{ContactDetails, EducationWork, ReferralContent};
use serde::{Deserialize, Deserializer, Serialize};

use super::Misread;

/// What is told about the young person, by the place where each message puts it.
#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(default)]
pub(super) struct Sisalto {
    #[serde(skip_serializing_if = "nothing")]
    pub(super) perustelu: String,
    #[serde(skip_serializing_if = "nothing")]
    pub(super) palvelutarpeet: Vec<String>,
    #[serde(skip_serializing_if = "nothing")]
    pub(super) asiakas: Asiakas,
    #[serde(skip_serializing_if = "nothing")]
    pub(super) tausta: Tausta,
}

#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Asiakas {
    #[serde(skip_serializing_if = "nothing")]
    henkilotunnus: String,
    #[serde(skip_serializing_if = "nothing")]
    etunimet: String,
    #[serde(skip_serializing_if = "nothing")]
    sukunimi: String,
    #[serde(skip_serializing_if = "nothing")]
    asiointikieli: String,
    #[serde(skip_serializing_if = "nothing")]
    yhteysosoite: String,
    #[serde(skip_serializing_if = "nothing")]
    toivottu_yhteydenotto: String,
    #[serde(skip_serializing_if = "nothing")]
    yhteystiedot: Yhteystiedot,
}

#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(default)]
struct Yhteystiedot {
    #[serde(skip_serializing_if = "nothing")]
    puhelin: String,
    #[serde(skip_serializing_if = "nothing")]
    sahkoposti: String,
    #[serde(skip_serializing_if = "nothing")]
    katuosoite: String,
    #[serde(skip_serializing_if = "nothing")]
    postinumero: String,
    #[serde(skip_serializing_if = "nothing")]
    postitoimipaikka: String,
    #[serde(skip_serializing_if = "nothing")]
    kotikunta: String,
}

#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Tausta {
    #[serde(skip_serializing_if = "nothing")]
    koulutus_ja_tyo: KoulutusJaTyo,
    #[serde(skip_serializing_if = "nothing")]
    sosiaalinen_tilanne: String,
    #[serde(skip_serializing_if = "nothing")]
    toimintakyky: String,
    #[serde(skip_serializing_if = "nothing")]
    asuminen: String,
    #[serde(skip_serializing_if = "nothing")]
    etuudet_ja_tulot: String,
    #[serde(skip_serializing_if = "nothing")]
    suunnitelma: String,
    #[serde(skip_serializing_if = "nothing")]
    palveluun_osallistuminen: String,
    #[serde(skip_serializing_if = "nothing")]
    tulosmittarit: String,
    #[serde(skip_serializing_if = "nothing")]
    elamanlaatu: String,
}

#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
struct KoulutusJaTyo {
    #[serde(skip_serializing_if = "nothing", deserialize_with = "not_null")]
    koulutusaste: Option<i32>,
    #[serde(skip_serializing_if = "nothing")]
    koulutus: String,
    #[serde(skip_serializing_if = "nothing")]
    tyohistoria: String,
    #[serde(skip_serializing_if = "nothing")]
    tyonhakijan_tila: String,
}

/// Whether a member is left out: nothing is told in it. An empty field of the contract is an absent one.
pub(super) fn nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads a member that may be absent and is never `null`.
pub(super) fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Sisalto {
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
        Self {
            perustelu: reason,
            palvelutarpeet: service_needs,
            asiakas: Asiakas {
                henkilotunnus: identity_code,
                etunimet: given_names,
                sukunimi: family_name,
                asiointikieli: contact_language,
                yhteysosoite: correspondence_address,
                toivottu_yhteydenotto: contact_wish,
                yhteystiedot: contact.map(Yhteystiedot::of).unwrap_or_default(),
            },
            tausta: Tausta {
                koulutus_ja_tyo: education_work.map(KoulutusJaTyo::of).unwrap_or_default(),
                sosiaalinen_tilanne: social_situation,
                toimintakyky: health_capacity,
                asuminen: housing,
                etuudet_ja_tulot: benefits_income,
                suunnitelma: joint_plan,
                palveluun_osallistuminen: service_attendance,
                tulosmittarit: outcome_measures,
                elamanlaatu: quality_of_life,
            },
        }
    }

    /// Gives whom it is about, if that is said, and what is told, without the identity code.
    pub(super) fn read(self) -> Result<(Option<Hetu>, ReferralContent), Misread> {
        let Self { perustelu, palvelutarpeet, asiakas, tausta } = self;
        let Asiakas {
            henkilotunnus,
            etunimet,
            sukunimi,
            asiointikieli,
            yhteysosoite,
            toivottu_yhteydenotto,
            yhteystiedot,
        } = asiakas;
        let Tausta {
            koulutus_ja_tyo,
            sosiaalinen_tilanne,
            toimintakyky,
            asuminen,
            etuudet_ja_tulot,
            suunnitelma,
            palveluun_osallistuminen,
            tulosmittarit,
            elamanlaatu,
        } = tausta;
        let identity = match henkilotunnus.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| Misread("`henkilotunnus`, a personal identity code"))?),
        };
        let content = ReferralContent {
            identity_code: String::new(),
            given_names: etunimet,
            family_name: sukunimi,
            contact_language: asiointikieli,
            contact: Some(yhteystiedot).filter(|contact| !nothing(contact)).map(Yhteystiedot::read),
            reason: perustelu,
            service_needs: palvelutarpeet,
            education_work: Some(koulutus_ja_tyo)
                .filter(|education| !nothing(education))
                .map(KoulutusJaTyo::read),
            social_situation: sosiaalinen_tilanne,
            health_capacity: toimintakyky,
            housing: asuminen,
            benefits_income: etuudet_ja_tulot,
            joint_plan: suunnitelma,
            service_attendance: palveluun_osallistuminen,
            outcome_measures: tulosmittarit,
            quality_of_life: elamanlaatu,
            correspondence_address: yhteysosoite,
            contact_wish: toivottu_yhteydenotto,
        };
        let limits = Misread("`asiakas`, `tausta`, `perustelu` and `palvelutarpeet` within their limits");
        Ok((identity, Valid::check(content).map_err(|_| limits)?.into_inner()))
    }
}

impl Yhteystiedot {
    fn of(contact: ContactDetails) -> Self {
        let ContactDetails { phone, email, street_address, postal_code, city, municipality } = contact;
        Self {
            puhelin: phone,
            sahkoposti: email,
            katuosoite: street_address,
            postinumero: postal_code,
            postitoimipaikka: city,
            kotikunta: municipality,
        }
    }

    fn read(self) -> ContactDetails {
        let Self { puhelin, sahkoposti, katuosoite, postinumero, postitoimipaikka, kotikunta } = self;
        ContactDetails {
            phone: puhelin,
            email: sahkoposti,
            street_address: katuosoite,
            postal_code: postinumero,
            city: postitoimipaikka,
            municipality: kotikunta,
        }
    }
}

impl KoulutusJaTyo {
    fn of(education_work: EducationWork) -> Self {
        let EducationWork { education_level, education, work_history, job_seeker_status } = education_work;
        Self {
            koulutusaste: education_level,
            koulutus: education,
            tyohistoria: work_history,
            tyonhakijan_tila: job_seeker_status,
        }
    }

    fn read(self) -> EducationWork {
        let Self { koulutusaste, koulutus, tyohistoria, tyonhakijan_tila } = self;
        EducationWork {
            education_level: koulutusaste,
            education: koulutus,
            work_history: tyohistoria,
            job_seeker_status: tyonhakijan_tila,
        }
    }
}
