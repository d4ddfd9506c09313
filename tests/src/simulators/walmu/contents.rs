//! Which members does the case management's document allow, with which values?

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use uuid::Uuid;

use super::page::{
    ACHIEVEMENTS, ACTION_STATES, ASKED, DELIVERIES, GOAL_STATES, GROUNDS, ITEMS, LINKS, MEETING_STATES, NEWS,
    PLAN_STATES, PURPOSES, RECORDS, SEATS,
};
use crate::simulators::codes::CATEGORIES;

/// What was read: every value with its path.
pub(crate) type Fields = Vec<(String, String)>;

#[derive(Debug, Clone, Copy)]
enum Holds {
    Text,
    Texts,
    Number,
    Yes,
    Uuid,
    Instant,
    Purpose,
    News,
    DeliveryEnd,
    Ground,
    Asked,
    Date,
    Classes,
    Code(&'static [&'static str]),
    Codes(&'static [&'static str]),
}

const PLAN_NEEDS: &[(&str, Holds)] = &[
    ("suunnitelma.omistaja", Holds::Text),
    ("suunnitelma.versio", Holds::Number),
    ("suunnitelma.tila", Holds::Code(PLAN_STATES)),
    ("luovutuslupa.perusteet", Holds::Texts),
    ("luovutuslupa.luokat", Holds::Texts),
];

const PLAN_MAY_HAVE: &[(&str, Holds)] = &[
    ("lahettavaHenkilo", Holds::Text),
    ("suunnitelma.tunnus", Holds::Uuid),
    ("suunnitelma.omistajanTunnus", Holds::Text),
    ("suunnitelma.paivitetty", Holds::Instant),
    ("suunnitelma.tietojaKarsittu", Holds::Yes),
    ("suunnitelma.lupaPeruttu", Holds::Yes),
    ("suunnitelma.asiakkaanNakemys", Holds::Text),
    ("suunnitelma.tyontekijanNakemys", Holds::Text),
    ("suunnitelma.tarkistusPvm", Holds::Date),
    ("suunnitelma.vastuutyontekija.tunnus", Holds::Text),
    ("suunnitelma.vastuutyontekija.nimi", Holds::Text),
    ("suunnitelma.vastuutyontekija.yksikko", Holds::Text),
    ("suunnitelma.vastuutyontekija.puhelin", Holds::Text),
    ("suunnitelma.vastuutyontekija.sahkoposti", Holds::Text),
    ("suunnitelma.lahtotilanne.perustelu", Holds::Text),
    ("suunnitelma.lahtotilanne.palvelutarpeet", Holds::Texts),
    ("suunnitelma.yhteinenTilanne.hyvaksytty", Holds::Instant),
    ("suunnitelma.yhteinenTilanne.muuttunutHyvaksymisesta", Holds::Yes),
    ("suunnitelma.yhteinenTilanne.seuraavaAskel.omistaja", Holds::Text),
    ("suunnitelma.yhteinenTilanne.seuraavaAskel.laji", Holds::Code(ITEMS)),
    ("suunnitelma.yhteinenTilanne.seuraavaAskel.tunnus", Holds::Text),
];

/// A list of the plan, with what its items need and may have.
type Items = (&'static str, &'static [(&'static str, Holds)], &'static [(&'static str, Holds)]);

const PLAN_LISTS: &[Items] = &[
    (
        "tarpeet",
        &[("tunnus", Holds::Text), ("luokka", Holds::Code(CATEGORIES)), ("kuvaus", Holds::Text)],
        &[("havaittuTapaamisessa", Holds::Yes)],
    ),
    (
        "tavoitteet",
        &[
            ("tunnus", Holds::Text),
            ("luokka", Holds::Code(CATEGORIES)),
            ("kuvaus", Holds::Text),
            ("tila", Holds::Code(GOAL_STATES)),
        ],
        &[("toteutuminen", Holds::Code(ACHIEVEMENTS)), ("maaraPvm", Holds::Date), ("tarpeet", Holds::Texts)],
    ),
    (
        "toimenpiteet",
        &[
            ("tunnus", Holds::Text),
            ("luokka", Holds::Code(CATEGORIES)),
            ("kuvaus", Holds::Text),
            ("tila", Holds::Code(ACTION_STATES)),
        ],
        &[
            ("tavoite", Holds::Text),
            ("toteuttaja", Holds::Text),
            ("ptvPalvelu", Holds::Uuid),
            ("alkuPvm", Holds::Date),
            ("loppuPvm", Holds::Date),
            ("peruste", Holds::Text),
        ],
    ),
    (
        "tapaamiset",
        &[
            ("tunnus", Holds::Text),
            ("luokka", Holds::Code(CATEGORIES)),
            ("tila", Holds::Code(MEETING_STATES)),
        ],
        &[
            ("aika", Holds::Instant),
            ("paikka", Holds::Text),
            ("osallistujat", Holds::Texts),
            ("muistio", Holds::Text),
        ],
    ),
    ("yhteinenTilanne.vahvistetut", &[("tunnus", Holds::Text), ("aika", Holds::Instant)], &[]),
    (
        "yhteinenTilanne.kirjaukset",
        &[("tapaaminen", Holds::Text), ("laji", Holds::Code(RECORDS))],
        &[
            ("lasna", Holds::Texts),
            ("asiakasLasna", Holds::Yes),
            ("puuttuu", Holds::Codes(SEATS)),
            ("kyselyEnnen", Holds::Yes),
        ],
    ),
    (
        "yhteinenTilanne.yhteydet",
        &[
            ("laji", Holds::Code(LINKS)),
            ("alku.omistaja", Holds::Text),
            ("alku.laji", Holds::Code(ITEMS)),
            ("alku.tunnus", Holds::Text),
            ("loppu.omistaja", Holds::Text),
            ("loppu.laji", Holds::Code(ITEMS)),
            ("loppu.tunnus", Holds::Text),
        ],
        &[],
    ),
];

const QUERY_NEEDS: &[(&str, Holds)] = &[
    ("kysely.tunnus", Holds::Uuid),
    ("kysely.kysyja", Holds::Text),
    ("kysely.kayttotarkoitus", Holds::Purpose),
    ("kysely.luokat", Holds::Classes),
    ("asiakas.henkilotunnus", Holds::Text),
];

const REFERRAL_NEEDS: &[(&str, Holds)] = &[
    ("lahete.tunnus", Holds::Uuid),
    ("lahete.lahettavaTaho", Holds::Text),
    ("lahete.lahetePvm", Holds::Instant),
    ("lahete.kayttotarkoitus", Holds::Purpose),
    ("lahete.luovutuslupa.perusteet", Holds::Texts),
    ("lahete.luovutuslupa.luokat", Holds::Texts),
];

const REFERRAL_MAY_HAVE: &[(&str, Holds)] = &[
    ("lahete.lahettavaHenkilo", Holds::Text),
    ("lahete.vastaanottavaYksikko", Holds::Text),
    ("lahete.vastausViimeistaan", Holds::Instant),
    ("lahete.tietojaKarsittu", Holds::Yes),
    ("lahete.ilmoitusperuste.selostus", Holds::Text),
    ("lahete.perustelu", Holds::Text),
    ("lahete.palvelutarpeet", Holds::Texts),
];

/// What a stated ground has, if there is one.
const GROUND_NEEDS: &[(&str, Holds)] = &[
    ("lahete.ilmoitusperuste.peruste", Holds::Ground),
    ("lahete.ilmoitusperuste.suostumusta", Holds::Asked),
];

const NOTICE_NEEDS: &[(&str, Holds)] =
    &[("laji", Holds::News), ("tila", Holds::Text), ("aika", Holds::Instant)];

const NOTICE_MAY_HAVE: &[(&str, Holds)] = &[
    ("lahettavaHenkilo", Holds::Text),
    ("hylkaysSyy", Holds::Text),
    ("tulos", Holds::Text),
    ("toimitus", Holds::DeliveryEnd),
    ("huomautus", Holds::Text),
    ("lisatiedot.perustelu", Holds::Text),
    ("lisatiedot.palvelutarpeet", Holds::Texts),
];

const CLIENT_AND_BACKGROUND: &[(&str, Holds)] = &[
    ("asiakas.henkilotunnus", Holds::Text),
    ("asiakas.etunimet", Holds::Text),
    ("asiakas.sukunimi", Holds::Text),
    ("asiakas.asiointikieli", Holds::Text),
    ("asiakas.yhteysosoite", Holds::Text),
    ("asiakas.toivottuYhteydenotto", Holds::Text),
    ("asiakas.yhteystiedot.puhelin", Holds::Text),
    ("asiakas.yhteystiedot.sahkoposti", Holds::Text),
    ("asiakas.yhteystiedot.katuosoite", Holds::Text),
    ("asiakas.yhteystiedot.postinumero", Holds::Text),
    ("asiakas.yhteystiedot.postitoimipaikka", Holds::Text),
    ("asiakas.yhteystiedot.kotikunta", Holds::Text),
    ("tausta.koulutusJaTyo.koulutusaste", Holds::Number),
    ("tausta.koulutusJaTyo.koulutus", Holds::Text),
    ("tausta.koulutusJaTyo.tyohistoria", Holds::Text),
    ("tausta.koulutusJaTyo.tyonhakijanTila", Holds::Text),
    ("tausta.sosiaalinenTilanne", Holds::Text),
    ("tausta.toimintakyky", Holds::Text),
    ("tausta.asuminen", Holds::Text),
    ("tausta.etuudetJaTulot", Holds::Text),
    ("tausta.suunnitelma", Holds::Text),
    ("tausta.palveluunOsallistuminen", Holds::Text),
    ("tausta.tulosmittarit", Holds::Text),
    ("tausta.elamanlaatu", Holds::Text),
];

/// Reads the body of `POST lahetteet`, or names the member that is out of place.
pub(crate) fn read_referral(body: &Value) -> Result<Fields, String> {
    no_nulls(body, "")?;
    needs(body, REFERRAL_NEEDS)?;
    if at(body, "lahete.ilmoitusperuste").is_some() {
        needs(body, GROUND_NEEDS)?;
    }
    may_have(body, "", REFERRAL_MAY_HAVE)?;
    may_have(body, "", CLIENT_AND_BACKGROUND)?;
    Ok(flatten(body))
}

/// Reads the body of `POST ilmoitukset`, or names the member that is out of place.
pub(crate) fn read_notice(body: &Value) -> Result<Fields, String> {
    no_nulls(body, "")?;
    needs(body, NOTICE_NEEDS)?;
    may_have(body, "", NOTICE_MAY_HAVE)?;
    may_have(body, "lisatiedot.", CLIENT_AND_BACKGROUND)?;
    Ok(flatten(body))
}

/// Reads the body of `POST suunnitelmat`, or names the member that is out of place.
pub(crate) fn read_plan(body: &Value) -> Result<Fields, String> {
    no_nulls(body, "")?;
    needs(body, PLAN_NEEDS)?;
    may_have(body, "", PLAN_MAY_HAVE)?;
    may_have(body, "suunnitelma.lahtotilanne.", CLIENT_AND_BACKGROUND)?;
    for (list, item_needs, item_may_have) in PLAN_LISTS {
        let Some(items) = at(body, &format!("suunnitelma.{list}")) else { continue };
        for item in items.as_array().ok_or_else(|| (*list).to_owned())? {
            needs(item, item_needs)?;
            may_have(item, "", item_may_have)?;
        }
    }
    Ok(flatten(body))
}

/// Reads the body of `POST asiakkaat/haku`, or names the member that is out of place.
pub(crate) fn read_query(body: &Value) -> Result<Fields, String> {
    no_nulls(body, "")?;
    needs(body, QUERY_NEEDS)?;
    may_have(body, "", &[("kysely.kysyjanHenkilo", Holds::Text)])?;
    Ok(flatten(body))
}

fn needs(body: &Value, members: &[(&str, Holds)]) -> Result<(), String> {
    for (path, holds) in members {
        match at(body, path) {
            Some(value) if fits(value, *holds) => {}
            Some(_) | None => return Err((*path).to_owned()),
        }
    }
    Ok(())
}

fn may_have(body: &Value, above: &str, members: &[(&str, Holds)]) -> Result<(), String> {
    for (path, holds) in members {
        let path = format!("{above}{path}");
        if at(body, &path).is_some_and(|value| !fits(value, *holds)) {
            return Err(path);
        }
    }
    Ok(())
}

fn at<'a>(body: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(body, |value, name| value.get(name))
}

fn fits(value: &Value, holds: Holds) -> bool {
    let text = value.as_str();
    match holds {
        Holds::Text => text.is_some_and(|text| !text.is_empty()),
        Holds::Texts => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
        Holds::Number => value.is_u64(),
        Holds::Yes => *value == Value::Bool(true),
        Holds::Uuid => text.is_some_and(|text| Uuid::try_parse(text).is_ok()),
        Holds::Instant => text.is_some_and(|text| text.ends_with('Z') && text.parse::<Timestamp>().is_ok()),
        Holds::Purpose => text.is_some_and(|text| PURPOSES.contains(&text)),
        Holds::News => text.is_some_and(|text| NEWS.contains(&text)),
        Holds::Ground => text.is_some_and(|text| GROUNDS.contains(&text)),
        Holds::Date => text.is_some_and(|text| text.len() == 10 && text.parse::<Date>().is_ok()),
        Holds::Classes => value.as_array().is_some_and(|all| {
            let known = |class: &Value| class.as_str().is_some_and(|class| CATEGORIES.contains(&class));
            !all.is_empty() && all.iter().all(known)
        }),
        Holds::Code(codes) => text.is_some_and(|text| codes.contains(&text)),
        Holds::Codes(codes) => {
            let known = |code: &Value| code.as_str().is_some_and(|code| codes.contains(&code));
            value.as_array().is_some_and(|all| all.iter().all(known))
        }
        Holds::Asked => text.is_some_and(|text| ASKED.contains(&text)),
        Holds::DeliveryEnd => text.is_some_and(|text| DELIVERIES.contains(&text)),
    }
}

fn no_nulls(value: &Value, path: &str) -> Result<(), String> {
    match value {
        Value::Null => Err(path.to_owned()),
        Value::Object(members) => {
            members.iter().try_for_each(|(name, member)| no_nulls(member, &below(path, name)))
        }
        Value::Array(items) => items.iter().try_for_each(|item| no_nulls(item, path)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Every value with its path; the items of a list have the path of the list.
fn flatten(body: &Value) -> Fields {
    let mut fields = Vec::new();
    collect(body, "", &mut fields);
    fields
}

fn collect(value: &Value, path: &str, fields: &mut Fields) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, &below(path, name), fields);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, fields)),
        Value::String(text) => fields.push((path.to_owned(), text.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) => fields.push((path.to_owned(), value.to_string())),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
