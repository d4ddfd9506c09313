//! How are a referral, and news about it, written: `vastaanotaLahete` and `vastaanotaIlmoitus`?

use polku_proto::v1::{
    DeliveryState, LegalClaim, LegalGround, Outcome, Purpose, ReferralHandover, ReferralNotice,
    ReferralState, RejectionReason, legal_claim, referral_notice,
};
use polku_proto::{AgencyId, time};

use super::{codes, details};
use crate::agencies::envelope::{Unwritable, instant, news, optional_instant};
use crate::agencies::soap::tree::{Node, code, flag, group, text};

/// Words a referral: everything after `sanomaTunnus`.
pub(super) fn handover(
    referral: String,
    sender: &AgencyId,
    handover: ReferralHandover,
) -> Result<Vec<Node>, Unwritable> {
    let ReferralHandover { purpose, create_time, respond_by, content, recipient_unit, claim, redacted } =
        handover;
    let purpose = Purpose::try_from(purpose).ok().and_then(codes::purpose);
    let create_time = instant(create_time.as_ref().map(time::from_wire), "create_time")?;
    let respond_by = optional_instant(respond_by.as_ref().map(time::from_wire), "respond_by")?;
    let frame = [
        text("tns:laheteTunnus", referral),
        text("tns:lahettaja", sender.to_string()),
        text("tns:vastaanottavaYksikko", recipient_unit),
        Some(code("tns:kayttotarkoitus", purpose).ok_or(Unwritable("purpose"))?),
        text("tns:luotu", create_time.to_string()),
        text("tns:vastausViimeistaan", respond_by.map(|instant| instant.to_string()).unwrap_or_default()),
        flag("tns:tietojaKarsittu", redacted),
        claim.map(ground).transpose()?,
    ];
    let mut nodes: Vec<Node> = frame.into_iter().flatten().collect();
    nodes.extend(details::nodes(content.unwrap_or_default()));
    Ok(nodes)
}

/// `ilmoitusperuste`. The statement is absent where nothing permits it.
fn ground(claim: LegalClaim) -> Result<Node, Unwritable> {
    let LegalClaim { ground, statement, consent_asked } = claim;
    let ground = LegalGround::try_from(ground).ok().and_then(codes::ground);
    let asked = legal_claim::ConsentAsked::try_from(consent_asked).ok().and_then(codes::consent_asked);
    let nodes = [
        Some(code("tns:peruste", ground).ok_or(Unwritable("ground"))?),
        text("tns:selostus", statement),
        Some(code("tns:suostumusta", asked).ok_or(Unwritable("consent_asked"))?),
    ];
    group("tns:ilmoitusperuste", nodes).ok_or(Unwritable("ground"))
}

/// Words news about a referral for the office with this agency id: everything after `sanomaTunnus`.
pub(super) fn notice(
    referral: String,
    own: &AgencyId,
    sender: &AgencyId,
    notice: ReferralNotice,
) -> Result<Vec<Node>, Unwritable> {
    let ReferralNotice {
        kind,
        state,
        time,
        rejection_reason,
        outcome,
        status_note,
        answer,
        sender_note,
        delivery_state,
    } = notice;
    let kind = referral_notice::Kind::try_from(kind).ok().and_then(codes::kind);
    let state = ReferralState::try_from(state).ok().and_then(codes::state);
    let time = instant(time.as_ref().map(time::from_wire), "time")?;
    let reason = RejectionReason::try_from(rejection_reason).map_err(|_| Unwritable("rejection_reason"))?;
    let outcome = Outcome::try_from(outcome).map_err(|_| Unwritable("outcome"))?;
    let delivery = DeliveryState::try_from(delivery_state).map_err(|_| Unwritable("delivery_state"))?;
    let answer = answer.map(details::nodes).filter(|nodes| !nodes.is_empty());
    let nodes = [
        text("tns:laheteTunnus", referral),
        Some(code("tns:laji", kind).ok_or(Unwritable("kind"))?),
        Some(code("tns:tila", state).ok_or(Unwritable("state"))?),
        text("tns:aika", time.to_string()),
        code("tns:hylkaysSyy", codes::reason(reason)),
        code("tns:tulos", codes::outcome(outcome)),
        code("tns:toimitus", codes::delivery(delivery)),
        text("tns:huomautus", news(own, sender, status_note, sender_note).unwrap_or_default()),
        answer.map(|nodes| Node::Group("tns:lisatiedot", nodes)),
    ];
    Ok(nodes.into_iter().flatten().collect())
}
