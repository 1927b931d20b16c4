"""Calls a unary gRPC method with raw bytes, and prints one line for each call: the status, and the answer in hex or the message.

Runs with Debian's python3-grpcio (gRPC's C-core).
"""
import argparse

import grpc


def one_call(method, request, timeout):
    try:
        answer = method(request, timeout=timeout)
    except grpc.RpcError as error:
        return f"{error.code().name} {error.details()}"
    if len(answer) > 1000:
        return f"OK {len(answer)} bytes" if answer == request else "OK, but not what was sent"
    return f"OK {answer.hex()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", metavar="ADDRESS:PORT")
    parser.add_argument("method", metavar="/PACKAGE.SERVICE/METHOD")
    parser.add_argument("--data", default="", metavar="HEX")
    parser.add_argument("--size", type=int, metavar="BYTES", help="that many bytes instead of --data")
    parser.add_argument("--ca", metavar="PEM", help="TLS, and the CA to trust")
    parser.add_argument("--timeout", type=float, default=20, metavar="SECONDS")
    parser.add_argument("--times", type=int, default=1)
    args = parser.parse_args()
    if args.ca:
        with open(args.ca, "rb") as ca:
            channel = grpc.secure_channel(args.address, grpc.ssl_channel_credentials(ca.read()))
    else:
        channel = grpc.insecure_channel(args.address)
    request = bytes(args.size) if args.size else bytes.fromhex(args.data)
    method = channel.unary_unary(args.method)  # without (de)serializers: bytes in, bytes out
    for _ in range(args.times):
        print(one_call(method, request, args.timeout), flush=True)


main()
