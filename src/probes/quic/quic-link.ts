/** One live connection of a lane: writes requests on streams of their own, reads the answers, follows a change of path. */
import { X509Certificate } from "node:crypto";
import type { Application, ConnectionEnd, PathChange } from "../../quic/application.js";
import { QuicClient } from "../../quic/client.js";
import type { QuicConnection } from "../../quic/connection.js";
import { ns } from "../../units/duration.js";
import { nowNs } from "../clock.js";
import type { Judged } from "../http2/h2-answer.js";
import { statusOf } from "../samples.js";
import type { ConnectionLog } from "./datagram-log.js";
import type { DialectConnection } from "./dialect.js";
import { isFor, type QuicTrouble, troubleOf } from "./quic-failure.js";
import type { QuicPlace } from "./quic-place.js";
import type { QuicPlan } from "./quic-plan.js";

export interface LinkOwner {
  /** Requests may be asked: the handshake is complete, or 0-RTT is possible. */
  onReady(link: QuicLink): void;
  onEstablished(link: QuicLink): void;
  /** What went out in 0-RTT was refused: nobody has seen it. */
  onRejected(link: QuicLink, places: readonly QuicPlace[]): void;
  /** There may be room for another stream. */
  onTurn(link: QuicLink): void;
  onAnswered(link: QuicLink, place: QuicPlace, judged: Judged, atNs: number): void;
  /** No new requests on it. */
  onRetire(link: QuicLink): void;
  /** The server did not look at the request and never will (RFC 9114 sections 4.1.1 and 5.2): it may be asked elsewhere. */
  onUntouched(link: QuicLink, place: QuicPlace, says: string): void;
  /** It is over, with what ran on it. */
  onLost(link: QuicLink, trouble: QuicTrouble, running: readonly QuicPlace[]): void;
  onPath(link: QuicLink, change: PathChange): void;
}

/** Shared: what is read is used up before the next read. */
const IN = Buffer.alloc(65_536);
const CLIENT_BIDI_STEP = 4;
const isOurs = (streamId: number): boolean => streamId % CLIENT_BIDI_STEP === 0;
/** With more, to ask for each whether something has come takes longer than to have them listed. */
const FEW_STREAMS = 8;
/** CRYPTO_ERROR with the alert bad_certificate (RFC 9001 section 4.8). */
const BAD_CERTIFICATE = 0x100 + 42;

export class QuicLink implements Application {
  readonly log: ConnectionLog;
  readonly #plan: QuicPlan;
  readonly #owner: LinkOwner;
  readonly #dialect: DialectConnection;
  readonly #running = new Map<number, QuicPlace>();
  #client: QuicClient | undefined;
  #nextStream = 0;
  #ownSent = false;
  /** 0-RTT packets may have gone. */
  #early = false;
  #pieceTimers = new Set<NodeJS.Timeout>();
  /** Requests that were asked on it. */
  asked = 0;
  answered = 0;
  datagramsOut = 0;
  datagramsIn = 0;
  ready = false;
  established = false;
  over = false;
  handshakeNs = Number.NaN;

  constructor(plan: QuicPlan, owner: LinkOwner, log: ConnectionLog) {
    this.#plan = plan;
    this.#owner = owner;
    this.log = log;
    this.#dialect = plan.dialect.connection();
  }

  get running(): number {
    return this.#running.size;
  }

  get client(): QuicClient | undefined {
    return this.#client;
  }

  /** @param ticket of an earlier connection; undefined: a full handshake */
  async start(ticket: Uint8Array | undefined): Promise<void> {
    const { quiche, config, spec, quic, servername } = this.#plan;
    try {
      this.#client = await QuicClient.start({
        quiche,
        config,
        peer: { address: spec.address, port: spec.target.port, family: spec.family },
        servername,
        application: this,
        ackHoldNs: quic.ackDelay?.realNs ?? ns(0),
        keepaliveNs: quic.transport.keepaliveNs,
        ticket,
        keyLogPath: this.log.keyLogPath,
        migrates: quic.migrateAfter !== undefined,
        onClient: (client) => {
          this.#client = client;
          // Given up while the socket was opened: nothing goes out any more.
          if (this.over) client.connection.drop();
        },
        onDatagram: (from, datagram, atNs) => {
          if (from === "client") this.datagramsOut++;
          else this.datagramsIn++;
          this.log.note(from, datagram, atNs);
        },
      });
    } catch (error) {
      // The code of what is not the system's says nothing (GenericFailure of quiche's binding).
      const { code, message, errno } = error as NodeJS.ErrnoException;
      const reason = errno === undefined ? message : (code ?? message);
      this.#lost({ by: "socket", application: false, code: 0, reason, wasEstablished: false });
    }
  }

  /** Whether the peer lets us open another stream now. */
  get hasRoom(): boolean {
    return this.ready && !this.over && (this.#client?.connection.native.peerStreamsLeftBidi() ?? 0) > 0;
  }

  /** Needs: there is room. */
  ask(place: QuicPlace): void {
    const x = place.exchange;
    place.link = this;
    place.streamId = this.#nextStream;
    place.answer = this.#dialect.answer();
    this.#nextStream += CLIENT_BIDI_STEP;
    this.#running.set(place.streamId, place);
    x.ordinal = this.asked++;
    // What waits to go, such as the end of the handshake, is none of the pieces that are counted. In 0-RTT nothing waits yet.
    if ((x.ordinal === 0 && this.established) || this.#plan.ends.length > 1) this.#client?.connection.flush();
    if (this.#running.get(place.streamId) !== place) return;
    x.wireNs = nowNs();
    if (!this.established) place.earlyNs = x.wireNs;
    this.#advance(place);
  }

  /** Gives a request up. */
  cancel(place: QuicPlace): void {
    this.#running.delete(place.streamId);
    this.#abandon(place.streamId);
  }

  /** Ends it with a word to the server, and forgets it. What runs on it is dropped, nobody is told. */
  close(): void {
    this.over = true;
    this.#running.clear();
    this.#clearTimers();
    const connection = this.#client?.connection;
    if (connection === undefined) return;
    // An answer to 0-RTT may come with the server's first flight: the end of the handshake has not gone yet.
    if (this.#early && this.established) connection.flush();
    connection.close(true, this.#plan.dialect.closeCode);
    connection.drop();
  }

  /** Requests first: what comes behind them has no room in the first datagram, which quiche fills up with padding. */
  onFirstFlight(connection: QuicConnection): void {
    this.ready = true;
    this.#owner.onReady(this);
    this.#openOwn(connection);
  }

  onEarly(): void {
    this.#early = true;
  }

  onEstablished(connection: QuicConnection): void {
    this.handshakeNs = nowNs() - (this.#client?.startedNs ?? Number.NaN);
    if (this.#certificateIsForAnother(connection)) {
      connection.close(false, BAD_CERTIFICATE);
      return;
    }
    this.established = true;
    this.log.established = true;
    this.#owner.onEstablished(this);
    if (connection.earlyDataRefused) this.#rejected();
    else if (this.ready && !this.#early) this.#wentLate();
    else {
      this.#openOwn(connection);
      this.ready = true;
      this.#owner.onReady(this);
    }
  }

  expects(): Iterable<number> {
    return this.#running.size <= FEW_STREAMS ? this.#running.keys() : [];
  }

  onReadable(connection: QuicConnection, streamId: number): void {
    const atNs = nowNs();
    for (;;) {
      const read = connection.read(streamId, IN);
      if (read === undefined) return;
      if ("reset" in read) {
        this.#resetByServer(streamId, read.reset, atNs);
        return;
      }
      const bytes = IN.subarray(0, read.bytes);
      if (isOurs(streamId)) this.#take(streamId, bytes, read.ended, atNs);
      else this.#fromServer(connection, streamId, bytes, read.ended);
      if (read.ended || this.over) return;
    }
  }

  onWritable(_connection: QuicConnection, streamId: number): void {
    const place = this.#running.get(streamId);
    if (place !== undefined) this.#advance(place);
  }

  onTurn(): void {
    this.#owner.onTurn(this);
  }

  onPath(_connection: QuicConnection, change: PathChange): void {
    this.#owner.onPath(this, change);
  }

  onClosed(_connection: QuicConnection, end: ConnectionEnd): void {
    this.#lost(end);
  }

  #openOwn(connection: QuicConnection): void {
    if (this.#ownSent) return;
    this.#ownSent = true;
    for (const { streamId, bytes } of this.#dialect.own) connection.write(streamId, bytes, false);
  }

  /** Writes the request from where it is on: each piece leaves before the next one is written. */
  #advance(place: QuicPlace): void {
    const connection = this.#client?.connection;
    const { ends, dialect, spec } = this.#plan;
    const { exchange: x, streamId } = place;
    if (connection === undefined || this.over) return;
    while (place.piece < ends.length) {
      const end = ends[place.piece] as number;
      const isLast = place.piece === ends.length - 1;
      if (isLast) x.wholeNs = place.piece === 0 ? x.wireNs : nowNs();
      const taken = connection.write(streamId, dialect.request.subarray(place.sentBytes, end), isLast);
      if (taken === undefined) return;
      place.sentBytes += taken;
      const before = this.datagramsOut;
      connection.flush();
      // It may have come to light that the connection is over, and the place be somewhere else.
      if (this.#running.get(streamId) !== place) return;
      x.writes += this.datagramsOut - before;
      // The window is full: onWritable goes on.
      if (place.sentBytes < end) return;
      place.piece++;
      if (isLast) x.wholes++;
      else if (spec.behaviour.gapNs > 0) {
        this.#later(place, spec.behaviour.gapNs);
        return;
      }
    }
  }

  #later(place: QuicPlace, delayNs: number): void {
    const { streamId } = place;
    const timer = setTimeout(() => {
      this.#pieceTimers.delete(timer);
      if (this.#running.get(streamId) === place) this.#advance(place);
    }, delayNs / 1e6);
    this.#pieceTimers.add(timer);
  }

  #take(streamId: number, bytes: Uint8Array, ended: boolean, atNs: number): void {
    const place = this.#running.get(streamId);
    const answer = place?.answer;
    if (place === undefined || answer === null || answer === undefined) return;
    const x = place.exchange;
    if (Number.isNaN(x.firstByteNs)) x.firstByteNs = atNs;
    const early = answer.push(bytes);
    if (early === undefined && !ended) return;
    this.#running.delete(streamId);
    if (!ended || !this.#isWritten(place)) this.#abandon(streamId);
    this.answered++;
    this.#owner.onAnswered(this, place, early ?? answer.end(), nowNs());
  }

  #resetByServer(streamId: number, code: number, atNs: number): void {
    const place = this.#running.get(streamId);
    if (place === undefined) return;
    this.#running.delete(streamId);
    if (!this.#isWritten(place)) this.#abandon(streamId);
    const { dialect } = this.#plan;
    const says = `the server reset the stream: ${dialect.errorName(code)}`;
    if (code === dialect.rejectedCode) {
      this.#owner.onUntouched(this, place, says);
      return;
    }
    this.#owner.onAnswered(this, place, { status: statusOf("reset"), says }, atNs);
  }

  #fromServer(connection: QuicConnection, streamId: number, bytes: Uint8Array, ended: boolean): void {
    const said = this.#dialect.fromServer(streamId, bytes, ended);
    if (said === undefined) return;
    if ("goaway" in said) this.#goaway(said.goaway);
    else connection.close(true, said.code, said.says);
  }

  #goaway(firstUntouched: number): void {
    const untouched = [...this.#running.values()].filter(({ streamId }) => streamId >= firstUntouched);
    for (const place of untouched) this.cancel(place);
    this.#owner.onRetire(this);
    const says = "the server goes away (GOAWAY) and does not answer this request";
    for (const place of untouched) this.#owner.onUntouched(this, place, says);
  }

  #isWritten(place: QuicPlace): boolean {
    return place.piece === this.#plan.ends.length;
  }

  /** Half a stream that stays open would count against the streams that the server allows, for good. */
  #abandon(streamId: number): void {
    this.#client?.connection.abandon(streamId, this.#plan.dialect.cancelCode);
  }

  /** The ticket was not good for 0-RTT: what was written ahead goes now. */
  #wentLate(): void {
    const atNs = nowNs();
    for (const place of this.#running.values()) {
      place.earlyNs = Number.NaN;
      place.exchange.wireNs = atNs;
      if (place.exchange.wholeNs < atNs) place.exchange.wholeNs = atNs;
    }
  }

  /** The engine would send it again only when its timer says that it was lost: asking anew is a round trip, as it must be. */
  #rejected(): void {
    const places = [...this.#running.values()].filter(({ earlyNs }) => !Number.isNaN(earlyNs));
    for (const place of places) this.cancel(place);
    if (places.length > 0) this.#owner.onRejected(this, places);
  }

  /** quiche checks the certificate against the server name, which an address is not. */
  #certificateIsForAnother(connection: QuicConnection): boolean {
    const { servername, spec } = this.#plan;
    if (servername !== undefined || spec.tls?.insecure === true || connection.native.isResumed()) return false;
    const [der] = connection.native.peerCertChain() ?? [];
    return der !== undefined && !isFor(new X509Certificate(der), spec.target.host);
  }

  #lost(end: ConnectionEnd): void {
    if (this.over) return;
    this.over = true;
    this.#clearTimers();
    const running = [...this.#running.values()];
    this.#running.clear();
    const { spec, quic, servername, dialect } = this.#plan;
    const trouble = troubleOf(end, {
      host: spec.target.host,
      servername,
      alpn: quic.alpn,
      errorName: dialect.errorName,
      certificates: this.#client?.connection.native.peerCertChain() ?? undefined,
    });
    this.#owner.onLost(this, trouble, running);
    // Without this its timer would keep the process waiting for stray packets (RFC 9000 section 10.2), which a client need not.
    this.#client?.connection.drop();
  }

  #clearTimers(): void {
    for (const timer of this.#pieceTimers) clearTimeout(timer);
    this.#pieceTimers.clear();
  }
}
