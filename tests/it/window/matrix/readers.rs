//! Who reads, what does the matrix let each of them see, and what do they see?

use std::collections::{BTreeMap, BTreeSet};

use polku_policy::{
    ActorRole, Channel, ConsentIndex, Engine, GrantKind, PurposeSet, Question, Viewer, purpose_name,
};
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{DataCategory, GetNextStepRequest, Journey, PermitDomain, Purpose, mandate};
use polku_proto::{CategorySet, Disclose as _, Party};
use polku_tests::world::Client;
use tonic::Code;

use super::super::journey;
use super::Told;
use super::arrange::{COORDINATOR, NEXT, PLANNED, Person, RESPONSIBLE, purpose_of};
use super::seen::{STATUS, Seen, Written, glance, seen, skip_silent, written};
use super::town::{Town, UNITS, all_named, id, named};
use crate::matrix::engine::{AGENCIES, WITHOUT_AGREEMENT, asked, index, now, personal};
use crate::matrix::situations::Given;
use crate::stage::assert_refused;

/// Whether the agencies' own systems are asked when a journey is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    Systems,
    Nobody,
}

/// In which matter the agency tells something.
#[derive(Clone, Copy)]
enum Matter {
    /// The reader looks for this purpose.
    Journey(Purpose),
    Plan,
    /// The referral that it has sent to the reader.
    Sent,
    /// The referral that the reader has sent to it.
    Received,
}

/// The journey of one person, as everybody reads it.
pub(super) struct Comparison<'a> {
    town: &'a Town,
    engine: &'a Engine,
    person: &'a Person,
    /// What the matrix says.
    told: &'a Told,
    /// What is known of the person, with consents that name units where they do.
    index: ConsentIndex,
    /// What each agency's system holds, and what there is of the referral that it has sent.
    there: BTreeMap<&'static str, Seen>,
    /// Each entry that there is, by agency.
    written: BTreeMap<&'static str, Vec<Written>>,
    pub(super) wrong: Vec<String>,
    pub(super) shown: usize,
}

impl<'a> Comparison<'a> {
    /// The young person sees everything, and so it shows what there is.
    pub(super) async fn of(town: &'a Town, engine: &'a Engine, person: &'a Person, told: &'a Told) -> Self {
        let youth = &person.youth;
        let journey = journey(&town.young_person(youth), youth, Purpose::Guidance).await.unwrap();
        let (mut there, mut all) = (BTreeMap::new(), BTreeMap::new());
        for (agency, ..) in AGENCIES {
            let mut whole = seen(&journey, agency, None);
            let is_party = person.referrals.iter().any(|(from, to)| [*from, *to].contains(&agency));
            let entries = written(personal()).union(if is_party { STATUS } else { CategorySet::EMPTY });
            assert_eq!((whole.entries, whole.plan), (entries, PLANNED), "the young person sees all of it");
            assert!(!whole.facts.is_empty(), "{agency} holds nothing");
            // Ohjaamo has an agreement with all but one.
            let sent = journey.referrals.iter().find(|referral| referral.sender == id(agency));
            if let Some(sent) = sent {
                whole.sent = sent.categories().difference(CategorySet::ENVELOPE);
                assert!(STATUS.is_subset(whole.sent), "nobody has said what became of it");
            }
            there.insert(agency, whole);
            all.insert(agency, Written::of(&journey, agency));
        }
        let index = index(&person.situation, &all_named());
        Self { town, engine, person, told, index, there, written: all, wrong: Vec::new(), shown: 0 }
    }

    pub(super) async fn by_everybody(&mut self) {
        for (agency, ..) in AGENCIES {
            for (purpose, asking) in self.purposes(agency) {
                self.official(agency, purpose, asking).await;
            }
            for (place, role) in ["official", "coordinator"].into_iter().enumerate() {
                let has_turn = (self.person.number + place).is_multiple_of(2);
                let asking = if has_turn { Asking::Systems } else { Asking::Nobody };
                self.professional(agency, (UNITS[1], role), asking).await;
            }
            self.peer(agency).await;
        }
        self.own_side(Capacity::OtherRepresentative, ActorRole::Representative).await;
        self.own_side(Capacity::Guardian, ActorRole::Guardian).await;
    }

    /// For which purposes the reader looks. Of those for which everybody may tell the same in this situation, the agencies'
    /// systems are asked for one, and what is kept here is looked at for another one too: others from situation to situation.
    /// No system has a word for statistics: they are asked for it only where nothing else has the same answers.
    fn purposes(&self, reader: &'static str) -> Vec<(Purpose, Asking)> {
        let told = |purpose| others(reader).map(move |from| self.told[&(from, reader, purpose)]);
        let mut groups: Vec<Vec<Purpose>> = Vec::new();
        for purpose in PurposeSet::ALL.iter() {
            match groups.iter_mut().find(|group| told(group[0]).eq(told(purpose))) {
                Some(group) => group.push(purpose),
                None => groups.push(vec![purpose]),
            }
        }
        let turn = self.turn(reader);
        let mut all = Vec::new();
        for group in groups {
            let mut words = group.clone();
            words.retain(|purpose| *purpose != Purpose::Statistics || group.len() == 1);
            let (asked, beside) = (words[turn % words.len()], group[(turn + 1) % group.len()]);
            all.push((asked, Asking::Systems));
            if beside != asked {
                all.push((beside, Asking::Nobody));
            }
        }
        all
    }

    /// Others from situation to situation, and from reader to reader.
    fn turn(&self, reader: &str) -> usize {
        self.person.number + AGENCIES.iter().position(|(agency, ..)| *agency == reader).unwrap()
    }

    /// An official of the unit that consents name sees what the matrix says.
    async fn official(&mut self, reader: &'static str, purpose: Purpose, asking: Asking) {
        let (client, youth) = (self.town.agency(reader), &self.person.youth);
        let journey = match asking {
            Asking::Systems => journey(&client, youth, purpose).await,
            Asking::Nobody => glance(&client, youth, purpose).await,
        };
        let journey = journey.unwrap();
        let told = |from, purpose| self.told.get(&(from, reader, purpose)).copied().unwrap_or(personal());
        let of_adult = told(RESPONSIBLE, purpose);
        let [of_step, of_flag] =
            [self.person.step_of(), COORDINATOR].map(|from| told(from, self.person.plan_purpose()));
        let escorted = self.escorted(reader, |other| told(other, purpose));
        self.beside(reader, &journey, (of_adult, escorted));
        self.own_records(reader, (purpose, asking), &journey, personal());
        if asking == Asking::Nobody {
            self.next(&client, (reader, purpose), &journey, (of_step, of_flag)).await;
        }
        for from in others(reader) {
            let told = |matter| {
                let purpose = match matter {
                    Matter::Journey(purpose) => purpose,
                    Matter::Plan => self.person.plan_purpose(),
                    Matter::Sent => purpose_of(reader),
                    Matter::Received => purpose_of(from),
                };
                self.told[&(from, reader, purpose)]
            };
            let mut expected = self.expected((from, reader), purpose, told);
            // The question alone would tell whom it is put to that the reader deals with them.
            if asking == Asking::Systems && (reader, from) != WITHOUT_AGREEMENT {
                expected.facts = self.there[from].facts.intersection(told(Matter::Journey(purpose)));
            }
            let mut seen = seen(&journey, from, Some(reader));
            skip_silent(&journey, (from, reader), purpose, (&mut seen, &expected));
            self.names(reader, (from, purpose), &journey, |one| one.is_for(&journey, expected.entries));
            self.check("official", (from, reader), purpose, seen, expected);
        }
    }

    /// Whoever else works there sees what is with the own unit, or with all units. For each purpose, by turns.
    async fn professional(
        &mut self,
        reader: &'static str,
        (unit, role): (&'static str, &'static str),
        asking: Asking,
    ) {
        // Whoever asks for the systems' answers gets those that a colleague was given: nobody is asked once more.
        let known = self.purposes(reader).into_iter().filter(|(_, asked)| *asked == Asking::Systems);
        let all: Vec<Purpose> = match asking {
            Asking::Systems => known.map(|(purpose, _)| purpose).collect(),
            Asking::Nobody => PurposeSet::ALL.iter().collect(),
        };
        let purpose = all[(self.turn(reader) / 2) % all.len()];
        let (client, youth) = (self.town.professional(reader, (unit, role)), &self.person.youth);
        let journey = match asking {
            Asking::Systems => journey(&client, youth, purpose).await,
            Asking::Nobody => glance(&client, youth, purpose).await,
        };
        let journey = journey.unwrap_or_else(|status| panic!("the {role} of {unit} at {reader}: {status:?}"));
        let at = at(reader, unit);
        let actor = ActorRole::Professional { at: at.clone(), role: role.into() };
        // What the own agency has written is the first unit's: only who reads of every unit sees it.
        let of_own = if role == "official" { CategorySet::EMPTY } else { personal() };
        let own = |from, told| if from == reader { of_own } else { told };
        let written_by = |from| self::at(from, UNITS[0]);
        let of_adult = own(RESPONSIBLE, self.told_to(&actor, (written_by(RESPONSIBLE), at.clone()), purpose));
        // Two words are needed for an escort, and one of them is the own agency's.
        let escorted = self.escorted(reader, |other| {
            of_own.intersection(self.told_to(&actor, (written_by(other), at.clone()), purpose))
        });
        self.beside(reader, &journey, (of_adult, escorted));
        self.own_records(reader, (purpose, asking), &journey, of_own);
        let in_plan = self.person.plan_purpose();
        // An official sees of the own agency's section what is the own unit's, or the whole agency's.
        let is_elsewhere = role == "official" && party(reader).unit.is_some_and(|own| own.as_str() != unit);
        let [of_step, of_flag] = [self.person.step_of(), COORDINATOR].map(|from| match from == reader {
            true if is_elsewhere => CategorySet::EMPTY,
            true => personal(),
            false => self.told_to(&actor, (party(from), party(reader)), in_plan),
        });
        self.next(&client, (reader, purpose), &journey, (of_step, of_flag)).await;
        for from in others(reader) {
            // What is held is told by the agency to whoever reads; a plan and a referral are between their parties.
            let first = |agency| self::at(agency, UNITS[0]);
            let told = |matter| {
                let (here, purpose) = match matter {
                    Matter::Journey(purpose) => (at.clone(), purpose),
                    Matter::Plan => (party(reader), self.person.plan_purpose()),
                    Matter::Sent => (party(reader), purpose_of(reader)),
                    Matter::Received => (first(reader), purpose_of(from)),
                };
                let there = match matter {
                    Matter::Plan | Matter::Received => party(from),
                    Matter::Journey(_) | Matter::Sent => first(from),
                };
                self.told_to(&actor, (there, here), purpose)
            };
            let mut expected = self.expected((from, reader), purpose, told);
            if asking == Asking::Systems && (reader, from) != WITHOUT_AGREEMENT {
                let told = self.told_to(&actor, (whole(from), at.clone()), purpose);
                expected.facts = self.there[from].facts.intersection(told);
            }
            let mut seen = seen(&journey, from, Some(reader));
            skip_silent(&journey, (from, reader), purpose, (&mut seen, &expected));
            self.names(reader, (from, purpose), &journey, |one| one.is_for(&journey, expected.entries));
            self.check(&format!("{role} of {unit}"), (from, reader), purpose, seen, expected);
        }
    }

    /// What the own agency has written, for whichever purpose, and what its system holds: that is with the units that have
    /// taken up the matter, as entries are with theirs.
    fn own_records(
        &mut self,
        reader: &str,
        (purpose, asking): (Purpose, Asking),
        journey: &Journey,
        told: CategorySet,
    ) {
        let there = self.there[reader];
        let held = if asking == Asking::Systems { there.facts } else { CategorySet::EMPTY };
        let (entries, facts) = (there.entries.intersection(told), held.intersection(told));
        let Seen { entries: written, facts: shown, .. } = seen(journey, reader, None);
        let mut seen = Seen { entries: written, facts: shown, ..Seen::default() };
        let expected = Seen { entries, facts, ..Seen::default() };
        skip_silent(journey, (reader, reader), purpose, (&mut seen, &expected));
        self.check("of the own agency", (reader, reader), purpose, seen, expected);
        self.names(reader, (reader, purpose), journey, |_| told == personal());
    }

    /// Of an agency's entries, which ones the reader sees: those of what may be told, and of no other one.
    fn names(
        &mut self,
        reader: &str,
        (from, purpose): (&str, Purpose),
        journey: &Journey,
        is_told: impl Fn(&Written) -> bool,
    ) {
        let expected: BTreeSet<&str> =
            self.written[from].iter().filter(|one| is_told(one)).map(|one| one.name.as_str()).collect();
        let from_it = journey.entries.iter().filter(|entry| entry.agency == id(from));
        let seen: BTreeSet<&str> = from_it.map(|entry| entry.name.as_str()).collect();
        if seen != expected {
            let (purpose, says) = (purpose_name(purpose), self.person.situation.says);
            let (more, less) = (seen.difference(&expected).count(), expected.difference(&seen).count());
            self.wrong.push(format!(
                "{says}: entries of {from}, at {reader}, for {purpose}: {more} too many, {less} missing"
            ));
        }
    }

    /// By how many referrals of the reader's the young person was handed over with escort, as it is told by the word of the
    /// other party, who may tell it this.
    fn escorted(&self, reader: &'static str, told: impl Fn(&'static str) -> CategorySet) -> usize {
        let parties = self.person.referrals.iter().copied();
        let others = parties.filter_map(|(from, to)| match () {
            _ if from == reader => Some(to),
            _ if to == reader => Some(from),
            _ => None,
        });
        others.filter(|other| STATUS.is_subset(told(other))).count()
    }

    /// The adult and the step, asked for alone: the one is who is in the journey, the other stands in the plan, flagged.
    async fn next(
        &mut self,
        client: &Client,
        (reader, purpose): (&'static str, Purpose),
        journey: &Journey,
        (of_step, of_flag): (CategorySet, CategorySet),
    ) {
        let request = GetNextStepRequest { youth: self.person.youth.clone(), purpose: purpose.into() };
        let next = client.clone().journey.get_next_step(request).await.unwrap().into_inner();
        let is_told = of_step.contains(NEXT) && of_flag.contains(DataCategory::JointPlan);
        let step = is_told.then(|| id(self.person.step_of()));
        let expected = (&journey.worker, step);
        let seen = (&next.worker, next.step.as_ref().map(|step| step.owner.clone()));
        if seen != expected {
            let says = self.person.situation.says;
            self.wrong.push(format!("{says}: what is next, at {reader}: {seen:?} for {expected:?}"));
        }
    }

    /// What does not stand under the agency that tells it: who is beside the young person, what they were asked for here,
    /// and how often they were handed over, and with escort.
    fn beside(
        &mut self,
        reader: &'static str,
        journey: &Journey,
        (of_adult, escorted): (CategorySet, usize),
    ) {
        let Person { situation, referrals, .. } = self.person;
        let is_told = of_adult.contains(DataCategory::ServiceAttendance);
        // Whoever is named as a discloser reads a consent; the first of them has recorded it. All were asked for a day.
        let is_named = |given: &&Given| match given.kind {
            GrantKind::Consent => true,
            GrantKind::DisclosurePermit(PermitDomain::Health) => reader == "health",
            GrantKind::DisclosurePermit(_) => reader == "social",
        };
        let consents = 1 + situation.grants.iter().filter(is_named).count();
        let has_recorded = reader == RESPONSIBLE && situation.prohibited.is_some();
        let handovers = referrals.iter().filter(|(from, to)| [*from, *to].contains(&reader)).count();
        let expected = (is_told, consents, usize::from(has_recorded), 0, (handovers, escorted));
        let seen = (
            journey.worker.is_some(),
            journey.consents.len(),
            journey.prohibitions.len(),
            journey.legal_statuses.len(),
            (
                usize::try_from(journey.handovers).unwrap(),
                usize::try_from(journey.escorted_handovers).unwrap(),
            ),
        );
        if let Some(worker) = &journey.worker {
            assert_eq!(
                (worker.agency.as_str(), worker.professional.as_str()),
                (&*id(RESPONSIBLE), "virkailija-1")
            );
            assert_eq!(worker.mandate, [i32::from(mandate::Scope::Follow)]);
        }
        if seen != expected {
            self.wrong.push(format!("{}: beside, at {reader}: {seen:?} for {expected:?}", situation.says));
        }
    }

    /// Whoever supports a young person as a peer opens no journey, and may be told nothing in it.
    async fn peer(&self, reader: &'static str) {
        let (unit, role) = (UNITS[0], "peer");
        let client = self.town.professional(reader, (unit, role));
        let journey = glance(&client, &self.person.youth, Purpose::Guidance).await;
        assert_refused(journey, Code::NotFound, "NOT_FOUND");
        let actor = ActorRole::Professional { at: at(reader, unit), role: role.into() };
        for from in others(reader) {
            let told = self.told_to(&actor, (whole(from), at(reader, unit)), Purpose::Guidance);
            assert!(told.is_empty(), "{from} tells a peer {told}");
        }
    }

    /// What the engine lets somebody see of what one party tells another one.
    fn told_to(&self, actor: &ActorRole, (from, to): (Party, Party), purpose: Purpose) -> CategorySet {
        let ask = |categories, from, to, viewer| {
            let question = |youth| Question {
                actor: actor.clone(),
                ..Question::new(youth, Channel { from, to }, viewer, purpose, now())
            };
            asked(self.engine, &self.index, categories, question)
        };
        let held = ask(personal().difference(STATUS), from.clone(), to.clone(), Viewer::Addressee);
        held.union(ask(STATUS, to, from, Viewer::Author))
    }

    /// Of what there is, what a professional sees who may be told this, but for what is asked of the agency's system.
    fn expected(
        &self,
        (from, reader): (&'static str, &'static str),
        purpose: Purpose,
        told: impl Fn(Matter) -> CategorySet,
    ) -> Seen {
        let is_referred = |from, to| self.person.referrals.contains(&(from, to));
        let journey = told(Matter::Journey(purpose));
        let only = |holds, set: CategorySet| if holds { set } else { CategorySet::EMPTY };
        Seen {
            entries: written(journey).union(only(
                is_referred(reader, from) || is_referred(from, reader),
                journey.intersection(STATUS),
            )),
            facts: CategorySet::EMPTY,
            plan: PLANNED.intersection(told(Matter::Plan)),
            // The status of what one has received is one's own word.
            sent: only(
                is_referred(from, reader),
                self.there[from].sent.difference(STATUS).intersection(told(Matter::Sent)),
            ),
            status: only(is_referred(reader, from), STATUS.intersection(told(Matter::Received))),
        }
    }

    /// Whoever represents the young person sees all of it, or is told that there is nobody.
    async fn own_side(&mut self, capacity: Capacity, actor: ActorRole) {
        let (person, purpose) = (self.person, Purpose::Guidance);
        let youth = &person.youth;
        let client = self.town.representative(youth, capacity);
        let journey = journey(&client, youth, purpose).await;
        let may_see = |from, purpose| {
            let question = |youth| {
                let channel = Channel { from: whole(from), to: whole(from) };
                Question {
                    actor: actor.clone(),
                    ..Question::new(youth, channel, Viewer::Subject, purpose, now())
                }
            };
            asked(self.engine, &self.index, personal(), question)
        };
        let all_told = AGENCIES.map(|(from, ..)| (from, may_see(from, purpose)));
        let of_next = [person.step_of(), COORDINATOR].map(|from| may_see(from, person.plan_purpose()));
        match &journey {
            Ok(journey) => self.next(&client, ("home", purpose), journey, of_next.into()).await,
            Err(_) => {
                let request = GetNextStepRequest { youth: youth.clone(), purpose: purpose.into() };
                let next = client.clone().journey.get_next_step(request).await;
                assert_refused(next, Code::NotFound, "NOT_FOUND");
            }
        }
        for (from, told) in all_told {
            if told.is_empty() {
                assert_refused(journey.clone(), Code::NotFound, "NOT_FOUND");
                continue;
            }
            let there = self.there[from];
            let expected = Seen {
                entries: there.entries.intersection(told),
                facts: there.facts.intersection(told),
                plan: there.plan.intersection(told),
                ..Seen::default()
            };
            let journey = journey.as_ref().unwrap_or_else(|status| panic!("{actor:?}: {status:?}"));
            let seen = seen(journey, from, None);
            self.check(&format!("{actor:?}"), (from, from), purpose, seen, expected);
            let referrals = journey.referrals.iter().filter(|referral| referral.sender == id(from));
            let mut of_referrals = CategorySet::EMPTY;
            referrals.for_each(|referral| of_referrals.extend(referral.categories()));
            let of_referrals = of_referrals.difference(CategorySet::ENVELOPE);
            assert_eq!(of_referrals, there.sent.intersection(told), "{actor:?}: referrals of {from}");
        }
    }

    fn check(
        &mut self,
        who: &str,
        (from, reader): (&str, &str),
        purpose: Purpose,
        seen: Seen,
        expected: Seen,
    ) {
        self.shown += [seen.entries, seen.facts, seen.plan, seen.sent, seen.status]
            .into_iter()
            .filter(|set| !set.is_empty())
            .count();
        if seen != expected {
            let (purpose, says) = (purpose_name(purpose), self.person.situation.says);
            self.wrong.push(format!(
                "{says}: of {from}, at {reader}, {who}, for {purpose}:\n  {seen:?}\n  for {expected:?}"
            ));
        }
    }
}

fn others(reader: &str) -> impl Iterator<Item = &'static str> {
    AGENCIES.into_iter().map(|(agency, ..)| agency).filter(move |agency| *agency != reader)
}

fn whole(agency: &str) -> Party {
    Party::whole(agency.parse().unwrap())
}

fn party(agency: &str) -> Party {
    named(agency).parse().unwrap()
}

fn at(agency: &str, unit: &str) -> Party {
    format!("{agency}/{unit}").parse().unwrap()
}
