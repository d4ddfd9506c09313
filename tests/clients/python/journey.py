"""Can a client that was made from the .proto files alone use the gateway?

Plays the way of one invented young person against a running gateway, with stock gRPC libraries over mutual TLS, and
prints one line for each step. Ends with 0 when everything was as the contract says, otherwise with 1 and a line that
says what was expected. Prints no personal data, of invented people neither.
"""

import argparse
import sys
import time
import uuid
from pathlib import Path

import grpc
from google.protobuf import descriptor_pool, timestamp_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import stubs
from connection import CALL_SECONDS, Caller, Refusal, Unexpected, anonymous_channel, expect, refused

OHJAAMO, TE, KELA = "ohjaamo", "te", "kela"
SEND, WITHDRAW = "/polku.v1.ReferralService/SendReferral", "/polku.v1.ConsentService/WithdrawConsent"
YEAR_SECONDS = 365 * 24 * 3600


class Story:
    """What is known so far of the young person's way."""

    def __init__(self, options: argparse.Namespace):
        from polku.v1 import common_pb2, consent_pb2, journey_pb2, options_pb2, referral_pb2

        self.common, self.consents, self.journeys = common_pb2, consent_pb2, journey_pb2
        self.categories, self.referrals = options_pb2, referral_pb2
        self.options = options
        self.ohjaamo = Caller(options, OHJAAMO, "keskusta", "guidance_worker")
        self.te = Caller(options, TE, "nuorten-palvelut", "official")
        self.kela = Caller(options, KELA, "kuntoutus", "official")
        self.youth = ""
        self.consent = None
        self.sent = None
        self.repeatable = None
        self.referral_names: list[str] = []

    def permitted(self) -> list[int]:
        """What the consent opens for the recipient."""
        names = ("IDENTITY_CONTACT", "SERVICE_NEEDS", "EDUCATION_WORK")
        return [self.categories.DataCategory.Value(f"DATA_CATEGORY_{name}") for name in names]

    def referral(self, **changes):
        content = self.referrals.ReferralContent(
            given_names="Testi Kanarialintu",
            family_name="Esimerkkinen",
            contact_language="fi",
            contact=self.referrals.ContactDetails(street_address="Kanarialinnunkuja 1", city="Espoo"),
            service_needs=["kanaria-palvelutarve"],
            education_work=self.referrals.EducationWork(education_level=3, education="kanaria-koulutus"),
            health_capacity="kanaria-terveys",
        )
        values = {"request_id": fresh(), "youth": self.youth, "recipient": TE, "content": content}
        values["purpose"] = self.common.PURPOSE_EMPLOYMENT_SERVICES
        return self.referrals.SendReferralRequest(**{**values, **changes})

    def question(self):
        return self.consents.VerifyConsentRequest(
            youth=self.youth, discloser=OHJAAMO, recipient=TE,
            categories=[*self.permitted(), self.categories.DATA_CATEGORY_HEALTH_CAPACITY],
            purpose=self.common.PURPOSE_EMPLOYMENT_SERVICES,
        )

    def category_names(self, numbers) -> list[str]:
        names = (self.categories.DataCategory.Name(number) for number in numbers)
        return sorted(name.removeprefix("DATA_CATEGORY_").lower() for name in names)


# What the gateway serves, in order.
SERVICES = [
    f"polku.v1.{name}Service"
    for name in ("Consent", "Directory", "Journey", "LegalStatus", "Operations", "Plan", "Referral", "Task")
]


def done(step: str, result: str) -> None:
    print(f"{step}: {result}", flush=True)


def fresh() -> str:
    return str(uuid.uuid4())


def health(story: Story) -> None:
    stub = health_pb2_grpc.HealthStub(story.ohjaamo.channel)
    services = ["", *SERVICES]
    for service in services:
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=CALL_SECONDS)
        expect(answer.status == health_pb2.HealthCheckResponse.SERVING, f"{service or 'the gateway'} to serve")
    done("health", f"the gateway and {len(services) - 1} services serve")


def no_certificate(story: Story) -> None:
    stub = health_pb2_grpc.HealthStub(anonymous_channel(story.options))
    try:
        stub.Check(health_pb2.HealthCheckRequest(), timeout=CALL_SECONDS)
    except grpc.RpcError as error:
        expect(error.code() == grpc.StatusCode.UNAVAILABLE, f"no connection, got {error.code().name}")
    else:
        raise Unexpected("no connection without a client certificate")
    done("no certificate", "no connection")


def reflection(story: Story) -> None:
    database = ProtoReflectionDescriptorDatabase(story.ohjaamo.channel)
    services = sorted(service for service in database.get_services() if service.startswith("polku."))
    expect(services == SERVICES, f"the services {SERVICES}, got {services}")
    told = descriptor_pool.DescriptorPool(database).FindMessageTypeByName("polku.v1.SendReferralRequest")
    known = story.referrals.SendReferralRequest.DESCRIPTOR
    expect(list(told.fields_by_name) == list(known.fields_by_name), "the fields of the .proto file by reflection")
    done("reflection", ", ".join(services))


def identify(story: Story) -> None:
    def request(code: str):
        return story.journeys.IdentifyYouthRequest(request_id=fresh(), identity_code=code)

    code = story.options.identity_code
    story.youth = story.ohjaamo.journey.IdentifyYouth(request(code)).youth
    expect(story.youth.startswith("youths/"), "a name of the form youths/{youth}")
    again = story.ohjaamo.journey.IdentifyYouth(request(code)).youth
    expect(again == story.youth, "the same id for the same identity")
    wrong = request(code[:-1] + ("A" if code[-1] != "A" else "B"))
    refused(
        lambda: story.ohjaamo.journey.IdentifyYouth(wrong),
        grpc.StatusCode.INVALID_ARGUMENT, "IDENTITY_CODE_INVALID", ("identity_code",),
    )
    done("identify", "an opaque id, the same again; a wrong check character is refused")


def malformed(story: Story) -> None:
    request = story.referral(request_id="1", recipient="")
    refusal = refused(
        lambda: story.ohjaamo.referral.SendReferral(request),
        grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELDS", ("request_id", "recipient"),
    )
    done("malformed", f"{refusal} for {', '.join(refusal.fields)}")


def no_actor(story: Story) -> None:
    from polku.v1 import journey_pb2_grpc

    stub = journey_pb2_grpc.JourneyServiceStub(story.ohjaamo.channel)
    request = story.journeys.GetJourneyRequest(youth=story.youth)
    refusal = refused(
        lambda: stub.GetJourney(request, timeout=CALL_SECONDS), grpc.StatusCode.INVALID_ARGUMENT, "ACTOR_MISSING"
    )
    done("no actor", str(refusal))


def not_permitted(story: Story) -> None:
    decision = story.ohjaamo.consent.VerifyConsent(story.question()).decision
    expect(decision.verdict == story.common.Decision.VERDICT_NOT_PERMITTED, "not permitted before any consent")
    expect(not decision.permitted and not decision.bases, "nothing permitted, on no basis")
    refusal = refused(
        lambda: story.ohjaamo.referral.SendReferral(story.referral()),
        grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED",
    )
    expect("health_capacity" in refusal.metadata["withheld"].split(", "), "the categories that lack a permission")
    done("no consent", f"verified as not permitted; sending is {refusal}")


def record_consent(story: Story) -> None:
    until = timestamp_pb2.Timestamp(seconds=int(time.time()) + YEAR_SECONDS)
    terms = story.consents.ConsentTerms(
        kind=story.consents.ConsentTerms.CONSENT_KIND_CONSENT, legal_basis=story.consents.LEGAL_BASIS_CONSENT, disclosers=[OHJAAMO], recipients=[TE],
        purposes=[story.common.PURPOSE_EMPLOYMENT_SERVICES], categories=story.permitted(), valid_until=until,
    )
    evidence = story.consents.ConsentEvidence(
        given_by=story.consents.ConsentEvidence.GIVEN_BY_SELF, form=story.consents.ConsentEvidence.FORM_WRITTEN,
        notice_version="2026-1", notice_language="fi", notice_sha256=bytes([7] * 32), reference="arkisto 12/2026",
    )
    request = story.consents.RecordConsentRequest(
        request_id=fresh(), youth=story.youth, terms=terms, evidence=evidence
    )
    change = story.ohjaamo.consent.RecordConsent(request)
    story.consent = change.consent
    expect(change.consent.state == story.consents.CONSENT_STATE_GIVEN, "a consent that is given")
    question = story.question()
    question.min_revision = change.revision
    decision = story.ohjaamo.consent.VerifyConsent(question).decision
    expect(decision.verdict == story.common.Decision.VERDICT_PERMITTED, "permitted with the consent")
    expect(sorted(decision.permitted) == sorted(story.permitted()), "the categories of the consent")
    expect([basis.consent for basis in decision.bases] == [change.consent.name], "the consent as the only basis")
    done("consent", f"permits {', '.join(story.category_names(decision.permitted))}")


def send(story: Story) -> None:
    story.sent = story.referral(wait_for_delivery=True)
    answer = story.ohjaamo.referral.SendReferral(story.sent)
    story.referral_names.append(answer.referral.name)
    state = story.referrals.DeliveryState.Name(answer.referral.delivery_state)
    expect(state == "DELIVERY_STATE_DELIVERED", f"delivered while waiting, got {state}")
    expect(len(answer.receipt.leaf_hash) == 32, "a receipt of the audit log")
    withheld = set(answer.decision.withheld)
    names = ", ".join(story.category_names(withheld))
    expect(names == "address_contact, health_capacity", f"address and health withheld, got {names}")
    done("send", f"delivered; withheld {names}")


def read_back(story: Story) -> None:
    name = story.referral_names[0]
    request = story.referrals.GetReferralRequest(name=name)
    own = story.ohjaamo.referral.GetReferral(request)
    expect(own.content == story.sent.content, "the sender's own words")
    seen = story.te.referral.GetReferral(request).content
    for field in seen.DESCRIPTOR.fields:
        category = field.GetOptions().Extensions[story.categories.category]
        present = any(field == other for other, _ in seen.ListFields())
        told = any(field == other for other, _ in story.sent.content.ListFields())
        if category in story.permitted():
            expect(present == told or field.name == "identity_code", f"{field.name} as it was sent")
        else:
            expect(not present, f"{field.name} withheld from the recipient")
    expect(seen.identity_code == story.options.identity_code, "the identity code for a recipient that may have it")
    refusal = refused(lambda: story.kela.referral.GetReferral(request), grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    done("read back", f"the recipient sees what is permitted and nothing else; a third agency gets {refusal}")


def repeat(story: Story) -> None:
    request = story.referral()
    answer = story.ohjaamo.raw(SEND, request)
    story.repeatable = (request, answer)
    story.referral_names.append(story.referrals.SendReferralResponse.FromString(answer).referral.name)
    expect(answer == story.ohjaamo.raw(SEND, request), "the same bytes for a repetition")
    other = story.referrals.SendReferralRequest()
    other.CopyFrom(request)
    other.wait_for_delivery = True
    refusal = refused(
        lambda: story.ohjaamo.referral.SendReferral(other), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"
    )
    done("repeat", f"byte for byte the same answer; another call with the same id is {refusal}")


class Watch:
    """What the gateway tells about the caller's referrals."""

    def __init__(self, story: Story, token: str = "", seconds: float = CALL_SECONDS):
        request = story.referrals.WatchReferralsRequest(resume_token=token)
        self._stream = story.ohjaamo.referral.WatchReferrals(request, timeout=seconds)
        # Once the answer has begun, nothing that happens is missed.
        self._stream.initial_metadata()

    def until(self, is_last, expected: str) -> list:
        events = []
        try:
            for event in self._stream:
                events.append(event)
                if is_last(event):
                    return events
        except grpc.RpcError as error:
            raise Unexpected(f"{expected}, got {error.code().name} after {len(events)} events") from None
        raise Unexpected(f"{expected}, got the end of the stream")

    def end(self) -> None:
        self._stream.cancel()


def watch(story: Story, watching: Watch) -> None:
    delivered = story.referrals.DELIVERY_STATE_DELIVERED
    kind = story.referrals.ReferralEvent

    def is_last(event) -> bool:
        last = story.referral_names[-1]
        moved = event.kind == kind.KIND_DELIVERY_CHANGED and event.referral.delivery_state == delivered
        return moved and event.referral.name == last

    events = watching.until(is_last, "an event of the last delivery")
    watching.end()
    expect([event.referral.name for event in events if event.kind == kind.KIND_CREATED] == story.referral_names,
           "one event for each referral sent, in order")
    resumed = Watch(story, events[0].resume_token)
    rest = resumed.until(is_last, "the last event again after resuming")
    resumed.end()
    expect([facts(event) for event in rest] == [facts(event) for event in events[1:]], "no gap and no repetition")
    forged = story.referrals.WatchReferralsRequest(resume_token="x")
    refused(lambda: next(story.ohjaamo.referral.WatchReferrals(forged)),
            grpc.StatusCode.INVALID_ARGUMENT, "RESUME_TOKEN_INVALID", ("resume_token",))
    request, answer = story.repeatable
    expect(answer == story.ohjaamo.raw(SEND, request), "the same bytes for a repetition after the delivery")
    done("watch", "every event once; resumed behind the first one without gap or repetition")


def facts(event) -> tuple:
    return event.kind, event.time.seconds, event.time.nanos, event.referral.name


def pages(story: Story) -> None:
    names, token = [], ""
    while True:
        request = story.referrals.ListReferralsRequest(parent=story.youth, page_size=1, page_token=token)
        page = story.ohjaamo.referral.ListReferrals(request)
        expect(len(page.referrals) == 1, "one referral on a page of one")
        names.append(page.referrals[0].name)
        token = page.next_page_token
        if not token or len(names) > len(story.referral_names):
            break
        other = story.referrals.ListReferralsRequest(parent="youths/-", page_size=1, page_token=token)
        refused(lambda: story.ohjaamo.referral.ListReferrals(other),
                grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", ("page_token",))
    expect(names == story.referral_names[::-1], "each referral once, newest first")
    done("list", f"{len(names)} pages, newest first; a token of another list is refused")


def accepted(story: Story) -> None:
    seconds = story.options.await_acceptance
    if not seconds:
        return
    name, until = story.referral_names[0], time.monotonic() + seconds
    watching = Watch(story, seconds=seconds)
    # What happened before the watch began is read, what happens after it is told.
    seen = story.ohjaamo.referral.GetReferral(story.referrals.GetReferralRequest(name=name))
    wanted = story.referrals.REFERRAL_STATE_ACCEPTED
    if seen.state != wanted:
        watching.until(
            lambda event: event.referral.name == name and event.referral.state == wanted,
            f"the recipient's acceptance within {seconds} s",
        )
    watching.end()
    expect(time.monotonic() < until, f"the recipient's acceptance within {seconds} s")
    done("accepted", "the recipient accepted in its own system, and the sender was told")


def withdraw(story: Story) -> None:
    request = story.consents.WithdrawConsentRequest(request_id=fresh(), name=story.consent.name)
    answer = story.ohjaamo.raw(WITHDRAW, request)
    change = story.consents.ConsentChange.FromString(answer)
    expect(change.consent.state == story.consents.CONSENT_STATE_WITHDRAWN, "a consent that is withdrawn")
    expect(not change.stopped and not change.under_way, "nothing left to stop: all had been delivered")
    expect(answer == story.ohjaamo.raw(WITHDRAW, request), "the same bytes for a repeated withdrawal")
    decision = story.ohjaamo.consent.VerifyConsent(story.question()).decision
    expect(decision.verdict == story.common.Decision.VERDICT_NOT_PERMITTED, "not permitted after the withdrawal")
    refused(lambda: story.ohjaamo.referral.SendReferral(story.referral()),
            grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
    for name in story.referral_names:
        referral = story.te.referral.GetReferral(story.referrals.GetReferralRequest(name=name))
        state = story.referrals.ReferralState.Name(referral.state)
        expect(state == "REFERRAL_STATE_CONSENT_WITHDRAWN", f"the referral ended by the withdrawal, got {state}")
        expect(not referral.content.ListFields(), "nothing personal for the recipient any more")
    done("withdraw", "at once: nothing is verified, sent or shown any more")


def overview(story: Story) -> None:
    journey = story.ohjaamo.journey.GetJourney(story.journeys.GetJourneyRequest(youth=story.youth))
    expect([referral.name for referral in journey.referrals] == story.referral_names[::-1], "both referrals")
    expect([consent.name for consent in journey.consents] == [story.consent.name], "the consent")
    request = story.consents.ListConsentsRequest(parent=story.youth)
    [listed] = story.ohjaamo.consent.ListConsents(request).consents
    states = [event.state for event in listed.events]
    expect(states == [story.consents.CONSENT_STATE_GIVEN, story.consents.CONSENT_STATE_WITHDRAWN],
           "the consent's life, oldest first")
    done("journey", f"{len(journey.referrals)} referrals and {len(journey.consents)} consent with its history")


def play(options: argparse.Namespace) -> None:
    files = stubs.generate(options.proto, options.stubs)
    done("stubs", f"generated from {len(files)} .proto files")
    story = Story(options)
    for step in (health, no_certificate, reflection, identify, no_actor, malformed, not_permitted, record_consent):
        run(step, story)
    watching = Watch(story)
    for step in (send, read_back, repeat):
        run(step, story)
    run(lambda story: watch(story, watching), story, "watch")
    for step in (pages, accepted, withdraw, overview):
        run(step, story)


def run(step, story: Story, name: str = "") -> None:
    """One step. An error of gRPC is told by its code and reason alone."""
    name = name or step.__name__
    try:
        step(story)
    except grpc.RpcError as error:
        raise Unexpected(f"{name}: OK, got {Refusal(error)}") from None
    except Unexpected as error:
        raise Unexpected(f"{name}: {error}") from None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", required=True, help="host:port of the gateway's gRPC")
    parser.add_argument("--server-name", default="localhost", help="the name in the gateway's certificate")
    parser.add_argument("--folder", required=True, type=Path,
                        help="holds ca.crt.pem, and NAME.crt.pem and NAME.key.pem of ohjaamo, te and kela")
    parser.add_argument("--proto", required=True, type=Path, help="the repository's folder proto")
    parser.add_argument("--stubs", required=True, type=Path, help="folder for the generated clients")
    parser.add_argument("--identity-code", default="010594Y9032", help="of an invented person, not referred before")
    parser.add_argument("--await-acceptance", default=0, type=float, metavar="SECONDS",
                        help="how long to wait until the recipient accepts; 0 to leave the step out")
    return parser.parse_args()


def main() -> int:
    try:
        play(arguments())
    except Unexpected as error:
        print(f"expected {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
