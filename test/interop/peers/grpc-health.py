"""A gRPC server with the standard health service (grpc.health.v1), without generated code.

The server "" and the service "netlat" are SERVING, "down" is NOT_SERVING, any other is NOT_FOUND. /netlat.Echo/Echo answers
with the bytes it got. Runs with Debian's python3-grpcio (gRPC's C-core) until it is killed.
"""
import argparse
import time
from concurrent import futures

import grpc

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"  # HealthCheckResponse { status = 1 } and { status = 2 }
SERVICES = {"": SERVING, "netlat": SERVING, "down": NOT_SERVING}


def service_of(request):
    """The field `service` (1, a string) of a HealthCheckRequest of less than 128 bytes; None if it is something else."""
    if request == b"":
        return ""
    if len(request) >= 2 and request[0] == 0x0A and request[1] == len(request) - 2:
        return request[2:].decode("utf-8", "replace")
    return None


def handlers(think_s):
    def check(request, context):
        time.sleep(think_s)
        service = service_of(request)
        if service is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not a HealthCheckRequest")
        if service not in SERVICES:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service " + service)
        return SERVICES[service]

    def echo(request, _context):
        time.sleep(think_s)
        return request

    unary = grpc.unary_unary_rpc_method_handler  # without (de)serializers: bytes in, bytes out
    return [
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": unary(check)}),
        grpc.method_handlers_generic_handler("netlat.Echo", {"Echo": unary(echo)}),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clear", required=True, metavar="ADDRESS:PORT")
    parser.add_argument("--tls", metavar="ADDRESS:PORT")
    parser.add_argument("--key", metavar="PEM")
    parser.add_argument("--cert", metavar="PEM")
    parser.add_argument("--think-ms", type=float, default=0)
    parser.add_argument("--option", action="append", default=[], metavar="NAME=NUMBER", help="a channel option of C-core")
    args = parser.parse_args()
    options = [(name, int(number)) for name, number in (option.split("=") for option in args.option)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=64), options=options)
    server.add_generic_rpc_handlers(handlers(args.think_ms / 1000))
    server.add_insecure_port(args.clear)
    if args.tls:
        with open(args.key, "rb") as key, open(args.cert, "rb") as cert:
            server.add_secure_port(args.tls, grpc.ssl_server_credentials([(key.read(), cert.read())]))
    server.start()
    server.wait_for_termination()


main()
