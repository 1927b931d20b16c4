/** Which connections a datagram may belong to, by its two ends: found without an allocation, since most UDP of a capture may be no QUIC. */
import type { Packet } from "../decode/packet.js";
import { hashOf } from "../flows/flow-hash.js";
import type { PathEnd, QuicConnection } from "./connection.js";

/** Two ends that spoke QUIC. One pair may carry several connections, one after the other or at once. */
export class Path {
  readonly client: PathEnd;
  readonly server: PathEnd;
  connections: readonly QuicConnection[] = [];
  /** They are not wanted: what is sent here is passed over. */
  refused = false;
  lastNs = 0;

  /** @param first a datagram of the client */
  constructor(first: Packet) {
    this.client = [first.src0, first.src1, first.src2, first.src3, first.srcPort];
    this.server = [first.dst0, first.dst1, first.dst2, first.dst3, first.dstPort];
  }

  /** Who sent the datagram; undefined: it is of other ends. */
  senderOf(p: Packet): "client" | "server" | undefined {
    if (isSource(p, this.client) && isDestination(p, this.server)) return "client";
    return isSource(p, this.server) && isDestination(p, this.client) ? "server" : undefined;
  }
}

const isSource = (p: Packet, [w0, w1, w2, w3, port]: PathEnd): boolean =>
  p.src3 === w3 && p.srcPort === port && p.src2 === w2 && p.src1 === w1 && p.src0 === w0;
const isDestination = (p: Packet, [w0, w1, w2, w3, port]: PathEnd): boolean =>
  p.dst3 === w3 && p.dstPort === port && p.dst2 === w2 && p.dst1 === w1 && p.dst0 === w0;

export class Paths {
  readonly #byHash = new Map<number, Path[]>();
  size = 0;

  find(p: Packet): Path | undefined {
    if (this.size === 0) return undefined;
    const paths = this.#byHash.get(hashOf(p));
    if (paths === undefined) return undefined;
    for (const path of paths) if (path.senderOf(p) !== undefined) return path;
    return undefined;
  }

  /** @param first a datagram of the client, on ends that are not known */
  add(first: Packet): Path {
    const path = new Path(first);
    const hash = hashOf(first);
    const others = this.#byHash.get(hash);
    if (others === undefined) this.#byHash.set(hash, [path]);
    else others.push(path);
    this.size++;
    return path;
  }

  /** Forgets those of which this is true. */
  forget(isOver: (path: Path) => boolean): void {
    for (const [hash, paths] of this.#byHash) {
      const left = paths.filter((path) => !isOver(path));
      this.size -= paths.length - left.length;
      if (left.length === 0) this.#byHash.delete(hash);
      else if (left.length < paths.length) this.#byHash.set(hash, left);
    }
  }
}
