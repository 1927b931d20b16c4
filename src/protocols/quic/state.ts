/** How far a QUIC connection can be read, and why not further. */

/** Each `reason` is a sentence's part without a full stop. */
export type QuicState =
  /** Nothing of 1-RTT was opened yet, and nothing speaks against it. */
  | { readonly state: "handshake" }
  | { readonly state: "plaintext-known" }
  /** The capture has not got the client's first Initial packets, from which all keys follow. */
  | { readonly state: "no-handshake"; readonly reason: string }
  | { readonly state: "no-secret"; readonly reason: string }
  | { readonly state: "unsupported-version"; readonly reason: string }
  | { readonly state: "unsupported-suite"; readonly reason: string }
  | { readonly state: "damaged"; readonly reason: string };

/** Of one type of packets from one end. */
export interface PacketCount {
  readonly packets: number;
  readonly bytes: number;
  /** Decrypted; of those that are not protected (Retry, Version Negotiation), read. */
  readonly opened: number;
}

/** When the steps of a handshake passed the capture point; undefined: not seen, or not readable. */
export interface HandshakeTimes {
  /** The client's first Initial, whatever came of it. */
  readonly firstInitialNs: number | undefined;
  readonly versionNegotiationNs: number | undefined;
  readonly retryNs: number | undefined;
  /** The server's first Initial: its hello. */
  readonly serverInitialNs: number | undefined;
  /** The datagram that completed the server's Finished: the client can then complete the handshake. */
  readonly serverFinishedNs: number | undefined;
  readonly clientFinishedNs: number | undefined;
  /** The client's last Handshake packet ahead of its first short header, or else its first: its Finished, or that sent again. */
  readonly lastClientHandshakeNs: number | undefined;
  readonly firstClientOneRttNs: number | undefined;
  readonly firstServerOneRttNs: number | undefined;
  /** HANDSHAKE_DONE: the server has confirmed it. */
  readonly doneNs: number | undefined;
}

/** A handshake's time, and what its end was taken from. */
export interface HandshakeTime {
  readonly startNs: number;
  readonly endNs: number;
  readonly by: "client-finished" | "client-handshake-packets";
}
