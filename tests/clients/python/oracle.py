"""May this reader see it? The policy rules P1-P24 a second time, told from the documents alone.

Reads a table of situations with the engine's answers (a file, or standard input), decides each situation anew and
compares. It knows neither the engine's rules nor its data; the two share the form of the table, and nothing else.
Ends with 1 if any row differs, if a row stands twice, or if the table leaves one of the rules here untried.

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
                 withdrawn, reversed (the parties change places)
    prohibition  what it covers: none, all, this_category, other_category, this_recipient, other_recipient,
                 this_discloser, other_discloser, reversed (the parties change places), task_of_origin, other_task,
                 task_origin_unstated, document_of_origin, other_document
    home         in which municipality the young person is at home, as the discloser says it: of_the_parties (that for
                 which both parties work), elsewhere or unstated
    date         the day in Helsinki on which it is asked
    result       permitted or refused: what the engine says

Discloser and recipient in the last two lists are those of the data at hand: for the status that goes back to the
sender, the discloser is the party that the matter was sent to.

What the documents leave open, both sides decide alike:

- P10: the recipient has the task of outreach youth work for the home municipality and is an authority. Its purpose is
  outreach youth work. Where nobody has said which municipality is the home, it is none's.
- P11 and P12 stand above a prohibition, for they are duties to notify. P10, P13 and P14 do not.
- Grounds in law need no agreement: P22 is for regular flows.
- P11 covers identity, contact, social situation, health and capacity, service needs, guidance notes and housing;
  P12 the same and education and work. P13 covers the seven categories of law 339/2022 section 9, with the contact
  data of the first as a category of its own, for multi-sector customers, from 2025 on.
- P14, by the stated notice: see ASSISTANCE. Where the notice is for the unemployed, their age has to fit.
- A protected address goes where one of P10 to P14 covers the address, to an authority that may be told such addresses.
  That it may is no ground by itself. It goes to nobody else, and never by consent, not even to that one.
- A permit to disclose (luovutuslupa) is for the domain of care of the discloser that it names, and opens data between
  authorities of social services and health care only, and from 2024 on, when law 703/2023 came into force. A consent
  for a case has no such limits.
- A guardian's word counts for minors, and not for social and health data of a minor assessed capable; a guardian's
  permit counts for no capable minor. A minor assessed as not capable cannot give alone, nor can somebody of unknown
  age who was assessed so. Otherwise whoever is of unknown age is no minor, and within no other limit of age. Another
  legal representative speaks and reads for the young person at any age.
- A coordinator reads for all units of an agency. A peer reads nothing.
- Own words are no disclosure: the sender's all but the status, the recipient's the status. The status goes back to
  the sender as a disclosure, under a consent or a prohibition for either direction. Its origin is never stated: what
  is stated is where the sender's data stem from.
- The young person sees everything; a guardian does while the young person is a minor, unless the minor is capable
  and forbids it, but a guardian never sees a protected address: the protection may be against that very guardian.
"""

import csv
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache

SHOWN = 20

ADULT = 18
YOUTH_OF_YOUTH_ACT = 29
MULTI_SECTOR_LAW_SINCE = "2025-01-01"
PERMIT_LAW_SINCE = "2024-01-01"


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
    "social_services": Kind("social", True),
    "social_services_with_protected_addresses": Kind("social", True, protected_addresses=True),
    "private_social_care": Kind("social", False),
    "health_authority": Kind("health", True),
    "workshop": Kind("workshop", False),
    "municipal_outreach": Kind("youth", True, outreach=True),
    "municipal_outreach_with_protected_addresses": Kind("youth", True, outreach=True, protected_addresses=True),
    "outreach_association": Kind("youth", False, outreach=True),
    "private_school": Kind("education", False),
    "unknown": None,
}

CONTACT = {"identity_contact", "address_contact"}
CARE_NOTICE = CONTACT | {"social_situation", "health_capacity", "service_needs", "guidance_notes", "housing"}
CHILD_NOTICE = CARE_NOTICE | {"education_work"}
JOINT_FILE = CONTACT | {"service_attendance", "education_work", "social_situation", "health_capacity",
                        "service_needs", "joint_plan"}
NEED = CONTACT | {"social_situation", "service_needs", "benefits_income"}
LOWERED = CONTACT | {"benefits_income"}
LONG = CONTACT | {"benefits_income", "service_needs"}

# The notice, what it tells, and whom it is about: from which age on and below which.
ASSISTANCE = {
    "assistance_social_work": (NEED, None, None),
    "assistance_supplementary": (NEED, None, None),
    "assistance_lowered": (LOWERED, None, None),
    "assistance_unemployed_young": (LONG, 18, 25),
    "assistance_unemployed": (LONG, 25, None),
    "assistance_immigrant": (LONG, None, None),
}

ARTICLE_9 = {"health_capacity", "quality_of_life"}
ABOUT_CARE = {"social_situation", "health_capacity", "quality_of_life"}
CARE = {"social", "health"}
MULTI_SECTOR = {"employment", "benefits", "social", "health"}

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
             "not_yet", "withdrawn", "reversed"}

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
        self.date = row["date"]

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

    def younger_than(self, years: int) -> bool:
        return self.age is not None and self.age < years

    def capable(self) -> bool:
        return self.capacity in ("capable_allows", "capable_forbids")

    def about_care(self) -> bool:
        """Is it social or health data, over which a capable minor decides alone (P6)?"""
        return self.discloser.sector in CARE or self.category in ABOUT_CARE

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
    if situation.role != "guardian":
        return True, "young person"
    forbidden = situation.capacity == "capable_forbids"
    if not situation.minor() or forbidden:
        return False, "guardian kept out"
    if situation.protected_address():
        return False, "address kept from guardian"
    return True, "guardian"


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
    valid = [consent for consent in situation.consents if counts(consent, situation)]
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
              "none": False, "other_category": False, "other_recipient": False, "other_discloser": False,
              "other_task": False, "other_document": False,
              "reversed": situation.category == "referral_status"}
    return one_of(situation.prohibition, covers)


def counts(consent: Consent, situation: Situation) -> bool:
    """P3, P5-P9: is it a permission of somebody who could give it, for exactly this, now?"""
    both_ways = {"reversed"} if situation.category == "referral_status" else set()
    if consent.flags - both_ways or situation.protected_address():
        return False
    if situation.category in ARTICLE_9 and not consent.explicit:
        return False
    if consent.permit and not opens(consent, situation):
        return False
    if consent.giver == "guardian":
        return guardian_may(consent, situation)
    return consent.giver == "representative" or young_person_may(situation)


def opens(permit: Consent, situation: Situation) -> bool:
    parties = (situation.discloser, situation.recipient)
    named = situation.recipient if "reversed" in permit.flags else situation.discloser
    return (all(party.authority and party.sector in CARE for party in parties) and named.sector == permit.permit
            and situation.date >= PERMIT_LAW_SINCE)


def guardian_may(consent: Consent, situation: Situation) -> bool:
    if not situation.minor():
        return False
    return not (situation.capable() and (consent.permit or situation.about_care()))


def young_person_may(situation: Situation) -> bool:
    of_age = situation.age is not None and not situation.minor()
    return of_age or situation.capacity != "not_capable"


def outreach_notice(situation: Situation) -> bool:
    """P10: from an education provider or any authority, about somebody young in the sense of the youth act."""
    entitled = situation.discloser.authority or situation.discloser.sector == "education"
    return (situation.ground == "outreach_notice" and situation.purpose == "outreach_youth_work"
            and entitled and situation.recipient.outreach and situation.recipient.authority
            and situation.home_of_recipient
            and situation.younger_than(YOUTH_OF_YOUTH_ACT) and situation.category in CONTACT)


def to_social_authority(situation: Situation) -> bool:
    """P15: who is no authority gets nothing by law."""
    return situation.recipient.sector == "social" and situation.recipient.authority


def social_care_notice(situation: Situation) -> bool:
    """P11: the person evidently cannot look after themselves, or a child's interest requires it."""
    return (situation.ground in ("social_care_inability", "social_care_child_interest")
            and to_social_authority(situation) and situation.category in CARE_NOTICE)


def child_welfare_notice(situation: Situation) -> bool:
    """P12."""
    return (situation.ground == "child_welfare_notice" and situation.minor()
            and to_social_authority(situation) and situation.category in CHILD_NOTICE)


def multi_sector_support(situation: Situation) -> bool:
    """P13: law 381/2023, between the authorities that it binds."""
    parties = (situation.discloser, situation.recipient)
    bound = all(party.authority and party.sector in MULTI_SECTOR for party in parties)
    return (situation.purpose == "multi_sector_support" and situation.multi_sector_customer and bound
            and situation.date >= MULTI_SECTOR_LAW_SINCE and situation.category in JOINT_FILE)


def assistance_notice(situation: Situation) -> bool:
    """P14: from Kela to the county, by the kind of notice."""
    if situation.ground not in ASSISTANCE or situation.discloser.sector != "benefits":
        return False
    told, oldest_excluded, youngest_excluded = ASSISTANCE[situation.ground]
    if oldest_excluded is not None and (situation.age is None or situation.age < oldest_excluded):
        return False
    if youngest_excluded is not None and not situation.younger_than(youngest_excluded):
        return False
    return to_social_authority(situation) and situation.category in told


def one_of(word: str, known):
    """The word, or what it stands for; a word that is none of them ends the program."""
    if word not in known:
        raise SystemExit(f"oracle: {word!r} is none of {', '.join(sorted(known))}")
    return known[word] if isinstance(known, dict) else word


def yes(word: str) -> bool:
    return one_of(word, {"yes": True, "no": False})


def in_words(row: dict[str, str]) -> str:
    return ", ".join(f"{name} {word}" for name, word in row.items() if name != "result")


def main(table) -> int:
    tried, differing, seen = Counter(), Counter(), set()
    for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
        engine = one_of(row["result"], {"permitted": True, "refused": False})
        permitted, rule = decide(Situation(row))
        tried[rule] += 1
        seen.add(hash(tuple(row.values())))
        if permitted == engine:
            continue
        differing[rule] += 1
        if differing.total() <= SHOWN:
            verdict = "permits" if permitted else "refuses"
            print(f"row {tried.total()}: the oracle {verdict} it ({rule}), the engine does not: {in_words(row)}")
    twice = tried.total() - len(seen)
    untried = [rule for rule in RULES if not tried[rule]]
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
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8", newline="") as file:
            sys.exit(main(file))
    sys.exit(main(sys.stdin))
