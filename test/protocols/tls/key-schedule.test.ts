import { describe, expect, it } from "vitest";
import { expandLabel, prf } from "../../../src/protocols/tls/key-schedule.js";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (given: Uint8Array) => Buffer.from(given).toString("hex");

describe("the functions that derive keys", () => {
  it("HKDF-Expand-Label gives RFC 8448's finished keys", () => {
    const server = bytes("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
    const client = bytes("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
    expect(hexOf(expandLabel("sha256", server, "finished", 32))).toBe(
      "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8",
    );
    expect(hexOf(expandLabel("sha256", client, "finished", 32))).toBe(
      "b80ad01015fb2f0bd65ff7d4da5d6bf83f84821d1f87fdc7d3c75b5a7b42d9c4",
    );
  });

  it("the PRF of TLS 1.2 gives the vector that the TLS working group published for SHA-256", () => {
    const secret = bytes("9bbe436ba940f017b17652849a71db35");
    const seed = bytes("a0ba9f936cda311827a6f796ffd5198c");
    expect(hexOf(prf("sha256", secret, "test label", seed, 100))).toBe(
      "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17" +
        "abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66",
    );
  });
});
