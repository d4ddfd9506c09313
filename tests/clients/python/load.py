"""How many referrals can a client on stock gRPC send?

For polku-bench. Each line of the input says for how many milliseconds to send, over mutual TLS; each is answered by a
line of JSON: how many were acknowledged, how long all of it took, and how long single calls took. Every answer is
checked. Ends with 1 and a line that says what was expected when one is wrong. Prints no personal data.
"""

import argparse
import json
import sys
import threading
import time
import uuid
from pathlib import Path

import grpc

import stubs
from connection import Caller, Refusal, Unexpected, expect

OHJAAMO, TE = "ohjaamo", "te"
# As long as that of polku-bench.
REASON = ("kanaria-perustelu " * 25)[:445]


class Sender:
    """One of several callers beside each other, each with a connection of its own."""

    def __init__(self, options: argparse.Namespace, youths: list[str]):
        from polku.v1 import common_pb2, referral_pb2

        self.caller = Caller(options, OHJAAMO, "keskusta", "guidance_worker")
        self.common, self.referrals, self.youths = common_pb2, referral_pb2, youths
        self.took: list[float] = []
        self.trouble: Exception | None = None
        self.next = 0

    def send_until(self, end: float) -> None:
        try:
            while True:
                begun = time.perf_counter()
                self.send_one()
                done = time.perf_counter()
                self.took.append(done - begun)
                if done >= end:
                    return
        except grpc.RpcError as error:
            self.trouble = Unexpected(f"OK, got {Refusal(error)}")
        # Whatever ends a thread is told by whoever waits for it: nobody else would hear of it.
        except Exception as error:
            self.trouble = error

    def send_one(self) -> None:
        youth = self.youths[self.next % len(self.youths)]
        self.next += 1
        content = self.referrals.ReferralContent(
            given_names="Testi Kanarialintu", family_name="Esimerkkinen", contact_language="fi",
            reason=REASON, service_needs=["kanaria-palvelutarve"],
        )
        request = self.referrals.SendReferralRequest(
            request_id=str(uuid.uuid4()), youth=youth, recipient=TE, content=content,
            purpose=self.common.PURPOSE_EMPLOYMENT_SERVICES,
        )
        answer = self.caller.referral.SendReferral(request)
        expect(answer.referral.name.startswith(f"{youth}/referrals/"), "a referral of this person")
        expect(answer.referral.state == self.referrals.REFERRAL_STATE_REQUESTED, "a referral that is requested")
        expect(len(answer.receipt.leaf_hash) == 32, "a receipt")


def turn(senders: list[Sender], seconds: float) -> dict:
    begun = time.perf_counter()
    threads = [threading.Thread(target=sender.send_until, args=(begun + seconds,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - begun
    for sender in senders:
        if sender.trouble:
            raise sender.trouble
    took = sorted(seconds for sender in senders for seconds in sender.took)
    for sender in senders:
        sender.took = []

    def part(of: float) -> int:
        return round(took[min(int(len(took) * of), len(took) - 1)] * 1e9)

    return {"done": len(took), "wall": round(wall * 1e9), "p50": part(0.5), "p99": part(0.99), "p999": part(0.999)}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", required=True, help="host:port of the gateway's gRPC")
    parser.add_argument("--server-name", default="localhost", help="the name in the gateway's certificate")
    parser.add_argument("--folder", required=True, type=Path,
                        help="holds ca.crt.pem, ohjaamo.crt.pem and ohjaamo.key.pem")
    parser.add_argument("--proto", required=True, type=Path, help="the repository's folder proto")
    parser.add_argument("--stubs", required=True, type=Path, help="folder for the generated clients")
    parser.add_argument("--youths", required=True, type=Path, help="names of those who may be referred, one a line")
    parser.add_argument("--callers", default=8, type=int, help="how many calls are in flight")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    stubs.generate(options.proto, options.stubs)
    youths = options.youths.read_text().split()
    senders = [Sender(options, youths[place::options.callers]) for place in range(options.callers)]
    print("ready", flush=True)
    try:
        for line in sys.stdin:
            print(json.dumps(turn(senders, int(line) / 1000)), flush=True)
    except Unexpected as error:
        print(f"expected {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
