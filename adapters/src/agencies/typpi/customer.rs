//! How is the customer file written, and read: `asiakastiedot`?

use polku_proto::v1::{ContactDetails, EducationWork, ReferralContent};

use crate::agencies::form::Expected;
use crate::agencies::soap::Parts;
use crate::agencies::soap::tree::{Node, group, text, texts};

/// Words what is told of a person; none if nothing is told.
pub(super) fn node(content: ReferralContent) -> Option<Node> {
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
    let EducationWork { education_level, education, work_history, job_seeker_status } =
        education_work.unwrap_or_default();
    let education_level = education_level.map(|level| level.to_string()).unwrap_or_default();
    let person = [
        text("tns:hetu", identity_code),
        text("tns:etunimet", given_names),
        text("tns:sukunimi", family_name),
        text("tns:asiointikieli", contact_language),
        text("tns:yhteysosoite", correspondence_address),
        contact.and_then(contact_node),
    ];
    let attendance = [text("tns:kaynnit", service_attendance), text("tns:yhteydenottotoive", contact_wish)];
    let education_work = [
        text("tns:koulutusaste", education_level),
        text("tns:koulutus", education),
        text("tns:tyohistoria", work_history),
        text("tns:tyonhakijanTila", job_seeker_status),
    ];
    let social = [
        text("tns:tilanne", social_situation),
        text("tns:asuminen", housing),
        text("tns:toimeentulo", benefits_income),
    ];
    let health = [text("tns:toimintakyky", health_capacity), text("tns:elamanlaatu", quality_of_life)];
    let mut needs: Vec<Node> = text("tns:ohjauksenSyy", reason).into_iter().collect();
    needs.extend(texts("tns:palvelutarve", service_needs));
    needs.extend(text("tns:tulosmittarit", outcome_measures));
    group(
        "tns:asiakastiedot",
        [
            group("tns:henkilo", person),
            group("tns:asiakkuus", attendance),
            group("tns:koulutusJaTyo", education_work),
            group("tns:sosiaalinenTilanne", social),
            group("tns:terveystiedot", health),
            list("tns:palvelutarpeet", needs),
            text("tns:suunnitelmatiivistelma", joint_plan),
        ],
    )
}

fn contact_node(contact: ContactDetails) -> Option<Node> {
    let ContactDetails { phone, email, street_address, postal_code, city, municipality } = contact;
    group(
        "tns:osoitetiedot",
        [
            text("tns:puhelinnumero", phone),
            text("tns:sahkopostiosoite", email),
            text("tns:lahiosoite", street_address),
            text("tns:postinumero", postal_code),
            text("tns:postitoimipaikka", city),
            text("tns:kotikunta", municipality),
        ],
    )
}

/// An element with these elements; none if there are none.
pub(super) fn list(name: &'static str, nodes: Vec<Node>) -> Option<Node> {
    (!nodes.is_empty()).then_some(Node::Group(name, nodes))
}

/// Reads `asiakastiedot`, if it comes next and holds something. The identity code is left in it: whoever asks takes it
/// out.
pub(super) fn read(around: &mut Parts<'_>) -> Result<Option<ReferralContent>, Expected> {
    let Some(mut parts) = around.group("asiakastiedot")? else {
        return Ok(None);
    };
    let mut content = ReferralContent::default();
    if let Some(person) = parts.group("henkilo")? {
        read_person(person, &mut content)?;
    }
    if let Some(mut attendance) = parts.group("asiakkuus")? {
        content.service_attendance = attendance.optional("kaynnit");
        content.contact_wish = attendance.optional("yhteydenottotoive");
        attendance.end()?;
    }
    if let Some(mut education) = parts.group("koulutusJaTyo")? {
        let read = EducationWork {
            education_level: education.maybe("koulutusaste", "a level, 0 to 9", level)?,
            education: education.optional("koulutus"),
            work_history: education.optional("tyohistoria"),
            job_seeker_status: education.optional("tyonhakijanTila"),
        };
        education.end()?;
        content.education_work = Some(read).filter(|read| *read != EducationWork::default());
    }
    if let Some(mut social) = parts.group("sosiaalinenTilanne")? {
        content.social_situation = social.optional("tilanne");
        content.housing = social.optional("asuminen");
        content.benefits_income = social.optional("toimeentulo");
        social.end()?;
    }
    if let Some(mut health) = parts.group("terveystiedot")? {
        content.health_capacity = health.optional("toimintakyky");
        content.quality_of_life = health.optional("elamanlaatu");
        health.end()?;
    }
    if let Some(mut needs) = parts.group("palvelutarpeet")? {
        content.reason = needs.optional("ohjauksenSyy");
        content.service_needs = needs.texts("palvelutarve");
        content.outcome_measures = needs.optional("tulosmittarit");
        needs.end()?;
    }
    content.joint_plan = parts.optional("suunnitelmatiivistelma");
    parts.end()?;
    Ok(Some(content).filter(|content| *content != ReferralContent::default()))
}

fn read_person(mut parts: Parts<'_>, content: &mut ReferralContent) -> Result<(), Expected> {
    content.identity_code = parts.optional("hetu");
    content.given_names = parts.optional("etunimet");
    content.family_name = parts.optional("sukunimi");
    content.contact_language = parts.optional("asiointikieli");
    content.correspondence_address = parts.optional("yhteysosoite");
    if let Some(mut contact) = parts.group("osoitetiedot")? {
        let read = ContactDetails {
            phone: contact.optional("puhelinnumero"),
            email: contact.optional("sahkopostiosoite"),
            street_address: contact.optional("lahiosoite"),
            postal_code: contact.optional("postinumero"),
            city: contact.optional("postitoimipaikka"),
            municipality: contact.optional("kotikunta"),
        };
        contact.end()?;
        content.contact = Some(read).filter(|read| *read != ContactDetails::default());
    }
    parts.end()
}

fn level(text: &str) -> Option<i32> {
    let digit = text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digit { text.parse().ok() } else { None }
}
