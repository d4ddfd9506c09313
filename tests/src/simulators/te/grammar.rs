//! Which elements does the office's document allow, in which order, with which values?

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::simulators::ground::{ASKED, GROUNDS};
use crate::simulators::te::page::{
    ACHIEVEMENTS, ACTION_STATES, CATEGORIES, DELIVERIES, GOAL_STATES, ITEMS, LINKS, MEETING_STATES, NEWS,
    OUTCOMES, PLAN_STATES, PURPOSES, REASONS, RECORDS, SEATS, STATES,
};
use crate::simulators::te::words::CONTENTS;
use crate::simulators::xml::Element;

/// One row of a table in the office's document.
#[derive(Debug)]
pub(crate) struct Part {
    name: &'static str,
    occurs: Occurs,
    holds: Holds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occurs {
    Once,
    AtMostOnce,
    AnyTimes,
}

#[derive(Debug)]
enum Holds {
    Text,
    Uuid,
    Instant,
    Date,
    Number,
    True,
    Code(&'static [&'static str]),
    Parts(&'static [Part]),
}

const fn once(name: &'static str, holds: Holds) -> Part {
    Part { name, occurs: Occurs::Once, holds }
}

const fn maybe(name: &'static str, holds: Holds) -> Part {
    Part { name, occurs: Occurs::AtMostOnce, holds }
}

const fn any(name: &'static str, holds: Holds) -> Part {
    Part { name, occurs: Occurs::AnyTimes, holds }
}

const fn text(name: &'static str) -> Part {
    maybe(name, Holds::Text)
}

const CONTACT: &[Part] = &[
    text("puhelin"),
    text("sahkoposti"),
    text("katuosoite"),
    text("postinumero"),
    text("postitoimipaikka"),
    text("kuntakoodi"),
];

const CLIENT: &[Part] = &[
    text("henkilotunnus"),
    text("etunimet"),
    text("sukunimi"),
    text("asiointikieli"),
    text("yhteysosoite"),
    text("toivottuYhteydenotto"),
    maybe("yhteystiedot", Holds::Parts(CONTACT)),
];

const EDUCATION_AND_WORK: &[Part] =
    &[text("koulutusaste"), text("koulutus"), text("tyohistoria"), text("tyonhakijanTila")];

const STATED_GROUND: &[Part] =
    &[once("peruste", Holds::Code(GROUNDS)), text("selostus"), once("suostumusta", Holds::Code(ASKED))];

const fn client() -> Part {
    maybe("asiakas", Holds::Parts(CLIENT))
}

const fn needs() -> Part {
    Part { name: "palvelutarve", occurs: Occurs::AnyTimes, holds: Holds::Text }
}

const fn education_and_work() -> Part {
    maybe("koulutusJaTyo", Holds::Parts(EDUCATION_AND_WORK))
}

/// `vastaanotaLahete`.
pub(crate) const REFERRAL: &[Part] = &[
    once("sanomaTunnus", Holds::Uuid),
    once("laheteTunnus", Holds::Uuid),
    once("lahettaja", Holds::Text),
    text("vastaanottavaYksikko"),
    once("kayttotarkoitus", Holds::Code(PURPOSES)),
    once("luotu", Holds::Instant),
    maybe("vastausViimeistaan", Holds::Instant),
    text("tietojaKarsittu"),
    maybe("ilmoitusperuste", Holds::Parts(STATED_GROUND)),
    client(),
    text("perustelu"),
    needs(),
    education_and_work(),
    text("sosiaalinenTilanne"),
    text("toimintakyky"),
    text("asuminen"),
    text("etuudetJaTulot"),
    text("yhteinenSuunnitelma"),
    text("palveluunOsallistuminen"),
    text("tulosmittarit"),
    text("elamanlaatu"),
];

const MORE_INFORMATION: &[Part] = &[
    client(),
    text("perustelu"),
    needs(),
    education_and_work(),
    text("sosiaalinenTilanne"),
    text("toimintakyky"),
    text("asuminen"),
    text("etuudetJaTulot"),
    text("yhteinenSuunnitelma"),
    text("palveluunOsallistuminen"),
    text("tulosmittarit"),
    text("elamanlaatu"),
];

/// `vastaanotaIlmoitus`.
pub(crate) const NOTICE: &[Part] = &[
    once("sanomaTunnus", Holds::Uuid),
    once("laheteTunnus", Holds::Uuid),
    once("laji", Holds::Code(NEWS)),
    once("tila", Holds::Code(STATES)),
    once("aika", Holds::Instant),
    maybe("hylkaysSyy", Holds::Code(REASONS)),
    maybe("tulos", Holds::Code(OUTCOMES)),
    maybe("toimitus", Holds::Code(DELIVERIES)),
    text("huomautus"),
    maybe("lisatiedot", Holds::Parts(MORE_INFORMATION)),
];

const NEED: &[Part] = &[
    once("tunnus", Holds::Text),
    once("tietoryhma", Holds::Code(CATEGORIES)),
    once("kuvaus", Holds::Text),
    maybe("todettuTapaamisessa", Holds::True),
];

const GOAL: &[Part] = &[
    once("tunnus", Holds::Text),
    once("tietoryhma", Holds::Code(CATEGORIES)),
    once("kuvaus", Holds::Text),
    once("tila", Holds::Code(GOAL_STATES)),
    maybe("toteutuminen", Holds::Code(ACHIEVEMENTS)),
    maybe("maaraaika", Holds::Date),
    any("tarveTunnus", Holds::Text),
];

const ACTION: &[Part] = &[
    once("tunnus", Holds::Text),
    once("tietoryhma", Holds::Code(CATEGORIES)),
    once("kuvaus", Holds::Text),
    once("tila", Holds::Code(ACTION_STATES)),
    text("tavoiteTunnus"),
    text("jarjestaja"),
    maybe("ptvPalvelu", Holds::Uuid),
    maybe("alkaa", Holds::Date),
    maybe("paattyy", Holds::Date),
    text("syy"),
];

const MEETING: &[Part] = &[
    once("tunnus", Holds::Text),
    once("tietoryhma", Holds::Code(CATEGORIES)),
    maybe("aika", Holds::Instant),
    once("tila", Holds::Code(MEETING_STATES)),
    text("paikka"),
    any("osallistuja", Holds::Text),
    text("muistiinpano"),
];

const WORKER: &[Part] = &[text("tunnus"), text("nimi"), text("yksikko"), text("puhelin"), text("sahkoposti")];

/// Where a part stands in the joint plan.
const STANDING: &[Part] = &[
    maybe("hyvaksytty", Holds::Instant),
    maybe("muuttunutHyvaksymisesta", Holds::True),
    any("vahvistettu", Holds::Parts(&[once("tunnus", Holds::Text), once("aika", Holds::Instant)])),
    any("kirjaus", Holds::Parts(ATTENDANCE)),
    maybe("seuraavaAskel", Holds::Parts(ITEM)),
    any("yhteys", Holds::Parts(LINK)),
];

const ATTENDANCE: &[Part] = &[
    once("tapaaminen", Holds::Text),
    once("laji", Holds::Code(RECORDS)),
    any("lasna", Holds::Text),
    maybe("asiakasLasna", Holds::True),
    any("puuttuu", Holds::Code(SEATS)),
    maybe("kyselyEnnen", Holds::True),
];

const ITEM: &[Part] =
    &[once("omistaja", Holds::Text), once("laji", Holds::Code(ITEMS)), once("tunnus", Holds::Text)];

const LINK: &[Part] =
    &[once("laji", Holds::Code(LINKS)), once("alku", Holds::Parts(ITEM)), once("loppu", Holds::Parts(ITEM))];

/// `vastaanotaSuunnitelma`.
pub(crate) const PLAN: &[Part] = &[
    once("sanomaTunnus", Holds::Uuid),
    maybe("suunnitelmaTunnus", Holds::Uuid),
    once("omistaja", Holds::Text),
    maybe("tietojaKarsittu", Holds::True),
    maybe("lupaPeruttu", Holds::True),
    text("viite"),
    maybe("versio", Holds::Number),
    maybe("paivitetty", Holds::Instant),
    once("tila", Holds::Code(PLAN_STATES)),
    client(),
    text("perustelu"),
    needs(),
    education_and_work(),
    text("sosiaalinenTilanne"),
    text("toimintakyky"),
    text("asuminen"),
    text("etuudetJaTulot"),
    text("yhteinenSuunnitelma"),
    text("palveluunOsallistuminen"),
    text("tulosmittarit"),
    text("elamanlaatu"),
    any("tarve", Holds::Parts(NEED)),
    any("tavoite", Holds::Parts(GOAL)),
    any("toimi", Holds::Parts(ACTION)),
    any("tapaaminen", Holds::Parts(MEETING)),
    text("asiakkaanNakemys"),
    text("asiantuntijanNakemys"),
    maybe("seuraavaTarkistus", Holds::Date),
    maybe("vastuuasiantuntija", Holds::Parts(WORKER)),
    maybe("yhteinenTilanne", Holds::Parts(STANDING)),
];

/// `haeAsiakkuus`.
pub(crate) const QUESTION: &[Part] = &[
    once("kyselyTunnus", Holds::Uuid),
    once("kysyja", Holds::Text),
    once("kayttotarkoitus", Holds::Code(PURPOSES)),
    once("henkilotunnus", Holds::Text),
    any("tietoryhma", Holds::Code(CATEGORIES)),
];

/// `haeSanomanTila`.
pub(crate) const STATUS_QUERY: &[Part] = &[once("sanomaTunnus", Holds::Uuid)];

/// What was read: every value with its path.
pub(crate) type Fields = Vec<(String, String)>;

/// Reads an element of this make-up. `None` if anything is out of place.
pub(crate) fn read(element: &Element, parts: &[Part]) -> Option<Fields> {
    let mut fields = Vec::new();
    read_parts(element, parts, "", &mut fields).then_some(fields)
}

fn read_parts(element: &Element, parts: &[Part], above: &str, fields: &mut Fields) -> bool {
    let mut left = element.children.iter().peekable();
    for part in parts {
        let mut count = 0_usize;
        while let Some(child) = left.next_if(|child| child.is(CONTENTS, part.name)) {
            count += 1;
            if !read_part(child, part, above, fields) {
                return false;
            }
        }
        let fits = match part.occurs {
            Occurs::Once => count == 1,
            Occurs::AtMostOnce => count <= 1,
            Occurs::AnyTimes => true,
        };
        if !fits {
            return false;
        }
    }
    left.next().is_none() && element.text.trim().is_empty()
}

fn read_part(element: &Element, part: &Part, above: &str, fields: &mut Fields) -> bool {
    let path = format!("{above}{}", part.name);
    let text = element.text.trim();
    let fits = match &part.holds {
        Holds::Parts(parts) => return read_parts(element, parts, &format!("{path}."), fields),
        Holds::Text => true,
        Holds::Uuid => Uuid::try_parse(text).is_ok(),
        Holds::Instant => text.ends_with('Z') && text.parse::<Timestamp>().is_ok(),
        Holds::Date => text.len() == 10 && text.parse::<Date>().is_ok(),
        Holds::Number => !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()),
        Holds::True => text == "true",
        Holds::Code(codes) => codes.contains(&text),
    };
    fields.push((path, element.text.clone()));
    fits && element.children.is_empty() && element.attributes.is_empty()
}
