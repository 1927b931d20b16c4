/** The servers that the lab has. */
import { usageError } from "../errors.js";

export const LAB_KINDS = ["memcached", "redis", "http", "echo", "h2", "h2c", "grpc", "h3", "quic", "doq"] as const;
export type LabKind = (typeof LAB_KINDS)[number];

/** Kinds that speak HTTP/2, kinds over QUIC, and kinds that have pages. */
export const H2_KINDS = ["h2", "h2c", "grpc"] as const satisfies readonly LabKind[];
export type H2Kind = (typeof H2_KINDS)[number];
export const QUIC_KINDS = ["h3", "quic", "doq"] as const satisfies readonly LabKind[];
export type QuicKind = (typeof QUIC_KINDS)[number];
export type TcpKind = Exclude<LabKind, QuicKind>;
export const WEB_KINDS = ["http", "h2", "h2c", "h3"] as const satisfies readonly LabKind[];

export const isH2Kind = (kind: LabKind): kind is H2Kind => H2_KINDS.some((name) => name === kind);

export const isQuicKind = (kind: LabKind): kind is QuicKind => QUIC_KINDS.some((name) => name === kind);
export const TCP_KINDS: readonly LabKind[] = LAB_KINDS.filter((kind) => !isQuicKind(kind));

/** h2 is TLS by its nature (its ALPN name), and so is QUIC; the others when they are told to. */
export const usesTls = (kind: LabKind, options: { readonly tls: boolean }): boolean =>
  kind === "h2" || isQuicKind(kind) || options.tls;

/**
 * @param prefix what stands before a kind where it is written, such as `lab:`
 * @throws NetlatError (exit 2)
 */
export function parseLabKind(text: string, prefix: string): LabKind {
  const kind = LAB_KINDS.find((name) => name === text);
  if (kind !== undefined) return kind;
  const accepted = LAB_KINDS.map((name) => prefix + name).join(", ");
  throw usageError(`${prefix}${text}: not a lab server; use ${accepted}`);
}
