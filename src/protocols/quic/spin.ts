/**
 * The spin bit (RFC 9000 section 17.4, RFC 9312 section 3.8.2): the server reflects the client's value, the client inverts the
 * server's, so that each direction has an edge per round trip. Ends that do not take part send one value, or random ones.
 */
import type { Sender } from "../tls/plaintext.js";

/** `irregular`: values that do not follow from what the other end sent, as of ends that send them at random. */
export type SpinState = "unknown" | "constant" | "spins" | "irregular";

interface Direction {
  value: boolean | undefined;
  edgeNs: number | undefined;
  edges: number;
  /** Edges that the other end's value did not call for. */
  wrong: number;
  packets: number;
}

const direction = (): Direction => ({ value: undefined, edgeNs: undefined, edges: 0, wrong: 0, packets: 0 });
/** Few packets prove nothing: an application that sends once has no edges either. */
const FEW_PACKETS = 8;
/** Reordering at the capture point makes a wrong edge now and then; random bits make every second one wrong. */
const WRONG_SHARE = 0.2;

export class SpinBit {
  readonly #ends: Readonly<Record<Sender, Direction>> = { client: direction(), server: direction() };

  /**
   * Takes the bit of a short header, in the order of packet numbers where those are known.
   * @returns the round trip that ends here: from the last edge of the same direction; undefined: no edge, or the first
   */
  push(from: Sender, bit: boolean, atNs: number): number | undefined {
    const end = this.#ends[from];
    const other = this.#ends[from === "client" ? "server" : "client"];
    end.packets++;
    const isEdge = end.value !== undefined && end.value !== bit;
    end.value = bit;
    if (!isEdge) return undefined;
    end.edges++;
    if (other.value !== (from === "server" ? bit : !bit)) end.wrong++;
    const last = end.edgeNs;
    end.edgeNs = atNs;
    return last === undefined ? undefined : atNs - last;
  }

  get state(): SpinState {
    const { client, server } = this.#ends;
    const edges = client.edges + server.edges;
    if (edges === 0) return client.packets + server.packets < FEW_PACKETS ? "unknown" : "constant";
    if (client.edges < 2 || server.edges < 2) return "unknown";
    return client.wrong + server.wrong > WRONG_SHARE * edges ? "irregular" : "spins";
  }
}
