//! How do Finnish systems have it, in XML and in JSON, where a part of the joint plan stands?
//!
//! The same words for all of them: none has public ones. Only the gateway says where a part stands, so nobody reads it.

use polku_proto::time;
use polku_proto::v1::meeting_record::{self, Seat};
use polku_proto::v1::{
    MeetingRecord, PlanCommitment, PlanItem, PlanLink, PlanStanding, plan_item, plan_link,
};
use serde::Serialize;

use super::envelope::{Unwritable, instant, written_instant};
use super::soap::tree::{Node, flag, group, text, texts};

/// How an agency spells codes.
pub(super) type Spelling = fn(&str) -> String;

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tilanne {
    #[serde(skip_serializing_if = "String::is_empty")]
    hyvaksytty: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    muuttunut_hyvaksymisesta: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vahvistetut: Vec<Vahvistettu>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kirjaukset: Vec<Kirjaus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seuraava_askel: Option<Kohde>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    yhteydet: Vec<Yhteys>,
}

#[derive(Serialize)]
struct Vahvistettu {
    tunnus: String,
    aika: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kirjaus {
    tapaaminen: String,
    laji: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lasna: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    asiakas_lasna: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    puuttuu: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    kysely_ennen: bool,
}

#[derive(Serialize)]
struct Kohde {
    omistaja: String,
    laji: String,
    tunnus: String,
}

#[derive(Serialize)]
struct Yhteys {
    laji: String,
    alku: Kohde,
    loppu: Kohde,
}

impl Tilanne {
    /// Words where a part stands; nothing if nothing is said of it.
    pub(super) fn of(standing: Option<PlanStanding>, spelled: Spelling) -> Result<Option<Self>, Unwritable> {
        let Some(standing) = standing.filter(|standing| *standing != PlanStanding::default()) else {
            return Ok(None);
        };
        let PlanStanding { changed_since_acceptance, commitments, meetings, accept_time, step, links } =
            standing;
        Ok(Some(Self {
            hyvaksytty: written_instant(accept_time.as_ref().map(time::from_wire), "accept_time")?
                .unwrap_or_default(),
            muuttunut_hyvaksymisesta: changed_since_acceptance,
            vahvistetut: commitments.into_iter().map(Vahvistettu::of).collect::<Result<_, _>>()?,
            kirjaukset: meetings
                .into_iter()
                .map(|record| Kirjaus::of(record, spelled))
                .collect::<Result<_, _>>()?,
            seuraava_askel: step.map(|step| Kohde::of(step, spelled)).transpose()?,
            yhteydet: links.into_iter().map(|link| Yhteys::of(link, spelled)).collect::<Result<_, _>>()?,
        }))
    }

    /// `yhteinenTilanne`.
    pub(super) fn node(self) -> Node {
        let Self { hyvaksytty, muuttunut_hyvaksymisesta, vahvistetut, kirjaukset, seuraava_askel, yhteydet } =
            self;
        let mut nodes = Vec::new();
        nodes.extend(text("tns:hyvaksytty", hyvaksytty));
        nodes.extend(flag("tns:muuttunutHyvaksymisesta", muuttunut_hyvaksymisesta));
        nodes.extend(vahvistetut.into_iter().filter_map(Vahvistettu::node));
        nodes.extend(kirjaukset.into_iter().map(Kirjaus::node));
        nodes.extend(seuraava_askel.and_then(|step| step.node("tns:seuraavaAskel")));
        nodes.extend(yhteydet.into_iter().filter_map(Yhteys::node));
        Node::Group("tns:yhteinenTilanne", nodes)
    }
}

impl Vahvistettu {
    fn of(commitment: PlanCommitment) -> Result<Self, Unwritable> {
        let PlanCommitment { action, acknowledge_time } = commitment;
        let time = instant(acknowledge_time.as_ref().map(time::from_wire), "acknowledge_time")?;
        Ok(Self { tunnus: action, aika: time.to_string() })
    }

    fn node(self) -> Option<Node> {
        group("tns:vahvistettu", [text("tns:tunnus", self.tunnus), text("tns:aika", self.aika)])
    }
}

impl Kirjaus {
    fn of(record: MeetingRecord, spelled: Spelling) -> Result<Self, Unwritable> {
        let laji = record_kind(record.kind()).ok_or(Unwritable("meeting_kind"))?;
        let MeetingRecord {
            category: _,
            meeting,
            kind: _,
            attended,
            client_attended,
            missing,
            questionnaire_before,
        } = record;
        // One of a newer contract must not go unsaid: without any there was a quorum.
        let missing = missing.into_iter().map(|empty| Seat::try_from(empty).ok().and_then(seat).map(spelled));
        let puuttuu: Option<Vec<String>> = missing.collect();
        Ok(Self {
            tapaaminen: meeting,
            laji: spelled(laji),
            lasna: attended,
            asiakas_lasna: client_attended,
            puuttuu: puuttuu.ok_or(Unwritable("seat"))?,
            kysely_ennen: questionnaire_before,
        })
    }

    fn node(self) -> Node {
        let Self { tapaaminen, laji, lasna, asiakas_lasna, puuttuu, kysely_ennen } = self;
        let mut nodes = Vec::new();
        nodes.extend(text("tns:tapaaminen", tapaaminen));
        nodes.extend(text("tns:laji", laji));
        nodes.extend(texts("tns:lasna", lasna));
        nodes.extend(flag("tns:asiakasLasna", asiakas_lasna));
        nodes.extend(texts("tns:puuttuu", puuttuu));
        nodes.extend(flag("tns:kyselyEnnen", kysely_ennen));
        Node::Group("tns:kirjaus", nodes)
    }
}

impl Kohde {
    fn of(item: PlanItem, spelled: Spelling) -> Result<Self, Unwritable> {
        let laji = item_kind(item.kind()).ok_or(Unwritable("item_kind"))?;
        let PlanItem { owner, kind: _, id } = item;
        Ok(Self { omistaja: owner, laji: spelled(laji), tunnus: id })
    }

    fn node(self, name: &'static str) -> Option<Node> {
        let Self { omistaja, laji, tunnus } = self;
        group(name, [text("tns:omistaja", omistaja), text("tns:laji", laji), text("tns:tunnus", tunnus)])
    }
}

impl Yhteys {
    fn of(link: PlanLink, spelled: Spelling) -> Result<Self, Unwritable> {
        let laji = link_kind(link.kind()).ok_or(Unwritable("link_kind"))?;
        let end = |item: Option<PlanItem>| Kohde::of(item.ok_or(Unwritable("links"))?, spelled);
        let PlanLink { kind: _, first, second } = link;
        Ok(Self { laji: spelled(laji), alku: end(first)?, loppu: end(second)? })
    }

    fn node(self) -> Option<Node> {
        let Self { laji, alku, loppu } = self;
        group("tns:yhteys", [text("tns:laji", laji), alku.node("tns:alku"), loppu.node("tns:loppu")])
    }
}

/// What kind of meeting it was.
pub(super) fn record_kind(kind: meeting_record::Kind) -> Option<&'static str> {
    Some(match kind {
        meeting_record::Kind::Unspecified => return None,
        meeting_record::Kind::FourParty => "NELIKANTA",
        meeting_record::Kind::Other => "MUU",
    })
}

/// Who was missing.
pub(super) fn seat(seat: Seat) -> Option<&'static str> {
    Some(match seat {
        Seat::Unspecified => return None,
        Seat::EmploymentServices => "TYOLLISYYSPALVELUT",
        Seat::Municipality => "KUNTA",
        Seat::SocialWork => "SOSIAALITYO",
        Seat::Client => "ASIAKAS",
    })
}

/// What an item is.
pub(super) fn item_kind(kind: plan_item::Kind) -> Option<&'static str> {
    Some(match kind {
        plan_item::Kind::Unspecified => return None,
        plan_item::Kind::Need => "TARVE",
        plan_item::Kind::Goal => "TAVOITE",
        plan_item::Kind::Action => "TOIMI",
        plan_item::Kind::Meeting => "TAPAAMINEN",
    })
}

/// How two items belong together.
pub(super) fn link_kind(kind: plan_link::Kind) -> Option<&'static str> {
    Some(match kind {
        plan_link::Kind::Unspecified => return None,
        plan_link::Kind::SameAs => "SAMA",
        plan_link::Kind::Serves => "PALVELEE",
        plan_link::Kind::FoundIn => "TODETTU",
    })
}
