/** Which settings hold on each side, and since when (RFC 9113 section 6.5.3): ours from their acknowledgement on. */
import { connectionFault, type H2Fault } from "./fault.js";
import type { SettingEntry } from "./frame-payloads.js";
import { writeSettings, writeSettingsAck } from "./frame-writer.js";
import type { Outbox } from "./outbox.js";
import { applySettings, DEFAULT_SETTINGS, type Settings, settingsEntries } from "./settings.js";

export interface SentSettings {
  readonly settings: Settings;
  readonly sentNs: number;
}

export class SettingsExchange {
  readonly #outbox: Outbox;
  readonly #maxFrames: number;
  /** Sent, not yet acknowledged, oldest first. */
  readonly #unacked: SentSettings[] = [];
  /** Ours: as acknowledged, and as last sent. */
  local: Settings = DEFAULT_SETTINGS;
  localSent: Settings = DEFAULT_SETTINGS;
  /** When the peer acknowledged ours for the first time; -1: it has not. */
  peerAckedNs = -1;
  /** The peer's, as last received, and when the first came; -1: none has. */
  peer: Settings = DEFAULT_SETTINGS;
  peerFirstNs = -1;
  /** When we acknowledged the peer's for the first time; -1: we have not. */
  weAckedNs = -1;
  /** SETTINGS frames of the peer, without acknowledgements. */
  received = 0;
  /** Those we have yet to acknowledge. */
  owedAcks = 0;

  constructor(outbox: Outbox, maxFrames: number) {
    this.#outbox = outbox;
    this.#maxFrames = maxFrames;
  }

  send(chosen: Partial<Settings>, nowNs: number): void {
    const start = this.#outbox.begin();
    writeSettings(this.#outbox.sink, settingsEntries(chosen));
    this.#outbox.end(start);
    this.localSent = { ...this.localSent, ...chosen };
    this.#unacked.push({ settings: this.localSent, sentNs: nowNs });
  }

  /** @returns what was acknowledged; it is in `local` from now on */
  acked(nowNs: number): SentSettings | H2Fault {
    const sent = this.#unacked.shift();
    if (sent === undefined) return connectionFault("PROTOCOL_ERROR", "SETTINGS acknowledged that were not sent");
    this.local = sent.settings;
    if (this.peerAckedNs < 0) this.peerAckedNs = nowNs;
    return sent;
  }

  /** @returns the peer's settings from now on */
  receive(entries: readonly SettingEntry[], nowNs: number): Settings | H2Fault {
    if (++this.received > this.#maxFrames) {
      return connectionFault("ENHANCE_YOUR_CALM", `more than ${this.#maxFrames} SETTINGS frames on one connection`);
    }
    const next = applySettings(this.peer, entries);
    if ("code" in next) return next;
    this.peer = next;
    if (this.peerFirstNs < 0) this.peerFirstNs = nowNs;
    this.owedAcks++;
    return next;
  }

  /** Acknowledges every SETTINGS of the peer that is not. */
  acknowledge(nowNs: number): void {
    for (; this.owedAcks > 0; this.owedAcks--) {
      const start = this.#outbox.begin();
      writeSettingsAck(this.#outbox.sink);
      this.#outbox.end(start);
      this.#outbox.replies++;
      if (this.weAckedNs < 0) this.weAckedNs = nowNs;
    }
  }
}
