//! Which members does Kela's document allow, with which values?

use jiff::Timestamp;
use jiff::civil::Date;
use polku_proto::identity::Hetu;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::page::{
    ACHIEVEMENTS, ACTION_STATES, DELIVERIES, GOAL_STATES, ITEMS, LINKS, MEETING_STATES, NEWS, OUTCOMES,
    PLAN_STATES, PURPOSES, REASONS, RECORDS, SEATS, STATES,
};
use crate::simulators::ground::{ASKED, GROUNDS};

/// What was read: every value with its path; a repeated one comes repeatedly.
pub(crate) type Fields = Vec<(String, String)>;

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holds {
    Text,
    Texts,
    Number,
    Yes,
    Uuid,
    Instant,
    Day,
    Hetu,
    Code(&'static [&'static str]),
    Codes(&'static [&'static str]),
    Object(&'static [Member]),
    Objects(&'static [Member]),
}

/// A member of an object: its name, whether it must be there, what it holds.
pub(crate) type Member = (&'static str, bool, Holds);

const CONTACT: &[Member] = &[
    ("puhelin", false, Holds::Text),
    ("sahkoposti", false, Holds::Text),
    ("katuosoite", false, Holds::Text),
    ("postinumero", false, Holds::Text),
    ("postitoimipaikka", false, Holds::Text),
    ("kotikunta", false, Holds::Text),
];
const YOUNG: &[Member] = &[
    ("henkilotunnus", false, Holds::Hetu),
    ("etunimet", false, Holds::Text),
    ("sukunimi", false, Holds::Text),
    ("asiointikieli", false, Holds::Text),
    ("yhteysosoite", false, Holds::Text),
    ("yhteystiedot", false, Holds::Object(CONTACT)),
];
const WORK: &[Member] = &[
    ("koulutusaste", false, Holds::Number),
    ("koulutus", false, Holds::Text),
    ("tyohistoria", false, Holds::Text),
    ("tyonhakijanTila", false, Holds::Text),
];
const BACKGROUND: &[Member] = &[
    ("koulutusJaTyo", false, Holds::Object(WORK)),
    ("sosiaalinenTilanne", false, Holds::Text),
    ("toimintakyky", false, Holds::Text),
    ("asuminen", false, Holds::Text),
    ("etuudetJaTulot", false, Holds::Text),
    ("yhteinenSuunnitelma", false, Holds::Text),
    ("palveluunOsallistuminen", false, Holds::Text),
    ("tulosmittarit", false, Holds::Text),
    ("elamanlaatu", false, Holds::Text),
];
/// The members of the young person.
const PERSON: &[Member] = &[
    ("nuori", false, Holds::Object(YOUNG)),
    ("toivottuYhteydenottoaika", false, Holds::Text),
    ("perustelu", false, Holds::Text),
    ("palvelutarpeet", false, Holds::Texts),
    ("tausta", false, Holds::Object(BACKGROUND)),
];
const PARTNER: &[Member] = &[("taho", true, Holds::Text), ("tyontekija", false, Holds::Text)];
const GROUND: &[Member] = &[
    ("peruste", true, Holds::Code(GROUNDS)),
    ("selostus", false, Holds::Text),
    ("suostumusta", true, Holds::Code(ASKED)),
];
const REQUEST: &[Member] = &[
    ("sanomaTunnus", true, Holds::Uuid),
    ("laheteTunnus", true, Holds::Uuid),
    ("luotu", true, Holds::Instant),
    ("vastausViimeistaan", false, Holds::Instant),
    ("yhteistyokumppani", true, Holds::Object(PARTNER)),
    ("vastaanottavaYksikko", false, Holds::Text),
    ("suostumusId", false, Holds::Texts),
    ("saannokset", false, Holds::Texts),
    ("tietojaKarsittu", false, Holds::Yes),
    ("ilmoitusperuste", false, Holds::Object(GROUND)),
];
const PURPOSE: &[Member] = &[("kayttotarkoitus", true, Holds::Code(PURPOSES))];
const NOTICE: &[Member] = &[
    ("sanomaTunnus", true, Holds::Uuid),
    ("laheteTunnus", true, Holds::Uuid),
    ("laji", true, Holds::Code(NEWS)),
    ("tila", true, Holds::Code(STATES)),
    ("aika", true, Holds::Instant),
    ("hylkaysSyy", false, Holds::Code(REASONS)),
    ("tulos", false, Holds::Code(OUTCOMES)),
    ("toimitus", false, Holds::Code(DELIVERIES)),
    ("huomautus", false, Holds::Text),
    ("lisatiedot", false, Holds::Object(PERSON)),
];

const NEED: &[Member] = &[
    ("tunnus", true, Holds::Text),
    ("luokka", true, Holds::Text),
    ("kuvaus", true, Holds::Text),
    ("havaittuKokouksessa", false, Holds::Yes),
];
const GOAL: &[Member] = &[
    ("tunnus", true, Holds::Text),
    ("luokka", true, Holds::Text),
    ("kuvaus", true, Holds::Text),
    ("tila", true, Holds::Code(GOAL_STATES)),
    ("toteutuminen", false, Holds::Code(ACHIEVEMENTS)),
    ("maaraaika", false, Holds::Day),
    ("tarpeet", false, Holds::Texts),
];
const MEASURE: &[Member] = &[
    ("tunnus", true, Holds::Text),
    ("luokka", true, Holds::Text),
    ("kuvaus", true, Holds::Text),
    ("tila", true, Holds::Code(ACTION_STATES)),
    ("tavoite", false, Holds::Text),
    ("tuottaja", false, Holds::Text),
    ("ptvPalvelu", false, Holds::Uuid),
    ("alkaa", false, Holds::Day),
    ("paattyy", false, Holds::Day),
    ("syy", false, Holds::Text),
];
const MEETING: &[Member] = &[
    ("tunnus", true, Holds::Text),
    ("luokka", true, Holds::Text),
    ("aika", false, Holds::Instant),
    ("tila", true, Holds::Code(MEETING_STATES)),
    ("paikka", false, Holds::Text),
    ("osallistujat", false, Holds::Texts),
    ("muistiinpano", false, Holds::Text),
];
const WORKER: &[Member] = &[
    ("tunnus", false, Holds::Text),
    ("nimi", false, Holds::Text),
    ("yksikko", false, Holds::Text),
    ("puhelin", false, Holds::Text),
    ("sahkoposti", false, Holds::Text),
];
const ITEM: &[Member] =
    &[("omistaja", true, Holds::Text), ("laji", true, Holds::Code(ITEMS)), ("tunnus", true, Holds::Text)];
const ATTENDANCE: &[Member] = &[
    ("tapaaminen", true, Holds::Text),
    ("laji", true, Holds::Code(RECORDS)),
    ("lasna", false, Holds::Texts),
    ("asiakasLasna", false, Holds::Yes),
    ("puuttuu", false, Holds::Codes(SEATS)),
    ("kyselyEnnen", false, Holds::Yes),
];
const LINK: &[Member] = &[
    ("laji", true, Holds::Code(LINKS)),
    ("alku", true, Holds::Object(ITEM)),
    ("loppu", true, Holds::Object(ITEM)),
];
const STANDING: &[Member] = &[
    ("hyvaksytty", false, Holds::Instant),
    ("muuttunutHyvaksymisesta", false, Holds::Yes),
    ("vahvistetut", false, Holds::Objects(&[("tunnus", true, Holds::Text), ("aika", true, Holds::Instant)])),
    ("kirjaukset", false, Holds::Objects(ATTENDANCE)),
    ("seuraavaAskel", false, Holds::Object(ITEM)),
    ("yhteydet", false, Holds::Objects(LINK)),
];
const PLAN: &[Member] = &[
    ("sanomaTunnus", true, Holds::Uuid),
    ("suunnitelmaTunnus", false, Holds::Uuid),
    ("omistaja", true, Holds::Text),
    ("omistajanTunnus", false, Holds::Text),
    ("versio", true, Holds::Number),
    ("paivitetty", true, Holds::Instant),
    ("tila", true, Holds::Code(PLAN_STATES)),
    ("tietojaKarsittu", false, Holds::Yes),
    ("lupaPeruttu", false, Holds::Yes),
    ("tarpeet", false, Holds::Objects(NEED)),
    ("tavoitteet", false, Holds::Objects(GOAL)),
    ("toimenpiteet", false, Holds::Objects(MEASURE)),
    ("tapaamiset", false, Holds::Objects(MEETING)),
    ("nuorenNakemys", false, Holds::Text),
    ("tyontekijanNakemys", false, Holds::Text),
    ("seuraavaTarkistus", false, Holds::Day),
    ("vastuutyontekija", false, Holds::Object(WORKER)),
    ("yhteinenTilanne", false, Holds::Object(STANDING)),
];
const QUESTION: &[Member] = &[
    ("kyselyTunnus", true, Holds::Uuid),
    ("henkilotunnus", true, Holds::Hetu),
    ("kysyja", true, Holds::Text),
    ("tyontekija", false, Holds::Text),
    ("kayttotarkoitus", true, Holds::Code(PURPOSES)),
    ("tietoryhmat", true, Holds::Codes(&["ETUUDET", "ASIAKKUUS", "KUNTOUTUS"])),
];

/// Reads `nuottiYhteydenotto` or `yhteydenottopyynto`. `Err` is the path of what does not fit.
pub(crate) fn request(body: &Value) -> Result<Fields, String> {
    let Some((name, request)) =
        body.as_object().filter(|body| body.len() == 1).and_then(|body| body.iter().next())
    else {
        return Err("yhteydenotto".to_owned());
    };
    match name.as_str() {
        "nuottiYhteydenotto" => read(request, name, &[REQUEST, PERSON]),
        "yhteydenottopyynto" => read(request, name, &[REQUEST, PURPOSE, PERSON]),
        _ => Err(name.clone()),
    }
}

/// Reads news.
pub(crate) fn notice(body: &Value) -> Result<Fields, String> {
    read(body, "", &[NOTICE])
}

/// Reads a part of a plan.
pub(crate) fn plan_part(body: &Value) -> Result<Fields, String> {
    read(body, "", &[PLAN, PERSON])
}

/// Reads a question.
pub(crate) fn question(body: &Value) -> Result<Fields, String> {
    read(body, "", &[QUESTION])
}

fn read(body: &Value, path: &str, members: &[&[Member]]) -> Result<Fields, String> {
    let members: Vec<Member> = members.iter().flat_map(|members| members.iter().copied()).collect();
    let mut fields = Fields::new();
    object(body, path, &members, &mut fields)?;
    Ok(fields)
}

fn object(value: &Value, path: &str, members: &[Member], fields: &mut Fields) -> Result<(), String> {
    let object: &Map<String, Value> = value.as_object().ok_or(path)?;
    if let Some(stranger) = object.keys().find(|key| members.iter().all(|(name, ..)| name != key)) {
        return Err(below(path, stranger));
    }
    for (name, must, holds) in members {
        let path = below(path, name);
        match object.get(*name) {
            Some(value) => member(value, &path, *holds, fields)?,
            None if *must => return Err(path),
            None => {}
        }
    }
    Ok(())
}

fn member(value: &Value, path: &str, holds: Holds, fields: &mut Fields) -> Result<(), String> {
    let fits = |fits: bool| if fits { Ok(()) } else { Err(path.to_owned()) };
    match holds {
        Holds::Object(members) => return object(value, path, members, fields),
        Holds::Objects(members) => {
            let items = value.as_array().ok_or(path)?;
            return items.iter().try_for_each(|item| object(item, path, members, fields));
        }
        Holds::Texts | Holds::Codes(_) => {
            let item = if let Holds::Codes(codes) = holds { Holds::Code(codes) } else { Holds::Text };
            let items = value.as_array().ok_or(path)?;
            return items.iter().try_for_each(|text| member(text, path, item, fields));
        }
        Holds::Number => fits(value.is_u64())?,
        Holds::Yes => fits(*value == Value::Bool(true))?,
        Holds::Text => fits(value.is_string())?,
        Holds::Uuid => fits(value.as_str().is_some_and(|text| Uuid::try_parse(text).is_ok()))?,
        Holds::Instant => {
            fits(
                value.as_str().is_some_and(|text| text.ends_with('Z') && text.parse::<Timestamp>().is_ok()),
            )?;
        }
        Holds::Day => {
            fits(value.as_str().is_some_and(|text| text.len() == 10 && text.parse::<Date>().is_ok()))?;
        }
        Holds::Hetu => fits(value.as_str().is_some_and(|text| text.parse::<Hetu>().is_ok()))?,
        Holds::Code(codes) => fits(value.as_str().is_some_and(|text| codes.contains(&text)))?,
    }
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields.push((path.to_owned(), text));
    Ok(())
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
