//! Is the ground in law that an agency states heard as it was said, by every kind that refers?

use polku_adapters::{InboundMatter, Matter};
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{LegalClaim, LegalGround, Purpose, ReferralContent};
use polku_tests::simulators::{Outgoing, Reply};

use super::bench::benches;
use super::listener::{Answer, listen};
use super::payloads::HETU;
use super::receives::say;

/// Every ground in law that the contract knows.
pub(super) fn grounds() -> impl Iterator<Item = LegalGround> {
    (1..).map_while(|number| LegalGround::try_from(number).ok())
}

/// A referral on this ground, to social services where it is one of social assistance.
pub(super) fn on_ground(ground: LegalGround, asked: ConsentAsked) -> Outgoing {
    let content = ReferralContent {
        given_names: "Qaahto Vreemi".into(),
        family_name: "Wolpukka-Jax".into(),
        ..ReferralContent::default()
    };
    Outgoing::Referral {
        identity_code: HETU.into(),
        recipient: "hyvinvointialue/yksikko-1".into(),
        purpose: Purpose::SocialServices,
        content: Box::new(content),
        respond_by: None,
        claim: Some(LegalClaim {
            ground: ground.into(),
            statement: "Perustelu & <selitys>: \"näin\".".into(),
            consent_asked: asked.into(),
        }),
        redacted: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_ground_is_heard_as_it_was_said() {
    let asked = [ConsentAsked::NotGiven, ConsentAsked::NotReached, ConsentAsked::No];
    for bench in benches().filter(|bench| bench.kind.receives.contains(&Matter::Referral)) {
        let heard = listen(&bench, Answer::Taken).await;
        let said = grounds().flat_map(|ground| asked.map(|asked| (ground, asked)));
        for (number, (ground, asked)) in said.enumerate() {
            let name = format!("{}, {ground:?}, {asked:?}", bench.name());
            let said = on_ground(ground, asked);
            let reply = bench.agency.send(&say(600 + u32::try_from(number).unwrap(), said.clone())).await;
            let reply = reply.unwrap_or_else(|error| panic!("{name}: {error:#}"));
            assert!(matches!(reply, Reply::Sent { .. }), "{name}: {reply:?}");
            let event = heard.lock().unwrap().pop().unwrap().unwrap();
            let InboundMatter::Referral(heard) = event.matter else { panic!("{name}: no referral") };
            let Outgoing::Referral { recipient, purpose, claim, .. } = said else { panic!() };
            assert_eq!((heard.recipient.to_string(), heard.purpose), (recipient, purpose), "{name}");
            assert!(heard.claim == claim, "{name}: another ground, statement or answer");
        }
        bench.agency.control().stop();
    }
}
