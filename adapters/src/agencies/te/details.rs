//! How is written, and read, what is told of a person: the elements from `asiakas` to `elamanlaatu`?

use polku_proto::v1::{ContactDetails, EducationWork, ReferralContent};

use crate::agencies::form::Expected;
use crate::agencies::soap::Parts;
use crate::agencies::soap::tree::{Node, group, text, texts};

/// Words what is told of a person. Nothing is told of what is not there.
pub(super) fn nodes(content: ReferralContent) -> Vec<Node> {
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
    let education_level = education_level.map(|level| level.to_string()).unwrap_or_default();
    let contact = group(
        "tns:yhteystiedot",
        [
            text("tns:puhelin", phone),
            text("tns:sahkoposti", email),
            text("tns:katuosoite", street_address),
            text("tns:postinumero", postal_code),
            text("tns:postitoimipaikka", city),
            text("tns:kuntakoodi", municipality),
        ],
    );
    let person = group(
        "tns:asiakas",
        [
            text("tns:henkilotunnus", identity_code),
            text("tns:etunimet", given_names),
            text("tns:sukunimi", family_name),
            text("tns:asiointikieli", contact_language),
            text("tns:yhteysosoite", correspondence_address),
            text("tns:toivottuYhteydenotto", contact_wish),
            contact,
        ],
    );
    let education = group(
        "tns:koulutusJaTyo",
        [
            text("tns:koulutusaste", education_level),
            text("tns:koulutus", education),
            text("tns:tyohistoria", work_history),
            text("tns:tyonhakijanTila", job_seeker_status),
        ],
    );
    let mut nodes: Vec<Node> = person.into_iter().chain(text("tns:perustelu", reason)).collect();
    nodes.extend(texts("tns:palvelutarve", service_needs));
    nodes.extend(education);
    let rest = [
        text("tns:sosiaalinenTilanne", social_situation),
        text("tns:toimintakyky", health_capacity),
        text("tns:asuminen", housing),
        text("tns:etuudetJaTulot", benefits_income),
        text("tns:yhteinenSuunnitelma", joint_plan),
        text("tns:palveluunOsallistuminen", service_attendance),
        text("tns:tulosmittarit", outcome_measures),
        text("tns:elamanlaatu", quality_of_life),
    ];
    nodes.extend(rest.into_iter().flatten());
    nodes
}

/// Reads what is told of a person. The identity code is as it stands there: whoever asks takes it out.
pub(super) fn read(parts: &mut Parts<'_>) -> Result<ReferralContent, Expected> {
    let mut content = ReferralContent::default();
    if let Some(mut person) = parts.group("asiakas")? {
        content.identity_code = person.optional("henkilotunnus");
        content.given_names = person.optional("etunimet");
        content.family_name = person.optional("sukunimi");
        content.contact_language = person.optional("asiointikieli");
        content.correspondence_address = person.optional("yhteysosoite");
        content.contact_wish = person.optional("toivottuYhteydenotto");
        content.contact = person.group("yhteystiedot")?.map(read_contact).transpose()?;
        person.end()?;
    }
    content.reason = parts.optional("perustelu");
    content.service_needs = parts.texts("palvelutarve");
    content.education_work = parts.group("koulutusJaTyo")?.map(read_education).transpose()?;
    content.social_situation = parts.optional("sosiaalinenTilanne");
    content.health_capacity = parts.optional("toimintakyky");
    content.housing = parts.optional("asuminen");
    content.benefits_income = parts.optional("etuudetJaTulot");
    content.joint_plan = parts.optional("yhteinenSuunnitelma");
    content.service_attendance = parts.optional("palveluunOsallistuminen");
    content.outcome_measures = parts.optional("tulosmittarit");
    content.quality_of_life = parts.optional("elamanlaatu");
    Ok(content)
}

fn read_contact(mut parts: Parts<'_>) -> Result<ContactDetails, Expected> {
    let contact = ContactDetails {
        phone: parts.optional("puhelin"),
        email: parts.optional("sahkoposti"),
        street_address: parts.optional("katuosoite"),
        postal_code: parts.optional("postinumero"),
        city: parts.optional("postitoimipaikka"),
        municipality: parts.optional("kuntakoodi"),
    };
    parts.end()?;
    Ok(contact)
}

fn read_education(mut parts: Parts<'_>) -> Result<EducationWork, Expected> {
    let education = EducationWork {
        education_level: parts.maybe("koulutusaste", "a digit", digit)?,
        education: parts.optional("koulutus"),
        work_history: parts.optional("tyohistoria"),
        job_seeker_status: parts.optional("tyonhakijanTila"),
    };
    parts.end()?;
    Ok(education)
}

fn digit(text: &str) -> Option<i32> {
    text.parse().ok().filter(|_| text.len() == 1)
}
