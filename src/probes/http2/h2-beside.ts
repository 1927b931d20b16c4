/** A bulk transfer beside the requests of a lane: on their connection, or on one of its own. */

import type { H2Event } from "../../protocols/h2/events.js";
import type { ConnectionOptions } from "../../protocols/h2/options.js";
import type { H2Stream } from "../../protocols/h2/stream.js";
import { type HeaderField, headerField } from "../../protocols/hpack/field.js";
import { H2Link, type LinkOwner } from "./h2-link.js";
import { type H2Plan, requestFields } from "./h2-plan.js";

/**
 * Fetches a path again and again on a link, as long as it runs. Its data is read and thrown away; the windows are given back as
 * for every stream, so it takes all that the path and the windows allow.
 */
export class BulkTransfer {
  readonly #fields: readonly HeaderField[];
  #link: H2Link | null = null;
  #stream: H2Stream | null = null;
  #bytes = 0;
  #failed: string | undefined;

  constructor({ request }: H2Plan, path: string) {
    const fields = requestFields({ ...request, method: "GET", path, headers: [], body: new Uint8Array() });
    this.#fields = [...fields, headerField("user-agent", "netlat")];
  }

  /** Bytes of content so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Why it does not run; undefined: it does, or has not begun. */
  get failed(): string | undefined {
    return this.#failed;
  }

  start(link: H2Link): void {
    if (this.#stream !== null && this.#link === link) return;
    this.#link = link;
    this.#stream = link.request({ headers: this.#fields, tag: this }) ?? null;
  }

  stop(): void {
    if (this.#stream !== null) this.#link?.reset(this.#stream, "CANCEL");
    this.#stream = null;
    this.#link = null;
  }

  /** @returns whether the event was about this transfer */
  take(event: H2Event): boolean {
    if (!("stream" in event) || event.stream?.tag !== this) return false;
    if (event.type === "data") this.#bytes += event.end - event.start;
    if (event.type === "headers" && event.kind === "response") {
      const status = event.fields.find(({ name }) => name === ":status")?.value ?? "";
      if (!status.startsWith("2")) this.#failed = `HTTP status ${status}`;
    }
    const over = event.type === "end" || (event.type === "reset" && event.by === "peer");
    if (!over || this.#stream !== event.stream) return true;
    if (event.type === "reset") this.#failed = `reset by the server: ${event.codeName}`;
    const link = this.#link;
    this.#stream = null;
    // In a later turn: a server that answers at once must not keep the loop.
    if (this.#failed === undefined && link !== null) setImmediate(() => this.#link === link && this.start(link));
    return true;
  }
}

/** A link of its own for a bulk transfer. */
export class BulkLink implements LinkOwner {
  readonly #plan: H2Plan;
  readonly #options: Omit<ConnectionOptions, "emit">;
  readonly #bulk: BulkTransfer;
  #link: H2Link | null = null;
  #wanted = false;

  constructor(plan: H2Plan, options: Omit<ConnectionOptions, "emit">, bulk: BulkTransfer) {
    this.#plan = plan;
    this.#options = options;
    this.#bulk = bulk;
  }

  start(): void {
    this.#wanted = true;
    if (this.#link === null) this.#link = new H2Link(this.#plan, this.#options, this);
    else if (this.#link.client !== undefined) this.#bulk.start(this.#link);
  }

  stop(): void {
    this.#wanted = false;
    this.#bulk.stop();
  }

  close(): void {
    this.#link?.drop();
    this.#link = null;
  }

  onConnect(): void {}

  onOpen(link: H2Link): void {
    if (this.#wanted) this.#bulk.start(link);
  }

  onEvent(_: H2Link, event: H2Event): void {
    this.#bulk.take(event);
  }

  onBegan(): void {}

  onWhole(): void {}

  onLost(link: H2Link): void {
    if (link === this.#link) this.#link = null;
  }
}
