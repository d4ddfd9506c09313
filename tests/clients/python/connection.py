"""How does one organisation's system speak to the gateway, and how does it read a refusal?"""

import argparse

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

CALL_SECONDS = 20


class Unexpected(Exception):
    """The gateway did something else than the contract says. Holds no personal data."""


def expect(holds: bool, expected: str) -> None:
    if not holds:
        raise Unexpected(expected)


class Refusal:
    """What the gateway says when it refuses: code, google.rpc.ErrorInfo and google.rpc.BadRequest."""

    def __init__(self, error: grpc.RpcError):
        self.code = error.code()
        self.reason, self.domain, self.metadata, self.fields = "", "", {}, []
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                self.reason, self.domain, self.metadata = info.reason, info.domain, dict(info.metadata)
            elif detail.Unpack(bad):
                self.fields = [violation.field for violation in bad.field_violations]

    def __str__(self) -> str:
        return f"{self.code.name} {self.reason}".strip()


def refused(call, code: grpc.StatusCode, reason: str, fields: tuple[str, ...] = ()) -> Refusal:
    """Makes a call that must be refused like this."""
    try:
        call()
    except grpc.RpcError as error:
        refusal = Refusal(error)
    else:
        raise Unexpected(f"{code.name} {reason}, got OK")
    expect((refusal.code, refusal.reason) == (code, reason), f"{code.name} {reason}, got {refusal}")
    expect(refusal.domain == "polku", f"the domain polku in ErrorInfo, got {refusal.domain!r}")
    expect(refusal.fields == list(fields), f"BadRequest about {list(fields)}, got {refusal.fields}")
    return refusal


def connect(options: argparse.Namespace, credentials: grpc.ChannelCredentials) -> grpc.Channel:
    settings = [("grpc.ssl_target_name_override", options.server_name), ("grpc.enable_http_proxy", 0)]
    return grpc.secure_channel(options.address, credentials, settings)


def anonymous_channel(options: argparse.Namespace) -> grpc.Channel:
    """A connection that trusts the gateway and shows no certificate."""
    return connect(options, grpc.ssl_channel_credentials((options.folder / "ca.crt.pem").read_bytes()))


class Caller:
    """One organisation's system: a connection with its certificate, and the clients of the contract."""

    def __init__(self, options: argparse.Namespace, name: str, unit: str, role: str):
        from polku.v1 import common_pb2, consent_pb2_grpc, journey_pb2_grpc, referral_pb2_grpc

        read = lambda file: (options.folder / file).read_bytes()
        credentials = grpc.ssl_channel_credentials(
            read("ca.crt.pem"), private_key=read(f"{name}.key.pem"), certificate_chain=read(f"{name}.crt.pem")
        )
        self.channel = connect(options, credentials)
        actor = common_pb2.Actor(professional=common_pb2.Professional(id=f"{name}-1", unit=unit, role=role))
        acting = grpc.intercept_channel(self.channel, WithActor(actor.SerializeToString()))
        self.journey = journey_pb2_grpc.JourneyServiceStub(acting)
        self.referral = referral_pb2_grpc.ReferralServiceStub(acting)
        self.consent = consent_pb2_grpc.ConsentServiceStub(acting)
        self._acting = acting

    def raw(self, method: str, request) -> bytes:
        """The answer as it came, byte for byte."""
        call = self._acting.unary_unary(method, request_serializer=type(request).SerializeToString)
        return call(request)


class WithActor(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Says on whose behalf each call is made, and how long its answer is waited for."""

    def __init__(self, actor: bytes):
        self._actor = actor

    def _details(self, details):
        metadata = [*(details.metadata or []), ("polku-actor-bin", self._actor)]
        return details._replace(metadata=metadata, timeout=details.timeout or CALL_SECONDS)

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(self._details(details), request)

    def intercept_unary_stream(self, continuation, details, request):
        return continuation(self._details(details), request)
