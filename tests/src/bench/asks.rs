//! What is asked of the systems under test, and which answer is right?

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use polku_proto::v1::decision::Verdict;
use polku_proto::v1::verify_consent_result::Result as Answer;
use polku_proto::v1::{
    BatchVerifyConsentsRequest, BatchVerifyConsentsResponse, ConsentChange, ConsentState, Decision,
    DeliveryState, ReferralContent, ReferralState, SendReferralRequest, SendReferralResponse,
    VerifyConsentRequest, VerifyConsentResponse, WithdrawConsentRequest,
};
use polku_tests::world::{OHJAAMO, TE, professional};
use prost::Message;
use tonic::metadata::{BinaryMetadataValue, MetadataValue};
use uuid::Uuid;

use super::connection::{Method, PREFIX, framed};
use super::glance;
use super::load::Ask;
use super::people::{PURPOSE, TOLD, consent_id, youth_id};
use super::serve::policy::HEADER;
use super::template::Template;

/// How long a message is, each way; the gateway's answers are as long as they are.
pub(crate) const MESSAGE: usize = 600;

/// How long the reason of a referral is.
const REASON: usize = 445;

/// How many questions a batch has.
pub(crate) const BATCH: usize = 100;

/// Of so many batches one is read field by field, beside the look that each gets.
const READ_WHOLE: u64 = 64;

/// What stands where the ids will.
const REQUEST: Uuid = Uuid::from_u128(1);
const YOUTH: Uuid = Uuid::from_u128(2);
const CONSENT: Uuid = Uuid::from_u128(3);
/// In a batch: at the first place, and counted on from there.
const FIRST_MARK: u128 = 100;

/// The people whom a row asks about, one after the other in an order that is nobody's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct People {
    /// How many.
    pub(crate) count: u64,
}

impl People {
    fn with(self, number: u64) -> u64 {
        // Odd and large, so the next one is somewhere else in the index.
        number.wrapping_mul(0x9e37_79b9) % self.count.max(1)
    }
}

/// The bare echo, straight or behind something that asks the policy service.
pub(crate) struct Echo {
    method: Method,
    message: Bytes,
    people: People,
}

impl Echo {
    pub(crate) fn new(people: People) -> Result<Echo> {
        let payload: Vec<u8> = (0_u8..=255).cycle().take(MESSAGE - 3).collect();
        let message = framed(&payload.encode_to_vec())?;
        Ok(Echo { method: Method::new("/bench.Echo/Echo")?, message, people })
    }
}

impl Ask for Echo {
    fn method(&self) -> &Method {
        &self.method
    }

    fn request(&self, _: u64) -> Result<Bytes> {
        Ok(self.message.clone())
    }

    fn header(&self, number: u64) -> Option<(HeaderName, HeaderValue)> {
        let mut text = [0; 36];
        youth_id(self.people.with(number)).hyphenated().encode_lower(&mut text);
        Some((HeaderName::from_static(HEADER), HeaderValue::from_bytes(&text).ok()?))
    }

    fn check(&self, _: u64, answer: &[u8]) -> Result<u64> {
        ensure!(self.message.get(PREFIX..) == Some(answer), "the echo is not what was sent");
        Ok(1)
    }
}

/// One question.
pub(crate) struct Verify {
    method: Method,
    template: Template,
    people: People,
}

impl Verify {
    pub(crate) fn new(people: People) -> Result<Verify> {
        let question = padded(question(YOUTH).encode_to_vec())?;
        let method = gateway("/polku.v1.ConsentService/VerifyConsent")?;
        Ok(Verify { method, template: Template::of(&question, &[YOUTH])?, people })
    }
}

impl Ask for Verify {
    fn method(&self) -> &Method {
        &self.method
    }

    fn request(&self, number: u64) -> Result<Bytes> {
        Ok(self.template.with(|_| youth_id(self.people.with(number))))
    }

    fn check(&self, number: u64, answer: &[u8]) -> Result<u64> {
        let answer = VerifyConsentResponse::decode(answer)?;
        ensure!(answer.receipt.is_some_and(|receipt| receipt.leaf_hash.len() == 32), "there is no receipt");
        let decision = answer.decision.unwrap_or_default();
        ensure!(decision.verdict() == Verdict::Permitted, "what is permitted was not");
        ensure!(decision.permitted().eq(TOLD), "other categories are permitted");
        rests_on_consent_of(self.people.with(number), &decision)?;
        Ok(1)
    }
}

fn rests_on_consent_of(person: u64, decision: &Decision) -> Result<()> {
    let basis = decision.bases.first().map(|basis| basis.consent.as_str()).unwrap_or_default();
    let expected = consent_id(person, 0).hyphenated().to_string();
    ensure!(basis.ends_with(&expected), "it rests on another consent");
    Ok(())
}

/// A hundred questions at once.
pub(crate) struct Batch {
    method: Method,
    template: Template,
    people: People,
    categories: Vec<u8>,
}

impl Batch {
    pub(crate) fn new(people: People) -> Result<Batch> {
        let marks: Vec<Uuid> = (0..BATCH).map(|place| Uuid::from_u128(FIRST_MARK + place as u128)).collect();
        let requests = marks.iter().map(|mark| question(*mark)).collect();
        let message = BatchVerifyConsentsRequest { requests }.encode_to_vec();
        let categories =
            TOLD.iter().map(|category| u8::try_from(*category as i32)).collect::<Result<_, _>>()?;
        let method = gateway("/polku.v1.ConsentService/BatchVerifyConsents")?;
        Ok(Batch { method, template: Template::of(&message, &marks)?, people, categories })
    }
}

impl Batch {
    /// About whom the question at this place is.
    fn person(&self, number: u64, place: u64) -> u64 {
        self.people.with(number.wrapping_mul(BATCH as u64).wrapping_add(place))
    }
}

impl Ask for Batch {
    fn method(&self) -> &Method {
        &self.method
    }

    fn request(&self, number: u64) -> Result<Bytes> {
        let place = |mark: Uuid| u64::try_from(mark.as_u128() - FIRST_MARK).unwrap_or_default();
        Ok(self.template.with(|mark| youth_id(self.person(number, place(mark)))))
    }

    fn check(&self, number: u64, answer: &[u8]) -> Result<u64> {
        let permitted = glance::permissions(answer, &self.categories)?;
        ensure!(permitted == BATCH as u64, "{permitted} of {BATCH} questions were permitted");
        if number.is_multiple_of(READ_WHOLE) {
            let answer = BatchVerifyConsentsResponse::decode(answer)?;
            let hash = answer.receipt.map(|receipt| receipt.leaf_hash.len());
            ensure!(answer.results.len() == BATCH && hash == Some(32), "the batch is not whole");
            for (result, place) in answer.results.iter().zip(0..) {
                let Some(Answer::Decision(decision)) = &result.result else { bail!("it has no decision") };
                rests_on_consent_of(self.person(number, place), decision)?;
            }
        }
        Ok(permitted)
    }
}

/// When the answer to a referral is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnsweredWhen {
    /// As soon as it is on disk.
    Durable,
    /// When the recipient's system has it.
    Delivered,
}

/// A referral to the employment services.
pub(crate) struct Refer {
    method: Method,
    template: Template,
    people: People,
    when: AnsweredWhen,
}

impl Refer {
    /// About these people.
    pub(crate) fn new(people: People, when: AnsweredWhen) -> Result<Refer> {
        let request = SendReferralRequest {
            request_id: REQUEST.to_string(),
            youth: format!("youths/{YOUTH}"),
            recipient: TE.into(),
            purpose: PURPOSE as i32,
            content: Some(content()),
            wait_for_delivery: when == AnsweredWhen::Delivered,
            ..SendReferralRequest::default()
        };
        let template = Template::of(&request.encode_to_vec(), &[REQUEST, YOUTH])?;
        let method = gateway("/polku.v1.ReferralService/SendReferral")?;
        Ok(Refer { method, template, people, when })
    }
}

impl Ask for Refer {
    fn method(&self) -> &Method {
        &self.method
    }

    fn request(&self, number: u64) -> Result<Bytes> {
        let (request, youth) = (Uuid::now_v7(), youth_id(self.people.with(number)));
        Ok(self.template.with(|mark| if mark == REQUEST { request } else { youth }))
    }

    fn check(&self, number: u64, answer: &[u8]) -> Result<u64> {
        let answer = SendReferralResponse::decode(answer)?;
        ensure!(answer.receipt.is_some(), "there is no receipt");
        let referral = answer.referral.unwrap_or_default();
        let youth = youth_id(self.people.with(number));
        ensure!(referral.name.starts_with(&format!("youths/{youth}/referrals/")), "it is another referral");
        ensure!(referral.state() == ReferralState::Requested, "its state is {:?}", referral.state());
        let delivery = referral.delivery_state();
        let is_on_its_way = matches!(delivery, DeliveryState::Queued | DeliveryState::Sending);
        let has_come_so_far = match self.when {
            AnsweredWhen::Durable => is_on_its_way || delivery == DeliveryState::Delivered,
            AnsweredWhen::Delivered => delivery == DeliveryState::Delivered,
        };
        ensure!(has_come_so_far, "its delivery is {delivery:?}");
        Ok(1)
    }
}

/// One person after the other takes back a consent.
pub(crate) struct Withdraw {
    method: Method,
    template: Template,
    people: Box<dyn Fn(u64) -> Option<u64> + Send + Sync>,
}

impl Withdraw {
    /// Of these people, each once.
    pub(crate) fn new(people: impl Fn(u64) -> Option<u64> + Send + Sync + 'static) -> Result<Withdraw> {
        let request = WithdrawConsentRequest {
            request_id: REQUEST.to_string(),
            name: format!("youths/{YOUTH}/consents/{CONSENT}"),
            ..WithdrawConsentRequest::default()
        };
        let template = Template::of(&request.encode_to_vec(), &[REQUEST, YOUTH, CONSENT])?;
        let method = gateway("/polku.v1.ConsentService/WithdrawConsent")?;
        Ok(Withdraw { method, template, people: Box::new(people) })
    }

    /// Whether there is somebody with this number.
    pub(crate) fn is_left(&self, number: u64) -> bool {
        (self.people)(number).is_some()
    }
}

impl Ask for Withdraw {
    fn method(&self) -> &Method {
        &self.method
    }

    fn request(&self, number: u64) -> Result<Bytes> {
        let person = (self.people)(number).context("nobody is left who could take back a consent")?;
        let (request, youth, consent) = (Uuid::now_v7(), youth_id(person), consent_id(person, 0));
        Ok(self.template.with(|mark| match mark {
            REQUEST => request,
            YOUTH => youth,
            _ => consent,
        }))
    }

    fn check(&self, _: u64, answer: &[u8]) -> Result<u64> {
        let change = ConsentChange::decode(answer)?;
        let state = change.consent.unwrap_or_default().state();
        ensure!(state == ConsentState::Withdrawn, "the consent is {state:?}");
        Ok(1)
    }
}

/// What a guidance worker asks, about this person.
pub(crate) fn question(youth: Uuid) -> VerifyConsentRequest {
    VerifyConsentRequest {
        youth: format!("youths/{youth}"),
        discloser: OHJAAMO.into(),
        recipient: TE.into(),
        purpose: PURPOSE as i32,
        categories: TOLD.iter().map(|category| *category as i32).collect(),
        ..VerifyConsentRequest::default()
    }
}

/// What a referral tells: as much as makes a request of [`MESSAGE`] bytes.
pub(crate) fn content() -> ReferralContent {
    ReferralContent {
        given_names: "Testi Kanarialintu".into(),
        family_name: "Esimerkkinen".into(),
        contact_language: "fi".into(),
        reason: "kanaria-perustelu ".chars().cycle().take(REASON).collect(),
        service_needs: vec!["kanaria-palvelutarve".into()],
        ..ReferralContent::default()
    }
}

/// A method of the gateway, called by a guidance worker who is as patient as the gateway lets anybody be: a call that is slow
/// shows in its time, and is not wrong.
pub(crate) fn gateway(path: &str) -> Result<Method> {
    Method::new(path)?.with("polku-actor-bin", &actor()?)?.with("grpc-timeout", "60S")
}

/// The guidance worker, as the header has it.
pub(crate) fn actor() -> Result<String> {
    let actor = professional("ohjaaja-1", "keskusta", "guidance_worker").encode_to_vec();
    let actor: BinaryMetadataValue = MetadataValue::from_bytes(&actor);
    Ok(std::str::from_utf8(actor.as_encoded_bytes())?.to_owned())
}

/// As long as a message is to be, by a field that no message of the contract has.
fn padded(mut message: Vec<u8>) -> Result<Vec<u8>> {
    // Number 2000, bytes: two bytes of key, two of length.
    let rest = MESSAGE.checked_sub(message.len() + 4).context("a message is longer than that")?;
    prost::encoding::encode_key(2000, prost::encoding::WireType::LengthDelimited, &mut message);
    prost::encoding::encode_varint(rest as u64, &mut message);
    message.resize(MESSAGE, 0);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::{AnsweredWhen, Ask as _, Echo, MESSAGE, PREFIX, People, Refer, Verify};

    #[test]
    fn messages_are_as_long_as_is_said() {
        let people = People { count: 10 };
        let echo = Echo::new(people).unwrap().request(7).unwrap();
        let verify = Verify::new(people).unwrap().request(7).unwrap();
        let send = Refer::new(people, AnsweredWhen::Durable).unwrap().request(7).unwrap();
        for message in [echo, verify, send] {
            assert_eq!(message.len(), PREFIX + MESSAGE);
        }
    }
}
