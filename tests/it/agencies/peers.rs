//! How do whole gateways meet agencies of every kind? A world with each of them in it.

use std::sync::Arc;

use polku_adapters::{Kind, Matter, Redelivery};
use polku_proto::v1::DataCategory::{self, *};
use polku_proto::v1::{Outcome, Referral, ReferralState, RejectionReason};
use polku_tests::simulators::{
    Action, Message, Official, Outgoing, Repetition, Reply, SimulatedAgency, TakenInKind,
};
use polku_tests::world::{
    AddedAgency, Client, OHJAAMO, WorldSettings, full_content, professional, referral_to,
};
use uuid::Uuid;

use super::bench::{Bench, PURPOSE, benches, every_repetition};
use crate::delivery::scene::{Scene, send};
use crate::stage::{ended, id_of};

/// What the ordinary referral may tell.
pub(super) const BASIC: [DataCategory; 4] = [IdentityContact, ServiceNeeds, EducationWork, ReferralStatus];

/// An agency of a kind in a manner, under an id of its own in a world.
pub(super) struct Peer {
    pub(super) id: String,
    pub(super) kind: &'static Kind,
    pub(super) redelivery: Redelivery,
    manner: &'static str,
    repetition: Repetition,
}

impl Peer {
    fn of(bench: &Bench) -> Self {
        bench.agency.control().stop();
        let repetition = bench.agency.repetition();
        Self {
            id: format!("oma-{}-{}-{repetition:?}", bench.kind.id, bench.manner).to_lowercase(),
            kind: bench.kind,
            redelivery: bench.adapter.redelivery(),
            manner: bench.manner,
            repetition,
        }
    }

    /// The same as the social services, whose register hears of disclosures.
    fn in_social_services(&self) -> AddedAgency {
        let id = self.register();
        AddedAgency { id, sector: "social".into(), ..self.added() }
    }

    /// The id of the same agency as the social services.
    pub(super) fn register(&self) -> String {
        format!("rekisteri-{}-{:?}", self.kind.id, self.repetition).to_lowercase()
    }

    fn added(&self) -> AddedAgency {
        let agency = AddedAgency::new(&self.id, self.kind.id, self.manner, "employment");
        AddedAgency { repetition: Some(self.repetition), ..agency }
    }

    /// An official of the agency who calls over gRPC.
    pub(super) fn sender(&self, scene: &Scene) -> Client {
        official(scene, &self.id)
    }

    pub(super) fn agency<'a>(&self, scene: &'a Scene) -> &'a dyn SimulatedAgency {
        scene.world.agencies[&self.id].simulator.as_ref()
    }

    /// The messages of this kind about a referral that took effect.
    pub(super) fn taken(&self, scene: &Scene, kind: TakenInKind, name: &str) -> usize {
        let about = id_of(name);
        let taken = self.agency(scene).taken();
        taken.iter().filter(|taken| taken.kind == kind && taken.about == about).count()
    }

    pub(super) async fn step(&self, scene: &Scene, name: &str, action: Action) -> Reply {
        let reason = (action == Action::Reject).then_some(RejectionReason::NoCapacity);
        let ends = matches!(action, Action::Complete | Action::Fail);
        let change = Outgoing::Change {
            referral: id_of(name).to_owned(),
            action,
            reason,
            outcome: ends.then_some(Outcome::GotService),
            note: "kanaria-huomautus".into(),
        };
        let message = say(change);
        let reply = self.agency(scene).send(&message).await.unwrap();
        // A message that comes again has the effect and the answer of the first one.
        assert_eq!(self.agency(scene).send(&message).await.unwrap(), reply, "{}", self.id);
        reply
    }

    pub(super) async fn steps(&self, scene: &Scene, name: &str, action: Action, state: ReferralState) {
        let reply = self.step(scene, name, action.clone()).await;
        let applied = matches!(reply, Reply::Applied { state: now, .. } if now == state);
        assert!(applied, "{}: {action:?} is answered {reply:?}", self.id);
        assert_eq!(scene.get(name).await.state(), state, "{}: {action:?}", self.id);
    }
}

pub(super) fn say(what: Outgoing) -> Message {
    Message { id: Uuid::now_v7(), official: Official::new("virkailija-7", "yksikko-1"), what }
}

/// An official of an agency who calls over gRPC.
pub(super) fn official(scene: &Scene, agency: &str) -> Client {
    let client = scene.world.client(scene.running.bound.grpc, &scene.world.agencies[agency].identity);
    client.unwrap().acting(&professional("virkailija-7", "yksikko-1", "official"))
}

/// A world with an agency of every kind, in every manner.
pub(super) async fn open(settings: WorldSettings) -> (Scene, Vec<Peer>) {
    let peers: Vec<Peer> = benches().map(|bench| Peer::of(&bench)).collect();
    let agencies = peers.iter().map(Peer::added).collect();
    (Scene::open(&WorldSettings { agencies, ..settings }).await, peers)
}

/// A world with an agency of every kind, once for each way of taking repetitions; and each that hears of disclosures once
/// more, as the social services.
pub(super) async fn open_every_repetition(settings: WorldSettings) -> (Scene, Vec<Peer>) {
    let peers: Vec<Peer> = every_repetition().map(|bench| Peer::of(&bench)).collect();
    let hearing = peers.iter().filter(|peer| peer.kind.delivers.contains(&Matter::DisclosureNotice));
    let registers = hearing.map(Peer::in_social_services);
    let agencies = peers.iter().map(Peer::added).chain(registers).collect();
    (Scene::open(&WorldSettings { agencies, ..settings }).await, peers)
}

/// A person with a consent to be referred from the guidance to an agency.
pub(super) async fn consenting(scene: &Scene, hetu: &str, to: &str, categories: &[DataCategory]) -> String {
    let mut ohjaamo = scene.ohjaamo.clone();
    let youth = ohjaamo.identify(hetu).await.unwrap();
    ohjaamo.record_consent(&youth, OHJAAMO, to, PURPOSE, categories).await.unwrap();
    youth
}

/// Refers, and waits for the end of the delivery.
pub(super) async fn refer(scene: &Scene, youth: &str, to: &str) -> Referral {
    let mut request = referral_to(to, youth, PURPOSE, full_content());
    request.wait_for_delivery = true;
    let sent = send(&mut scene.ohjaamo.clone(), request).await;
    ended(&scene.ohjaamo, sent).await
}

/// Has all peers tried at the same time, each to its end, and gives the world back.
pub(super) async fn at_once<F, T>(
    scene: Scene,
    peers: Vec<Peer>,
    trial: impl Fn(Arc<Scene>, Peer) -> F,
) -> (Scene, Vec<T>)
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let scene = Arc::new(scene);
    let trials = peers.into_iter().map(|peer| tokio::spawn(trial(Arc::clone(&scene), peer)));
    let mut seen = Vec::new();
    for trial in trials.collect::<Vec<_>>() {
        seen.push(trial.await.unwrap());
    }
    (Arc::into_inner(scene).unwrap(), seen)
}
