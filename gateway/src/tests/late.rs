//! What takes effect at an agency long after it was sent, and was not answered: is it ever called stopped?

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::v1::{Consent, DataCategory, Delivery, DeliveryState};
use tempfile::TempDir;

use super::agency::Mood;
use super::steps::{attempt, lease};
use super::world::{ADULT, KELA, Setting, TE, World};
use crate::clock::{Clock as _, ManualClock, SystemClock};
use crate::config::DeliverySettings;
use crate::store::{DeliveryItem, DeliveryRow};

const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

/// How long the agency may be at work on a message, in seconds, and for how long somebody has a delivery for himself.
const SETTLE: i64 = 40;
const LEASE: i64 = 60;

/// Somebody whose referral was sent to an agency that recognises messages, and was not answered.
struct Silence {
    world: World,
    clock: Arc<ManualClock>,
    consent: Consent,
    referral: String,
}

impl Silence {
    async fn begin(give_up_after: Duration) -> Silence {
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let seconds = |number: i64| Duration::from_secs(number.unsigned_abs());
        let delivery = DeliverySettings {
            lease: seconds(LEASE),
            attempt: seconds(LEASE - SETTLE),
            settle: seconds(SETTLE),
            give_up_after,
            pauses: vec![Duration::ZERO],
            ..DeliverySettings::default()
        };
        let setting =
            Setting { clock: Arc::clone(&clock) as _, delivery, ..Setting::of(Redelivery::Deduplicates) };
        let world = World::within(setting, TempDir::new().unwrap()).await;
        let youth = world.identify(ADULT).await;
        let consent = world.consent(&youth, KELA, TE, &TOLD).await;
        let referral = world.refer(KELA, TE, &youth).await;
        let silence = Silence { world, clock, consent, referral };
        silence.world.te.become_(Mood::Deaf);
        silence.work_until(DeliveryState::Sending).await;
        silence
    }

    async fn row(&self) -> DeliveryRow {
        let rows = self.world.deliveries(&self.referral).await;
        rows.into_iter().find(|row| row.item == DeliveryItem::Handover).unwrap()
    }

    /// Works on what is due, and looks at what the delivery is then.
    async fn work_until(&self, state: DeliveryState) {
        for row in lease(&self.world.gateway).await {
            attempt(&self.world.gateway, row).await;
        }
        assert_eq!(self.row().await.state, state);
    }

    async fn wait(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// The agency could be asked, and is not as long as it may still be at work.
    async fn is_not_asked(&self) {
        self.world.te.become_(Mood::Fine);
        for _ in 0..3 {
            self.work_until(DeliveryState::Sending).await;
            self.wait(SETTLE / 4).await;
        }
    }

    /// It has it at last.
    async fn takes_effect(&self) {
        let message_id = self.row().await.message.to_string();
        self.world.te.has_taken(Delivery { message_id, ..Delivery::default() });
    }
}

#[tokio::test]
async fn what_takes_effect_after_the_consent_was_withdrawn_is_delivered() {
    let silence = Silence::begin(DeliverySettings::default().give_up_after).await;
    silence.world.withdraw(KELA, &silence.consent).await;
    silence.is_not_asked().await;
    silence.takes_effect().await;
    silence.wait(LEASE).await;
    silence.work_until(DeliveryState::Delivered).await;
}

#[tokio::test]
async fn what_takes_effect_after_its_deadline_is_delivered() {
    let silence = Silence::begin(Duration::from_secs(1)).await;
    silence.wait(1).await;
    silence.is_not_asked().await;
    silence.takes_effect().await;
    silence.wait(LEASE).await;
    silence.work_until(DeliveryState::Delivered).await;
}

#[tokio::test]
async fn what_never_takes_effect_is_stopped() {
    let silence = Silence::begin(DeliverySettings::default().give_up_after).await;
    silence.world.withdraw(KELA, &silence.consent).await;
    silence.is_not_asked().await;
    silence.wait(LEASE).await;
    silence.work_until(DeliveryState::Stopped).await;
}

/// While it is permitted it is sent again at once: that does no harm, and may be what gets an answer.
#[tokio::test]
async fn what_is_still_permitted_waits_for_nothing() {
    let silence = Silence::begin(DeliverySettings::default().give_up_after).await;
    silence.world.te.become_(Mood::Fine);
    silence.work_until(DeliveryState::Delivered).await;
    assert_eq!(silence.row().await.attempts, 2);
}
