//! Which elements does the register's document allow, in which order, with which values?

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::simulators::typpi::codes::{
    ACHIEVEMENTS, ACTION_STATES, ASKED, BASES, CATEGORIES, DELIVERIES, GOAL_STATES, GROUNDS, ITEMS, LINKS,
    MEETING_STATES, NEWS, OUTCOMES, PLAN_STATES, PURPOSES, REASONS, RECORDED, SEATS, STATES, Words,
};
use crate::simulators::typpi::words::CONTENTS;
use crate::simulators::xml::Element;

/// One row of a table in the register's document.
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
    AtLeastOnce,
}

#[derive(Debug)]
enum Holds {
    Text,
    Uuid,
    Instant,
    Date,
    Number,
    True,
    Code(&'static dyn Codes),
    Parts(&'static [Part]),
}

/// The codes of one element.
trait Codes: std::fmt::Debug + Sync {
    fn has(&self, code: &str) -> bool;
}

impl<T: std::fmt::Debug + Sync> Codes for Words<T> {
    fn has(&self, code: &str) -> bool {
        self.iter().any(|(_, known)| *known == code)
    }
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

const ADDRESS: &[Part] = &[
    text("puhelinnumero"),
    text("sahkopostiosoite"),
    text("lahiosoite"),
    text("postinumero"),
    text("postitoimipaikka"),
    text("kotikunta"),
];

const PERSON: &[Part] = &[
    text("hetu"),
    text("etunimet"),
    text("sukunimi"),
    text("asiointikieli"),
    text("yhteysosoite"),
    maybe("osoitetiedot", Holds::Parts(ADDRESS)),
];

const CUSTOMER: &[Part] = &[
    maybe("henkilo", Holds::Parts(PERSON)),
    maybe("asiakkuus", Holds::Parts(&[text("kaynnit"), text("yhteydenottotoive")])),
    maybe(
        "koulutusJaTyo",
        Holds::Parts(&[
            maybe("koulutusaste", Holds::Number),
            text("koulutus"),
            text("tyohistoria"),
            maybe("tyonhakijanTila", Holds::Number),
        ]),
    ),
    maybe("sosiaalinenTilanne", Holds::Parts(&[text("tilanne"), text("asuminen"), text("toimeentulo")])),
    maybe("terveystiedot", Holds::Parts(&[text("toimintakyky"), text("elamanlaatu")])),
    maybe(
        "palvelutarpeet",
        Holds::Parts(&[text("ohjauksenSyy"), any("palvelutarve", Holds::Text), text("tulosmittarit")]),
    ),
    text("suunnitelmatiivistelma"),
];

const BASIS: &[Part] = &[
    once("laji", Holds::Code(&BASES)),
    text("suostumuksenNimi"),
    maybe("suostumuksenVersio", Holds::Number),
    once("saados", Holds::Text),
    once("saanto", Holds::Text),
];

const CONSENT: &[Part] = &[any("peruste", Holds::Parts(BASIS)), any("tietoluokka", Holds::Code(&CATEGORIES))];

const STATED_GROUND: &[Part] = &[
    once("saannos", Holds::Code(&GROUNDS)),
    text("selvitys"),
    once("suostumuksenKysyminen", Holds::Code(&ASKED)),
];

const WORKER: &[Part] =
    &[text("tunnus"), text("nimi"), text("yksikko"), text("puhelinnumero"), text("sahkopostiosoite")];

const NEED: &[Part] = &[
    once("tunnus", Holds::Text),
    once("tietoluokka", Holds::Code(&CATEGORIES)),
    once("kuvaus", Holds::Text),
    maybe("yhteisestiTodettu", Holds::True),
];

const GOAL: &[Part] = &[
    once("tunnus", Holds::Text),
    once("tietoluokka", Holds::Code(&CATEGORIES)),
    once("kuvaus", Holds::Text),
    once("tavoitteenTila", Holds::Code(&GOAL_STATES)),
    maybe("saavuttaminen", Holds::Code(&ACHIEVEMENTS)),
    maybe("tavoitepaiva", Holds::Date),
    any("tarpeenTunnus", Holds::Text),
];

const DATES: &[Part] = &[maybe("alkaa", Holds::Date), maybe("paattyy", Holds::Date)];

const SERVICE: &[Part] = &[
    once("tunnus", Holds::Text),
    once("tietoluokka", Holds::Code(&CATEGORIES)),
    once("nimike", Holds::Text),
    once("palvelunTila", Holds::Code(&ACTION_STATES)),
    text("tavoitteenTunnus"),
    text("jarjestaja"),
    maybe("ptvTunnus", Holds::Uuid),
    maybe("suunniteltu", Holds::Parts(DATES)),
    maybe("toteutunut", Holds::Parts(DATES)),
    text("toteutumattaJaanti"),
];

const MEETING: &[Part] = &[
    once("tunnus", Holds::Text),
    once("tietoluokka", Holds::Code(&CATEGORIES)),
    maybe("ajankohta", Holds::Instant),
    once("tapaamisenTila", Holds::Code(&MEETING_STATES)),
    text("paikka"),
    any("osallistuja", Holds::Text),
    text("muistio"),
];

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
    once("laji", Holds::Code(&RECORDED)),
    any("lasna", Holds::Text),
    maybe("asiakasLasna", Holds::True),
    any("puuttuu", Holds::Code(&SEATS)),
    maybe("kyselyEnnen", Holds::True),
];

const ITEM: &[Part] =
    &[once("omistaja", Holds::Text), once("laji", Holds::Code(&ITEMS)), once("tunnus", Holds::Text)];

const LINK: &[Part] =
    &[once("laji", Holds::Code(&LINKS)), once("alku", Holds::Parts(ITEM)), once("loppu", Holds::Parts(ITEM))];

const JOINT_PLAN: &[Part] = &[
    text("yhteissuunnitelma"),
    text("suunnitelmanTunnus"),
    maybe("versio", Holds::Number),
    maybe("muutettu", Holds::Instant),
    once("suunnitelmanTila", Holds::Code(&PLAN_STATES)),
    maybe("vastuuhenkilo", Holds::Parts(WORKER)),
    maybe("asiakastiedot", Holds::Parts(CUSTOMER)),
    any("tarve", Holds::Parts(NEED)),
    any("tavoite", Holds::Parts(GOAL)),
    any("palvelu", Holds::Parts(SERVICE)),
    any("tapaaminen", Holds::Parts(MEETING)),
    text("asiakkaanNakemys"),
    text("tyontekijanNakemys"),
    maybe("seuraavaTarkistus", Holds::Date),
    maybe("yhteinenTilanne", Holds::Parts(STANDING)),
];

/// `tallennaLahete`.
pub(crate) const REFERRAL: &[Part] = &[
    once("viestiTunnus", Holds::Uuid),
    once("laheteTunnus", Holds::Uuid),
    once("lahettajataho", Holds::Text),
    text("kohdeyksikko"),
    once("kayttotarkoitus", Holds::Code(&PURPOSES)),
    once("lahetetty", Holds::Instant),
    maybe("vastattavaViimeistaan", Holds::Instant),
    maybe("tietojaPuuttuu", Holds::True),
    maybe("lakiperuste", Holds::Parts(STATED_GROUND)),
    maybe("suostumus", Holds::Parts(CONSENT)),
    maybe("asiakastiedot", Holds::Parts(CUSTOMER)),
];

/// `tallennaIlmoitus`.
pub(crate) const NOTICE: &[Part] = &[
    once("viestiTunnus", Holds::Uuid),
    once("laheteTunnus", Holds::Uuid),
    once("ilmoituslaji", Holds::Code(&NEWS)),
    once("lahetteenTila", Holds::Code(&STATES)),
    once("muutosaika", Holds::Instant),
    maybe("hylkaysSyy", Holds::Code(&REASONS)),
    maybe("lopputulos", Holds::Code(&OUTCOMES)),
    maybe("toimitustila", Holds::Code(&DELIVERIES)),
    text("saate"),
    maybe("suostumus", Holds::Parts(CONSENT)),
    maybe("asiakastiedot", Holds::Parts(CUSTOMER)),
];

/// `tallennaSuunnitelma`.
pub(crate) const PLAN: &[Part] = &[
    once("viestiTunnus", Holds::Uuid),
    once("omistaja", Holds::Text),
    maybe("tietojaPuuttuu", Holds::True),
    maybe("lupaPeruttu", Holds::True),
    maybe("suostumus", Holds::Parts(CONSENT)),
    once("suunnitelma", Holds::Parts(JOINT_PLAN)),
];

/// `haeAsiakas`.
pub(crate) const QUESTION: &[Part] = &[
    once("kyselyTunnus", Holds::Uuid),
    once("kysyja", Holds::Text),
    once("kayttotarkoitus", Holds::Code(&PURPOSES)),
    once("hetu", Holds::Text),
    Part { name: "tietoluokka", occurs: Occurs::AtLeastOnce, holds: Holds::Code(&CATEGORIES) },
];

/// `haeSanomanTila`.
pub(crate) const STATUS_QUERY: &[Part] = &[once("viestiTunnus", Holds::Uuid)];

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
            Occurs::AtLeastOnce => count >= 1,
        };
        if !fits {
            return false;
        }
    }
    // An element without a value is left out.
    let is_filled = !element.children.is_empty() && element.attributes.is_empty();
    left.next().is_none() && is_filled && element.text.trim().is_empty() && dates_fit(element)
}

fn read_part(element: &Element, part: &Part, above: &str, fields: &mut Fields) -> bool {
    let path = format!("{above}{}", part.name);
    let text = element.text.as_str();
    let fits = match &part.holds {
        Holds::Parts(parts) => return read_parts(element, parts, &format!("{path}."), fields),
        Holds::Text => !text.is_empty(),
        Holds::Uuid => text.len() == 36 && Uuid::try_parse(text).is_ok(),
        Holds::Instant => text.ends_with('Z') && text.parse::<Timestamp>().is_ok(),
        Holds::Date => text.len() == 10 && text.parse::<Date>().is_ok(),
        Holds::Number => !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()),
        Holds::True => text == "true",
        Holds::Code(codes) => codes.has(text),
    };
    fields.push((path, element.text.clone()));
    fits && element.children.is_empty() && element.attributes.is_empty()
}

/// A service that has begun has dates that came to be, and any other one planned ones.
fn dates_fit(element: &Element) -> bool {
    let has_begun = matches!(element.child_text("palvelunTila"), Some("KAYNNISSA" | "TEHTY"));
    let wrong = if has_begun { "suunniteltu" } else { "toteutunut" };
    !element.is(CONTENTS, "palvelu") || element.child(wrong).is_none()
}
