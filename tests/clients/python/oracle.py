"""May this reader see it? The policy rules P1-P24 a second time, told from the documents alone.

Reads a table of situations with the engine's answers (a file, or standard input), decides each situation anew and
compares: whether and on which ground, and, where the table says so, for which reasons, with which obligations and until
when. It knows neither the engine's rules nor its data; the two share the form of the table, and nothing else.
Ends with 1 if any row differs, if a row stands twice, or if the table leaves one of the rules here untried; with
`--part` before the file it may leave some untried.

The table is tab-separated words under a header, one situation a line:

    reader       recipient, sender (the two parties of a matter) or young_person
    role         system, worker, coordinator or peer of an agency; self, guardian or representative for the young
                 person's own eyes
    unit         where that professional works: own (the reader's unit that has the matter), other (of the same agency)
                 or other_party (the other party, which hands the data to the reader's system); none for everybody else
    customer     whether the reader has the young person as a customer: yes or no
    from, to     the kinds of the sender and of the recipient; see KINDS
    agreement    whether the two have one on file: yes or no
    purpose, category, ground     as the contract names them, in lower case; ground may be none
    age          whole years, or unknown
    capacity     as last assessed: unassessed, not_capable, capable_allows or capable_forbids (code list
                 1.2.246.537.5.40202.201901: codes 1, 2 and 3)
    turvakielto, multi_sector_customer     yes or no
    consents     `-`, or a list parted by `;` of instrument/giver/wording and flags. Instruments: consent,
                 permit-social, permit-health. Givers: self, guardian, representative. Wording: explicit or plain. It names this
                 purpose, category and these parties, and is in force; except as its flags say: other_purpose,
                 other_category, other_recipient, other_discloser, other_unit (of the recipient), expired, not_yet,
                 withdrawn, reversed (the parties change places), for_a_minor (given while the young person was a minor,
                 if anybody knows the age)
    prohibition  what it covers: none, all, this_category, other_category, this_recipient, other_recipient,
                 this_discloser, other_discloser, reversed (the parties change places), task_of_origin, other_task,
                 task_origin_unstated, document_of_origin, other_document, document_origin_unstated
    home         in which municipality the young person is at home, as the discloser says it: of_the_parties (that for
                 which both parties work), elsewhere or unstated
    date, clock  the day in Helsinki on which it is asked, and what the clock shows there
    result       permitted or refused: what the engine says. Instead of permitted also by_consent, by_permit or by_law:
                 on which ground
    reasons      why it is refused, with `;` between them, or `-`: see `against`
    obligations  what comes with the permission, in the same way: see `obligations`
    until        how many microseconds the answer holds if nobody says anything new; `-`: for ever. Consents are in force for
                 one microsecond more; one that is not_yet begins in one microsecond

A table without clock, reasons, obligations and until is compared by its result alone.

Discloser and recipient in the lists of consents and prohibitions are those of the data at hand: for the status that goes
back to the sender, the discloser is the party that the matter was sent to.

What the documents leave open, both sides decide alike:

- P10: the recipient has the task of outreach youth work for the home municipality and is an authority. Its purpose is
  outreach youth work. Where nobody has said which municipality is the home, it is none's. Under turvakielto the municipality
  is protected as the address is (P8), and the notice tells it by where it goes: only an authority that may be told such
  addresses gets one.
- P11 and P12 stand above a prohibition, for they are duties to notify. P10, P13 and P14 do not.
- Grounds in law need no agreement: P22 is for regular flows.
- Which data each duty of P10 to P14 is about: read out of the documents' words, beside DATA. A law is a ground from the day
  on which it is in force (SINCE): domain.md 2.1 says to keep legal grounds as data with validity dates. P13 is for
  multi-sector customers. The notice of the young unemployed (P14) is about adults, and where a notice is for the
  unemployed, their age has to fit.
- Where both are there, P11 and P12 are the ground before a consent is, and a consent before P10, P13 and P14: the order
  of consent.md 1.4. Of consents and permits that count, each is a ground; a consent is named before a permit.
- A protected address goes where one of P10 to P14 covers the address, to an authority that may be told such addresses.
  That it may is no ground by itself. It goes to nobody else, and never by consent, not even to that one.
- A permit to disclose (luovutuslupa) is for the domain of care of the discloser that it names, and opens data between
  authorities of social services and health care only, and from 2024 on, when law 703/2023 came into force. A consent
  for a case has no such limits.
- A guardian's word counts for minors, and not for social and health data of a minor assessed capable; a guardian's
  permit counts for no capable minor. Another legal representative speaks and reads for the young person at any age, and
  for a minor within the limits of a guardian: P5 to P8 are about who decides for a minor, whatever they are called.
- A minor gives alone who was assessed as capable (P6, P7), and nobody else: what a consent record needs of a minor is who
  assessed the capacity, and when (domain.md 2.2), and without that nothing says that it is not P7. Whoever is of unknown
  age gives alone unless assessed as not capable, and who represents them is held to be a minor's. Within any other limit
  of age they are not, and guardians have none to decide for.
- A coordinator reads for all units of an agency. A peer reads nothing.
- Own words are no disclosure: the sender's all but the status, the recipient's the status. The status goes back to
  the sender as a disclosure, under a consent or a prohibition for either direction. Its origin is never stated: what
  is stated is where the sender's data stem from.
- Reasons name all that stands against it, not only what comes first: domain.md 2.3 gives the codes no_basis, no_agreement,
  no_care_relation and renew_consent, the others are named alike. What is no restriction but the want of a ground is
  no_basis, where there is no other reason.
- A refusal and a permission hold until a consent or permit for it begins or ends, unless a prohibition makes it idle, and
  until a law with a date comes into force. Where a guardian's word, or a law that speaks of ages, is the ground, or a
  guardian reads, they hold until the next midnight in Helsinki at most, whenever the birthday is. The notices of long
  assistance (P14) are one law, which speaks of ages.
- The young person sees everything; a guardian does while the young person is a minor, unless the minor is capable
  and forbids it, but a guardian never sees a protected address: the protection may be against that very guardian.
"""

import csv
import datetime
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache

SHOWN = 20
# The columns that the engine fills.
SAID = {"result", "reasons", "obligations", "until"}

ADULT = 18
YOUTH_OF_YOUTH_ACT = 29

# Since when the laws of domain.md 2.1 are in force, in the form in which they are a ground here.
SINCE = {
    "P10": "2021-08-01",  # Nuorisolaki 1285/2016 11 section, as changed by 1232/2020
    "P11": "2015-04-01",  # Sosiaalihuoltolaki 1301/2014
    "P12": "2008-01-01",  # Lastensuojelulaki 417/2007
    "P13": "2025-01-01",  # 381/2023
    "P14": "1998-03-01",  # Toimeentulotukilaki 1412/1997
    "permit": "2024-01-01",  # 703/2023
}


@dataclass(frozen=True)
class Kind:
    """What an agency of this kind is before the law."""

    sector: str
    authority: bool
    outreach: bool = False
    protected_addresses: bool = False


KINDS = {
    "employment_authority": Kind("employment", True),
    "kela": Kind("benefits", True),
    "kela_with_protected_addresses": Kind("benefits", True, protected_addresses=True),
    "social_services": Kind("social", True),
    "social_services_with_protected_addresses": Kind("social", True, protected_addresses=True),
    "private_social_care": Kind("social", False),
    "health_authority": Kind("health", True),
    "workshop": Kind("workshop", False),
    "municipal_guidance": Kind("youth", True),
    "municipal_outreach": Kind("youth", True, outreach=True),
    "municipal_outreach_with_protected_addresses": Kind("youth", True, outreach=True, protected_addresses=True),
    "outreach_association": Kind("youth", False, outreach=True),
    "private_school": Kind("education", False),
    "unknown": None,
}

# domain.md 1.3, the numbered categories of law 339/2022 section 9. Contact data have a category of their own: finding 9 and
# P8 treat them apart.
NUMBERED = {
    1: {"identity_contact", "address_contact"},  # name, personal identity code, contact data
    2: {"service_attendance"},  # being a customer, appointments, special arrangements
    3: {"education_work"},  # education, work history, vocational skills
    4: {"social_situation"},  # social situation, as far as it affects employment
    5: {"health_capacity"},  # health, work and functional ability
    6: {"service_needs"},  # service needs
    7: {"joint_plan"},  # multi-sector employment plan
}
# domain.md 1.3, "Add for Ohjaamo", as far as a duty to tell needs it.
NOTES, HOUSING, INCOME = {"guidance_notes"}, {"housing"}, {"benefits_income"}
CONTACT = NUMBERED[1]

# DATA: what each duty is about.

# domain.md 2.1, SHL 35 section: "cannot look after own care, health or safety". Of whom (1); care and safety: in which
# situation (4), with which needs (6), living how; health (5); P11: "free-text ground required", which is in the notes.
SHL_35 = CONTACT | NUMBERED[4] | NUMBERED[6] | HOUSING | NUMBERED[5] | NOTES
# domain.md 2.1, law 417/2007 25 section, and P12: the same of a child, whose schooling is part of it (2.4, to 18).
CHILD_WELFARE = SHL_35 | NUMBERED[3]
# domain.md 2.3, P13: "categories 1-7".
JOINT_FILE = set().union(*NUMBERED.values())
# domain.md 1.5, notices about social assistance, "phone included": of whom (1), and that they are on assistance (income).
# (1) need for social work, (2) need for supplementary or preventive assistance: in which situation (4), what need (6).
ASSISTANCE_NEED = CONTACT | INCOME | NUMBERED[4] | NUMBERED[6]
# (3) lowered basic amount: nothing else.
ASSISTANCE_LOWERED = CONTACT | INCOME
# (4), (5) unemployed and long on assistance, (6) immigrant: which service the county is to offer (6).
ASSISTANCE_LONG = CONTACT | INCOME | NUMBERED[6]

# domain.md 1.5, timing: "need notices and contacts at once; urgent applications and unemployed/immigrant notices same day;
# others the day after decision". The notice, what it tells, when, and whom it is about: from which age on and below which.
ASSISTANCE = {
    "assistance_social_work": (ASSISTANCE_NEED, "send_at_once", None, None),
    "assistance_supplementary": (ASSISTANCE_NEED, "send_at_once", None, None),
    "assistance_lowered": (ASSISTANCE_LOWERED, "send_next_day", None, None),
    "assistance_unemployed_young": (ASSISTANCE_LONG, "send_same_day", 18, 25),
    "assistance_unemployed": (ASSISTANCE_LONG, "send_same_day", 25, None),
    "assistance_immigrant": (ASSISTANCE_LONG, "send_same_day", None, None),
}

ARTICLE_9 = {"health_capacity", "quality_of_life"}
ABOUT_CARE = {"social_situation", "health_capacity", "quality_of_life"}
CARE = {"social", "health"}
MULTI_SECTOR = {"employment", "benefits", "social", "health"}

# Which of the rules below are a ground of each kind.
GROUNDS = {"by_consent": {"P3 consent"}, "by_permit": {"P3 permit"}, "by_law": {"P10", "P11", "P12", "P13", "P14"}}

RULES = ["young person", "guardian", "guardian kept out", "address kept from guardian", "unknown reader", "peer", "P17 own unit", "own words",
         "P16 customer", "unknown party", "statistics", "P8 protected address", "P10", "P11", "P12", "P13", "P14",
         "P2 prohibition", "P3 consent", "P3 permit", "P22 agreement", "P1 no basis"]


@dataclass(frozen=True)
class Consent:
    """A consent or a permit to disclose, as a word of the table."""

    permit: str
    giver: str
    explicit: bool
    flags: frozenset[str]

    FLAGS = {"other_purpose", "other_category", "other_recipient", "other_discloser", "other_unit", "expired",
             "not_yet", "withdrawn", "reversed", "for_a_minor"}

    @staticmethod
    @cache
    def read(word: str) -> "Consent":
        instrument, giver, wording, *flags = word.split("/")
        permit = one_of(instrument, {"consent": "", "permit-social": "social", "permit-health": "health"})
        giver = one_of(giver, {"self", "guardian", "representative"})
        explicit = one_of(wording, {"explicit": True, "plain": False})
        return Consent(permit, giver, explicit, frozenset(one_of(flag, Consent.FLAGS) for flag in flags))


class Situation:
    """One row of the table, with what the documents call its parts."""

    def __init__(self, row: dict[str, str]):
        self.reader = one_of(row["reader"], {"recipient", "sender", "young_person"})
        self.role = one_of(row["role"], {"system", "worker", "coordinator", "peer", "self", "guardian",
                                         "representative"})
        self.unit = one_of(row["unit"], {"own", "other", "other_party", "none"})
        self.customer = yes(row["customer"])
        self.agreement = yes(row["agreement"])
        self.purpose, self.category, self.ground = row["purpose"], row["category"], row["ground"]
        self.age = None if row["age"] == "unknown" else int(row["age"])
        self.capacity = one_of(row["capacity"], {"unassessed", "not_capable", "capable_allows", "capable_forbids"})
        self.turvakielto = yes(row["turvakielto"])
        self.multi_sector_customer = yes(row["multi_sector_customer"])
        self.consents = [] if row["consents"] == "-" else [Consent.read(word) for word in row["consents"].split(";")]
        self.prohibition = row["prohibition"]
        self.home_of_recipient = one_of(row["home"], {"of_the_parties": True, "elsewhere": False, "unstated": False})
        self.date, self.clock = row["date"], row.get("clock")

        sender, recipient = one_of(row["from"], KINDS), one_of(row["to"], KINDS)
        self.own_words = (self.category == "referral_status") == (self.reader == "recipient")
        self.reading_agency = recipient if self.reader == "recipient" else sender
        # The status is what the recipient tells; all else is what the sender tells.
        told_by_sender = self.category != "referral_status"
        self.discloser, self.recipient = (sender, recipient) if told_by_sender else (recipient, sender)

    def employee_reads(self) -> bool:
        return self.unit in ("own", "other")

    def minor(self) -> bool:
        return self.age is not None and self.age < ADULT

    def of_age(self) -> bool:
        return self.age is not None and self.age >= ADULT

    def younger_than(self, years: int) -> bool:
        return self.age is not None and self.age < years

    def capable(self) -> bool:
        return self.capacity in ("capable_allows", "capable_forbids")

    def about_care(self) -> bool:
        """Is it social or health data, over which a capable minor decides alone (P6)?"""
        return (self.discloser is not None and self.discloser.sector in CARE) or self.category in ABOUT_CARE

    def protected_address(self) -> bool:
        return self.turvakielto and self.category == "address_contact"


def decide(situation: Situation) -> tuple[bool, str]:
    """Says whether the reader may see it, and by which of RULES."""
    if situation.reader == "young_person":
        return young_person(situation)
    if situation.reading_agency is None:
        return False, "unknown reader"
    if situation.role == "peer":
        return False, "peer"
    if not works_with_it(situation):
        return False, "P17 own unit"
    if situation.own_words:
        return True, "own words"
    return disclosure(situation)


def young_person(situation: Situation) -> tuple[bool, str]:
    guardian = situation.role == "guardian"
    forbidden = situation.capacity == "capable_forbids"
    if guardian and (not situation.minor() or forbidden):
        return False, "guardian kept out"
    if not guardian and not decides_for_a_minor(situation):
        return True, "young person"
    if forbidden:
        return False, "guardian kept out"
    if situation.protected_address():
        return False, "address kept from guardian"
    return True, "guardian" if guardian else "young person"


def decides_for_a_minor(situation: Situation) -> bool:
    """Who reads is a representative of somebody who may be a minor."""
    return situation.role == "representative" and not situation.of_age()


def works_with_it(situation: Situation) -> bool:
    """P17: within the unit and the role. It is a rule for those who read."""
    return not situation.employee_reads() or situation.role == "coordinator" or situation.unit == "own"


def disclosure(situation: Situation) -> tuple[bool, str]:
    """Decides over what one agency tells another, in the order of precedence of consent.md 1.4."""
    if situation.discloser is None or situation.recipient is None:
        return False, "unknown party"
    if situation.employee_reads() and not situation.customer:
        return False, "P16 customer"
    if situation.purpose == "statistics":
        return False, "statistics"
    if situation.protected_address() and not situation.recipient.protected_addresses:
        return False, "P8 protected address"
    for rule, holds in (("P12", child_welfare_notice), ("P11", social_care_notice)):
        if holds(situation):
            return True, rule
    if prohibited(situation):
        return False, "P2 prohibition"
    valid = valid_consents(situation)
    if valid and situation.agreement:
        return True, "P3 permit" if all(consent.permit for consent in valid) else "P3 consent"
    for rule, holds in (("P10", outreach_notice), ("P13", multi_sector_support), ("P14", assistance_notice)):
        if holds(situation):
            return True, rule
    if valid:
        return False, "P22 agreement"
    return False, "P1 no basis"


def prohibited(situation: Situation) -> bool:
    """P2. One for a task or a document reaches data of unstated origin too: nobody can say that it does not."""
    if situation.category == "referral_status" and situation.prohibition in ("other_task", "other_document"):
        return True
    covers = {"all": True, "this_category": True, "this_recipient": True, "this_discloser": True,
              "task_of_origin": True, "task_origin_unstated": True, "document_of_origin": True,
              "document_origin_unstated": True, "none": False, "other_category": False, "other_recipient": False, "other_discloser": False,
              "other_task": False, "other_document": False,
              "reversed": situation.category == "referral_status"}
    return one_of(situation.prohibition, covers)


def valid_consents(situation: Situation) -> list[Consent]:
    return [consent for consent in situation.consents if counts(consent, situation)]


def counts(consent: Consent, situation: Situation) -> bool:
    """P3, P5-P9: is it a permission of somebody who could give it, for exactly this, now?"""
    if situation.protected_address() or not suffices(consent, situation):
        return False
    if consent.permit and not opens(consent, situation):
        return False
    if consent.giver == "guardian":
        return situation.minor() and another_may(consent, situation)
    if consent.giver == "representative":
        return situation.of_age() or another_may(consent, situation)
    return young_person_may(situation)


def names(consent: Consent, situation: Situation) -> bool:
    """P3 but for the time: purpose, category, discloser and recipient; a permit, data of the domain that it is for."""
    both_ways = {"reversed"} if situation.category == "referral_status" else set()
    if consent.flags - both_ways - {"expired", "not_yet", "for_a_minor"}:
        return False
    named = situation.recipient if "reversed" in consent.flags else situation.discloser
    return not consent.permit or (named is not None and named.sector == consent.permit)


def in_force(consent: Consent, situation: Situation) -> bool:
    return (names(consent, situation) and not consent.flags & {"expired", "not_yet"}
            and not lapsed(consent, situation))


def lapsed(consent: Consent, situation: Situation) -> bool:
    """P5 of another representative: what such a one has given for a minor ends at full age."""
    return consent.giver == "representative" and "for_a_minor" in consent.flags and situation.of_age()


def suffices(consent: Consent, situation: Situation) -> bool:
    """P9: data of article 9 have to be named explicitly."""
    return in_force(consent, situation) and (situation.category not in ARTICLE_9 or consent.explicit)


def opens(permit: Consent, situation: Situation) -> bool:
    parties = (situation.discloser, situation.recipient)
    return (all(party.authority and party.sector in CARE for party in parties)
            and situation.date >= SINCE["permit"])


def another_may(consent: Consent, situation: Situation) -> bool:
    """P6: over social and health data a capable minor decides alone."""
    return not (situation.capable() and (consent.permit or situation.about_care()))


def young_person_may(situation: Situation) -> bool:
    """P7. Of unknown age are those who have no identity code (yet): they are not held to be minors without a reason."""
    if situation.age is None:
        return situation.capacity != "not_capable"
    return situation.of_age() or situation.capable()


def outreach_notice(situation: Situation) -> bool:
    """P10: from an education provider or any authority, about somebody young in the sense of the youth act."""
    entitled = situation.discloser.authority or situation.discloser.sector == "education"
    return (situation.ground == "outreach_notice" and situation.purpose == "outreach_youth_work"
            and entitled and situation.recipient.outreach and situation.recipient.authority
            and situation.home_of_recipient and situation.date >= SINCE["P10"]
            and (not situation.turvakielto or situation.recipient.protected_addresses)
            and situation.younger_than(YOUTH_OF_YOUTH_ACT) and situation.category in CONTACT)


def to_social_authority(situation: Situation) -> bool:
    """P15: who is no authority gets nothing by law."""
    return situation.recipient.sector == "social" and situation.recipient.authority


def social_care_notice(situation: Situation) -> bool:
    """P11: the person evidently cannot look after themselves, or a child's interest requires it."""
    return (situation.ground in ("social_care_inability", "social_care_child_interest")
            and to_social_authority(situation) and situation.category in SHL_35
            and situation.date >= SINCE["P11"])


def child_welfare_notice(situation: Situation) -> bool:
    """P12."""
    return (situation.ground == "child_welfare_notice" and situation.minor()
            and to_social_authority(situation) and situation.category in CHILD_WELFARE
            and situation.date >= SINCE["P12"])


def multi_sector_support(situation: Situation) -> bool:
    """P13: law 381/2023, between the authorities that it binds."""
    parties = (situation.discloser, situation.recipient)
    bound = all(party.authority and party.sector in MULTI_SECTOR for party in parties)
    return (situation.purpose == "multi_sector_support" and situation.multi_sector_customer and bound
            and situation.date >= SINCE["P13"] and situation.category in JOINT_FILE)


def assistance_notice(situation: Situation) -> bool:
    """P14: from Kela to the county, by the kind of notice."""
    if situation.ground not in ASSISTANCE or situation.discloser.sector != "benefits":
        return False
    told, _, oldest_excluded, youngest_excluded = ASSISTANCE[situation.ground]
    if oldest_excluded is not None and (situation.age is None or situation.age < oldest_excluded):
        return False
    if youngest_excluded is not None and not situation.younger_than(youngest_excluded):
        return False
    return to_social_authority(situation) and situation.category in told and situation.date >= SINCE["P14"]


def against(situation: Situation) -> set[str]:
    """Everything that stands against it: the rules of domain.md 2.3 that refuse, each by its own."""
    if situation.reader == "young_person":
        kept_out = {"hidden_from_guardian": situation.capacity == "capable_forbids",
                    "address_protected": situation.protected_address()}
        return reasons(kept_out if situation.role == "guardian" or decides_for_a_minor(situation) else {})
    parties = [situation.reading_agency] if situation.own_words else [situation.discloser, situation.recipient]
    reading = {
        "unknown_agency": None in parties or situation.reading_agency is None,
        "role_without_access": situation.role == "peer",
        "other_unit": not works_with_it(situation),  # P17
    }
    if situation.own_words:
        return reasons(reading)
    givers = {consent.giver for consent in situation.consents if suffices(consent, situation)}
    explicit = any(consent.explicit for consent in situation.consents if in_force(consent, situation))
    recipient = situation.recipient
    return reasons(reading | {
        "prohibited": prohibited(situation),  # P2
        "no_agreement": not situation.agreement,  # P22
        "special_category_not_explicit": situation.category in ARTICLE_9 and not explicit,  # P9
        "address_protected": situation.protected_address(),  # P8
        "not_an_authority": situation.ground != "none" and (recipient is None or not recipient.authority),  # P15
        "statistics_only": situation.purpose == "statistics",  # P18
        "no_care_relation": situation.employee_reads() and not situation.customer,  # P16
        # Somebody gave it who could not, and nobody else did.
        "renew_consent": givers == {"guardian"} and situation.of_age(),  # P5
        "own_decision_governs": (bool(givers) and "self" not in givers and not situation.of_age()
                                 and situation.capable() and situation.about_care()),  # P6
        "guardian_permission_missing": givers == {"self"} and not young_person_may(situation),  # P7
    })


def reasons(found: dict[str, bool]) -> set[str]:
    return {reason for reason, holds in found.items() if holds} or {"no_basis"}  # P1


def obligations(situation: Situation, rule: str) -> set[str]:
    """What domain.md 2.3 asks for in its last column, and 1.5 of the time; the disclosure notice of 1.8 and P24."""
    if situation.reader == "young_person" or situation.own_words:
        return set()
    owed = {
        "P10": {"record_ground"},
        "P11": {"record_ground", "second_person_review"},  # P21
        "P12": {"record_ground", "second_person_review", "high_priority"},
    }.get(rule, set())
    # A notice can be one of a customer of multi-sector support: both laws are grounds then.
    if rule == "P14" or (rule == "P13" and assistance_notice(situation)):
        owed = {"record_ground", ASSISTANCE[situation.ground][1]}
    return owed | ({"disclosure_notice"} if situation.discloser.sector == "social" else set())


def holds_for(situation: Situation, permitted: bool, rule: str) -> int | None:
    """How many microseconds until time alone may change the answer."""
    edges = [since_now(situation, date) for date in SINCE.values()]
    edges = [edge for edge in edges if edge > 0]
    if permitted and by_age(situation, rule):
        tomorrow = datetime.date.fromisoformat(situation.date) + datetime.timedelta(days=1)
        edges.append(since_now(situation, tomorrow.isoformat()))
    is_told = situation.reader != "young_person" and not situation.own_words
    if is_told and not prohibited(situation):
        # One that is over has no edge any more; every other one is about to begin or to end.
        edges += [1 for consent in situation.consents if names(consent, situation) and "expired" not in consent.flags]
    return min(edges, default=None)


def since_now(situation: Situation, date: str) -> int:
    """From the asking to the beginning of a day, in microseconds."""
    now = datetime.datetime.fromisoformat(f"{situation.date}T{situation.clock}")
    return (utc(datetime.datetime.fromisoformat(date)) - utc(now)) // datetime.timedelta(microseconds=1)


def utc(helsinki: datetime.datetime) -> datetime.datetime:
    """Clocks change on the last Sundays of March and October, since 1996. No day of a table is one of them."""
    begins, ends = (last_sunday(helsinki.year, month) for month in (3, 10))
    return helsinki - datetime.timedelta(hours=3 if begins < helsinki.date() < ends else 2)


def last_sunday(year: int, month: int) -> datetime.date:
    last = datetime.date(year, month, 31)
    return last - datetime.timedelta(days=last.isoweekday() % 7)


def by_age(situation: Situation, rule: str) -> bool:
    if rule in ("P3 consent", "P3 permit"):
        return any(consent.giver == "guardian" for consent in valid_consents(situation))
    notice = rule == "P14" or (rule == "P13" and assistance_notice(situation))
    long = notice and ASSISTANCE[situation.ground][0] is ASSISTANCE_LONG
    return rule in ("guardian", "P10", "P12") or long


def one_of(word: str, known):
    """The word, or what it stands for; a word that is none of them ends the program."""
    if word not in known:
        raise SystemExit(f"oracle: {word!r} is none of {', '.join(sorted(known))}")
    return known[word] if isinstance(known, dict) else word


def yes(word: str) -> bool:
    return one_of(word, {"yes": True, "no": False})


def in_words(row: dict[str, str]) -> str:
    return ", ".join(f"{name} {word}" for name, word in row.items() if name not in SAID)


def differences(row: dict[str, str], situation: Situation, permitted: bool, rule: str) -> list[str]:
    """What the engine says otherwise: the verdict and its ground, the reasons, the obligations, the time."""
    result = row["result"]
    told = "permits" if permitted else "refuses"
    if result in GROUNDS:
        fits = permitted and rule in GROUNDS[result]
    else:
        fits = permitted == one_of(result, {"permitted": True, "refused": False})
    found = [] if fits else [f"the oracle {told} it ({rule}), the engine says {result}"]
    if "until" not in row:
        return found
    expected = {
        "reasons": set() if permitted else against(situation),
        "obligations": obligations(situation, rule) if permitted else set(),
    }
    for name, words in expected.items():
        said = set() if row[name] == "-" else set(row[name].split(";"))
        if fits and said != words:
            found.append(f"{name} ({rule}): {listed(words)}, the engine says {listed(said)}")
    until = holds_for(situation, permitted, rule)
    if fits and row["until"] != ("-" if until is None else str(until)):
        found.append(f"until ({rule}): {until}, the engine says {row['until']}")
    return found


def listed(words: set[str]) -> str:
    return ", ".join(sorted(words)) or "none"


def main(table, part: bool = False) -> int:
    tried, differing, seen = Counter(), Counter(), set()
    for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
        situation = Situation(row)
        permitted, rule = decide(situation)
        tried[rule] += 1
        seen.add(hash(tuple(row.values())))
        found = differences(row, situation, permitted, rule)
        if not found:
            continue
        differing[rule] += 1
        if differing.total() <= SHOWN:
            print(f"row {tried.total()}: {'; '.join(found)}: {in_words(row)}")
    twice = tried.total() - len(seen)
    untried = [rule for rule in RULES if not tried[rule] and not part]
    for rule, count in sorted(differing.items()):
        print(f"{rule}: {count} of {tried[rule]} rows differ")
    if untried:
        print(f"no row tries: {', '.join(untried)}")
    if twice:
        print(f"{twice} rows stand twice")
    print(f"oracle: {tried.total()} rows, {differing.total()} differ; "
          + ", ".join(f"{rule} {tried[rule]}" for rule in RULES))
    return 1 if differing or untried or twice else 0


if __name__ == "__main__":
    is_part = "--part" in sys.argv[1:]
    files = [word for word in sys.argv[1:] if word != "--part"]
    if files:
        with open(files[0], encoding="utf-8", newline="") as file:
            sys.exit(main(file, is_part))
    sys.exit(main(sys.stdin, is_part))
