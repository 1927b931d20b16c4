/** Is there QUIC at an address? Asked without a connection, and with no QUIC of our own. */
import { createSocket } from "node:dgram";

/**
 * A version that nobody speaks (RFC 9000 section 15: 0x?a?a?a?a) in the smallest datagram that a server must answer: with Version
 * Negotiation (sections 6 and 14.1).
 */
const UNSPOKEN = Uint8Array.of(0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 7, 6, 5, 4, 3, 2, 1);
const SMALLEST_BYTES = 1200;
/** One datagram may be lost. */
const AGAIN_MS = 250;

/** @returns false: refused, or no word from there in time */
export function quicAnswers(address: string, family: 4 | 6, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = createSocket(family === 4 ? "udp4" : "udp6");
    const question = new Uint8Array(SMALLEST_BYTES);
    question.set(UNSPOKEN);
    const ask = (): void => socket.send(question, () => {});
    let again: NodeJS.Timeout | undefined;
    const end = (answers: boolean): void => {
      clearInterval(again);
      clearTimeout(limit);
      socket.close();
      done(answers);
    };
    const limit = setTimeout(() => end(false), timeoutMs);
    socket.once("message", () => end(true));
    // On a connected socket the kernel tells of an ICMP port unreachable.
    socket.once("error", () => end(false));
    socket.once("connect", () => {
      ask();
      again = setInterval(ask, AGAIN_MS);
    });
    // A callback would be told of "no route" as well, and the error event then not.
    socket.connect(port, address);
  });
}
