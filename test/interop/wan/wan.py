"""A long, lossy path between two network namespaces, for kernels without netem.

    wan.py NAMESPACE-A NAMESPACE-B [--delay-ms 20] [--jitter-ms 0] [--loss 0.02] [--rate-mbit 10] [--queue-ms 100] [--seed 1]

A namespace is a path such as /run/netns/NAME or /proc/PID/ns/net. Each gets a TUN device `wan0`, 10.9.0.1 in A and 10.9.0.2 in B;
packets between them are carried by this process, with the same delay, loss (a probability) and rate in each direction, and stay
in order. Prints `ready` when the path is up, and on SIGTERM or SIGINT what it carried, as JSON. Needs root.
"""
import argparse
import collections
import ctypes
import fcntl
import json
import os
import random
import select
import signal
import struct
import subprocess
import time

CLONE_NEWNET = 0x40000000  # linux/sched.h
TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
LARGEST_PACKET = 65536


class Line:
    """One direction. Takes packets, gives each back when its time has come, or never."""

    def __init__(self, args, seed):
        self.delay_s = args.delay_ms / 1000
        self.jitter_s = args.jitter_ms / 1000
        self.loss = args.loss
        self.bytes_per_s = args.rate_mbit * 125000 if args.rate_mbit else None
        self.queue_s = args.queue_ms / 1000
        self.random = random.Random(seed)
        self.under_way = collections.deque()
        self.free_at = 0.0  # when the bottleneck has sent what is queued
        self.last_due = 0.0
        self.counts = {"carried": 0, "lost": 0, "overflowed": 0}

    def take(self, packet, now):
        # Two draws for every packet: which are lost then depends on the seed alone.
        is_lost, jitter = self.random.random() < self.loss, self.random.random() * self.jitter_s
        sent = now
        if self.bytes_per_s:
            start = max(now, self.free_at)
            if start - now > self.queue_s:
                self.counts["overflowed"] += 1
                return
            sent = self.free_at = start + len(packet) / self.bytes_per_s
        if is_lost:
            self.counts["lost"] += 1
            return
        self.last_due = max(self.last_due, sent + self.delay_s + jitter)
        self.under_way.append((self.last_due, packet))

    def give(self, tun, now):
        while self.under_way and self.under_way[0][0] <= now:
            _, packet = self.under_way.popleft()
            try:
                os.write(tun, packet)
                self.counts["carried"] += 1
            except OSError:  # the other end is down or its queue is full: as a real device would, it drops
                self.counts["overflowed"] += 1

    def next_due(self):
        return self.under_way[0][0] if self.under_way else float("inf")


def enter(namespace_fd):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace_fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def open_tun(namespace, address, mtu):
    """A descriptor of a new TUN device in the namespace, with its address, up. The device goes when the descriptor closes."""
    home, away = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(namespace, os.O_RDONLY)
    enter(away)
    try:
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"wan0", IFF_TUN | IFF_NO_PI))
        for words in (
            ["addr", "add", f"{address}/24", "dev", "wan0"],
            ["link", "set", "wan0", "mtu", str(mtu), "txqueuelen", "1000", "up"],
            ["link", "set", "lo", "up"],
        ):
            subprocess.run(["ip", *words], check=True)
    finally:
        enter(home)
        os.close(home)
        os.close(away)
    return tun


def read_all(tun):
    while True:
        try:
            yield os.read(tun, LARGEST_PACKET)
        except BlockingIOError:
            return


def carry(a, b, forth, back):
    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))
    print("ready", flush=True)
    while not stopping:
        wait = min(forth.next_due(), back.next_due()) - time.monotonic()
        readable, _, _ = select.select([a, b], [], [], max(0.0, min(0.2, wait)))
        for tun, line in ((a, forth), (b, back)):
            if tun in readable:
                for packet in read_all(tun):
                    line.take(packet, time.monotonic())
        now = time.monotonic()
        forth.give(b, now)
        back.give(a, now)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("namespaces", nargs=2, metavar="NAMESPACE")
    parser.add_argument("--delay-ms", type=float, default=0, help="in each direction: half of the round trip")
    parser.add_argument("--jitter-ms", type=float, default=0, help="at most this much more, evenly spread")
    parser.add_argument("--loss", type=float, default=0)
    parser.add_argument("--rate-mbit", type=float, help="of each direction; unlimited without it")
    parser.add_argument("--queue-ms", type=float, default=100, help="longest wait before the bottleneck; beyond it packets drop")
    parser.add_argument("--mtu", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tuns = [open_tun(path, f"10.9.0.{host}", args.mtu) for host, path in enumerate(args.namespaces, 1)]
    forth, back = Line(args, args.seed), Line(args, args.seed + 1)
    carry(*tuns, forth, back)
    print(json.dumps({"aToB": forth.counts, "bToA": back.counts}), flush=True)


main()
