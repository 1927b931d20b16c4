/** How far a TLS connection can be read, and why not further. */

/** How far a connection can be read. All but the first two say why in a sentence's part without a full stop. */
export type TlsState =
  /** Nothing was opened yet, and nothing speaks against it. */
  | { readonly state: "handshake" }
  | { readonly state: "plaintext-known" }
  /** The capture has not got the hellos, without which no secret can be found. */
  | { readonly state: "no-handshake"; readonly reason: string }
  | { readonly state: "no-secret"; readonly reason: string }
  | { readonly state: "unsupported-suite"; readonly reason: string }
  | { readonly state: "damaged"; readonly reason: string };

/** Final: nothing is read any more. */
export type Verdict = Exclude<TlsState, { readonly state: "handshake" | "plaintext-known" }>;

export const NO_CLIENT_HELLO: Verdict = {
  state: "no-handshake",
  reason: "the ClientHello is not in the capture, which begins in the middle of the connection",
};

export const CUT_HELLO: Verdict = {
  state: "no-handshake",
  reason: "a hello is not whole in the capture: bytes were lost, or cut off by a snap length (tcpdump -s 0 takes all)",
};
