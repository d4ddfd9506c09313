//! How does the case management say what every simulated agency can be told to say?

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use polku_proto::v1::{
    ActionState, DataCategory, Fact, FactKind, GoalState, Outcome, PlanAction, PlanGoal, PlanPart, PlanState,
    ReferralState, RejectionReason, Worker,
};
use serde_json::{Map, Value, json};

use crate::simulators::agency::{Held, Message, Outgoing, Reply, Setup, SimulatedAgency, Surroundings, Way};
use crate::simulators::client::RawReply;
use crate::simulators::codes::PageCodes;
use crate::simulators::control::Control;
use crate::simulators::faults::Repetition;
use crate::simulators::ground::stated;
use crate::simulators::walmu::event::Event;
use crate::simulators::walmu::words::{content, plan, purpose, put};
use crate::simulators::walmu::{WalmuSettings, WalmuSimulator, page};

/// The gateway shows an access token.
const TOKEN: &str = "usual";
/// The gateway shows its certificate only.
const CERTIFICATE: &str = "certificate";

const CLIENT_SECRET: &str = "a-synthetic-client-secret";
const WEBHOOK_SECRET: &str = "a-synthetic-webhook-secret-of-enough-bytes";

/// Starts the usual case management.
///
/// # Errors
/// As [`WalmuSimulator::start`].
pub fn start(setup: Setup) -> Result<Box<dyn SimulatedAgency>> {
    let Setup { tls, caller: _, clock, ledger, repetition, port } = setup;
    let usual = WalmuSettings::new(tls, CLIENT_SECRET, WEBHOOK_SECRET.as_bytes());
    let repetition = repetition.unwrap_or(usual.repetition);
    Ok(Box::new(WalmuSimulator::start(WalmuSettings { clock, ledger, repetition, port, ..usual })?))
}

#[async_trait]
impl SimulatedAgency for WalmuSimulator {
    fn kind(&self) -> &'static str {
        "walmu"
    }

    fn control(&self) -> &Control {
        self.control()
    }

    fn manners(&self) -> &'static [&'static str] {
        &[TOKEN, CERTIFICATE]
    }

    fn way(&self) -> Way {
        Way::Direct
    }

    fn repetition(&self) -> Repetition {
        self.settings().repetition
    }

    fn settings(&self, surroundings: &Surroundings<'_>, manner: &str) -> Result<String> {
        let file = |name: &str, secret: &[u8]| -> Result<String> {
            let path = surroundings.folder.join(format!("{}-{name}.secret", surroundings.agency));
            std::fs::write(&path, secret).context("a secret cannot be written")?;
            std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            Ok(format!("{path:?}"))
        };
        let settings = self.settings();
        let access = match manner {
            TOKEN => format!(
                "token_url = {:?}\nclient_id = {:?}\nclient_secret_file = {}\nconnection = {}\n",
                self.token_url(),
                settings.client_id,
                file("client", settings.client_secret.as_bytes())?,
                surroundings.connection(),
            ),
            _ => format!("connection = {}\n", surroundings.connection_with_certificate()),
        };
        let webhook = file("webhook", &settings.webhook_secret)?;
        let redelivery = settings.repetition.setting();
        Ok(format!(
            "base_url = {:?}\nredelivery = {redelivery:?}\nwebhook_secret_file = {webhook}\n{access}",
            self.base_url()
        ))
    }

    fn point_at(&self, inbound_url: &str) {
        self.connect_gateway(inbound_url);
    }

    fn codes(&self) -> Vec<PageCodes> {
        page::codes()
    }

    fn specimen(&self) -> Held {
        specimen()
    }

    fn hold(&self, identity_code: &str, held: &Held) -> Result<()> {
        self.holdings.hold(identity_code, held)
    }

    async fn send(&self, message: &Message) -> Result<Reply> {
        let body = body(message)?;
        let secret = self.settings().webhook_secret.clone();
        let reply = read(&self.post(body, &secret, self.settings().clock.now()).await?)?;
        if let Reply::Sent { referral, .. } = &reply {
            self.ledger().note_own_referral(referral);
        }
        Ok(reply)
    }
}

fn body(message: &Message) -> Result<String> {
    let mut event = Map::new();
    put(&mut event, "tapahtumaId", &message.id.to_string());
    let official = &message.official;
    event.insert("kasittelija".to_owned(), json!({"tunnus": official.id, "yksikko": official.unit}));
    match &message.what {
        Outgoing::Change { referral, action, reason, outcome, note } => {
            let event = Event {
                event_id: message.id,
                official: official.clone(),
                reason: reason.map(|reason| reason_code(reason).to_owned()),
                outcome: outcome.map(|outcome| outcome_code(outcome).to_owned()),
                note: (!note.is_empty()).then(|| note.clone()),
                ..Event::new(referral, action.clone())
            };
            return Ok(event.body());
        }
        Outgoing::Information { referral, answer } => {
            put(&mut event, "tapahtuma", "lisatiedot_annettu");
            put(&mut event, "laheteTunnus", referral);
            event.insert("lisatiedot".to_owned(), Value::Object(content(answer, None)));
        }
        Outgoing::Referral {
            identity_code,
            recipient,
            purpose: why,
            content: told,
            respond_by,
            claim,
            redacted,
        } => {
            put(&mut event, "tapahtuma", "lahete_luotu");
            let mut said = content(told, Some(identity_code));
            let mut referral = Map::new();
            let (agency, unit) = recipient.split_once('/').unwrap_or((recipient, ""));
            put(&mut referral, "vastaanottavaTaho", agency);
            put(&mut referral, "vastaanottavaYksikko", unit);
            put(&mut referral, "kayttotarkoitus", purpose(*why));
            if let Some(until) = respond_by {
                put(&mut referral, "vastausViimeistaan", &until.to_string());
            }
            if *redacted {
                referral.insert("tietojaKarsittu".to_owned(), json!(true));
            }
            if let Some(claim) = claim {
                let mut ground = Map::new();
                let [(peruste, code), (selostus, statement), (suostumusta, asked)] = stated(claim);
                put(&mut ground, peruste, &code.to_lowercase());
                put(&mut ground, selostus, statement);
                put(&mut ground, suostumusta, &asked.to_lowercase());
                referral.insert("ilmoitusperuste".to_owned(), Value::Object(ground));
            }
            for name in ["perustelu", "palvelutarpeet"] {
                referral.extend(said.remove(name).map(|value| (name.to_owned(), value)));
            }
            event.insert("lahete".to_owned(), Value::Object(referral));
            event.append(&mut said);
        }
        Outgoing::PlanPart { identity_code, part } => {
            put(&mut event, "tapahtuma", "suunnitelma_paivitetty");
            event.insert("suunnitelma".to_owned(), plan(part, Some(identity_code))?);
        }
    }
    Ok(Value::Object(event).to_string())
}

/// Reads the gateway's answer, by the members of the document and no others.
fn read(reply: &RawReply) -> Result<Reply> {
    let status = reply.status;
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    if !status.is_success() {
        ensure!(status.is_client_error() || status.is_server_error(), "neither answer nor refusal: {status}");
        let code = body.as_ref().and_then(|body| body.pointer("/virhe/koodi")).and_then(Value::as_str);
        return Ok(match code {
            Some(code) => Reply::Refused { code: code.to_owned() },
            None => Reply::Failed { status: status.as_u16() },
        });
    }
    let body = body.context("the answer is no JSON")?;
    let members = body.as_object().context("the answer is no object")?;
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let sequence = members.get("tapahtumanumero").and_then(Value::as_u64).context("no tapahtumanumero")?;
    let state = || -> Result<ReferralState> {
        let state = state_of(text("tila").context("no tila")?);
        ensure!(state != ReferralState::Unspecified, "unknown tila");
        Ok(state)
    };
    match (text("laheteTunnus"), members.len()) {
        (None, 1) => Ok(Reply::PlanTaken { sequence }),
        (None, 2) => Ok(Reply::Applied { state: state()?, sequence }),
        (Some(referral), 3) => Ok(Reply::Sent { referral: referral.to_owned(), state: state()?, sequence }),
        _ => anyhow::bail!("members that the document does not have"),
    }
}

fn specimen() -> Held {
    let recorded = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let fact = |kind: FactKind, category: DataCategory, reference: &str, text: &str| Fact {
        category: category.into(),
        kind: kind.into(),
        text: text.to_owned(),
        reference: reference.to_owned(),
        ..Fact::default()
    };
    let attendance = DataCategory::ServiceAttendance;
    let day = |reference: &str, date: &str, text: &str| Fact {
        since: date.to_owned(),
        until: date.to_owned(),
        ..fact(FactKind::Attendance, attendance, reference, text)
    };
    let facts = vec![
        Fact {
            since: "2026-09-01".to_owned(),
            record_time: recorded(1_788_249_600),
            ..fact(FactKind::Customer, attendance, "A-1", "metallipaja")
        },
        Fact {
            since: "2026-09-01".to_owned(),
            ..fact(FactKind::ResponsibleWorker, attendance, "V-1", "Valma Pajavalmentaja")
        },
        Fact {
            since: "2026-09-01".to_owned(),
            until: "2026-10-01".to_owned(),
            ..fact(FactKind::ServiceNeed, DataCategory::ServiceNeeds, "P-1", "Hitsaajan työkokeilu")
        },
        Fact {
            since: "2026-09-01".to_owned(),
            until: "2026-12-18".to_owned(),
            record_time: recorded(1_788_249_601),
            ..fact(FactKind::CoachingPeriod, attendance, "J-1", "Syksyn pajajakso")
        },
        day("L-1", "2026-09-02", "5,5 h"),
        day("L-2", "2026-09-03", "0 h, poissa: lääkärissä"),
        fact(FactKind::Note, DataCategory::GuidanceNotes, "M-1", "Kertoi unelmistaan."),
    ];
    let goal = PlanGoal {
        id: "g-1".to_owned(),
        category: DataCategory::JointPlan.into(),
        text: "Ammattitutkinto".to_owned(),
        state: GoalState::Active.into(),
        due: "2027-05-31".to_owned(),
        ..PlanGoal::default()
    };
    let period = PlanAction {
        id: "v-1".to_owned(),
        category: attendance.into(),
        text: "Pajapäivät".to_owned(),
        state: ActionState::InProgress.into(),
        goal: "g-1".to_owned(),
        start: "2026-09-01".to_owned(),
        end: "2026-12-18".to_owned(),
        ..PlanAction::default()
    };
    let plan = PlanPart {
        reference: "S-1".to_owned(),
        revision: 2,
        update_time: recorded(1_788_249_602),
        state: PlanState::Active.into(),
        goals: vec![goal],
        actions: vec![period],
        client_view: "Hitsaaminen on kivaa.".to_owned(),
        responsible_worker: Some(Worker { name: "Valma Pajavalmentaja".to_owned(), ..Worker::default() }),
        ..PlanPart::default()
    };
    Held { facts, plans: vec![plan] }
}

fn reason_code(reason: RejectionReason) -> &'static str {
    match reason {
        RejectionReason::Unspecified => "",
        RejectionReason::NoCapacity => "ei_kapasiteettia",
        RejectionReason::NotEligible => "ei_tayta_ehtoja",
        RejectionReason::WrongService => "vaara_palvelu",
        RejectionReason::OutsideArea => "alueen_ulkopuolella",
        RejectionReason::InsufficientInformation => "puutteelliset_tiedot",
        RejectionReason::Other => "muu",
    }
}

fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unspecified => "",
        Outcome::GotService => "sai_palvelun",
        Outcome::ReferredElsewhere => "ohjattu_muualle",
        Outcome::CouldNotContact => "ei_tavoitettu",
        Outcome::NotEligible => "ei_tayta_ehtoja",
        Outcome::NoCapacity => "ei_kapasiteettia",
        Outcome::NoLongerInterested => "ei_enaa_kiinnostunut",
        Outcome::WithdrewConsent => "perui_luvan",
        Outcome::Unknown => "ei_tiedossa",
    }
}

fn state_of(code: &str) -> ReferralState {
    match code {
        "pyydetty" => ReferralState::Requested,
        "lisatietoja_pyydetty" => ReferralState::InfoRequested,
        "hyvaksytty" => ReferralState::Accepted,
        "hylatty" => ReferralState::Rejected,
        "kaynnissa" => ReferralState::InProgress,
        "keskeytetty" => ReferralState::OnHold,
        "paattynyt" => ReferralState::Completed,
        "epaonnistunut" => ReferralState::Failed,
        "peruutusta_pyydetty" => ReferralState::CancelRequested,
        "peruutettu" => ReferralState::Cancelled,
        "vanhentunut" => ReferralState::Expired,
        "lupa_peruttu" => ReferralState::ConsentWithdrawn,
        "virheellinen" => ReferralState::EnteredInError,
        _ => ReferralState::Unspecified,
    }
}
