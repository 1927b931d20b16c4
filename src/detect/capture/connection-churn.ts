/** Connections that were opened, asked once and closed, again and again: each costs a handshake (RFC 9293 3.5) and a slow start. */
import type { Flow } from "../../capture/flows/flow-events.js";
import type { Service } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import { CHURN_EXCHANGES, MIN_CHURN_CONNECTIONS } from "../thresholds.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";

const prose = PROSE["connection-churn"];

export const connectionChurn: CaptureDetector<"connection-churn"> = {
  code: "connection-churn",
  needs: ["any-exchanges", "any-handshakes"],
  start: (context) => new ChurnWatch(context),
};

interface Opened {
  connections: number;
  exchanges: number;
}

class ChurnWatch implements Watch {
  readonly #context: WatchContext;
  readonly #byService = new Map<Service, Opened>();

  constructor(context: WatchContext) {
    this.#context = context;
  }

  /** Only a connection that was seen from its opening to its end tells how much it was used. */
  flowEnded(flow: Flow, why: "closed" | "reset" | "idle" | "evicted" | "end-of-capture"): void {
    if (!flow.handshakeSeen || flow.exchanges === 0 || (why !== "closed" && why !== "reset")) return;
    const service = this.#context.services.of(flow);
    const opened = this.#byService.get(service) ?? { connections: 0, exchanges: 0 };
    opened.connections++;
    opened.exchanges += flow.exchanges;
    this.#byService.set(service, opened);
  }

  finish(): readonly Finding[] {
    return [...this.#byService]
      .filter(([service, { connections, exchanges }]) => {
        return (
          connections >= MIN_CHURN_CONNECTIONS && exchanges < CHURN_EXCHANGES * connections && service.connect.count > 0
        );
      })
      .map(([service, opened]) => finding(service, opened));
  }
}

function finding(service: Service, { connections, exchanges }: Opened): Finding {
  const { connect } = service;
  const [p50Ns, maxNs] = [Math.round(connect.quantile(0.5)), connect.max];
  // One connection has to be opened in any case.
  const totalNs = Math.round(connect.mean * (connections - 1));
  return {
    code: "connection-churn",
    severity: "warning",
    title: prose.title(connections, exchanges, false),
    subject: { run: service.id },
    count: Math.min(connections, exchanges),
    of: Math.max(exchanges, service.exchanges),
    costNs: { total: totalNs, p50: p50Ns, max: maxNs },
    confidence: "certain",
    evidence: [
      {
        says: `${connections} connections were opened, used for ${digits(exchanges / connections)} exchanges on average, and closed; each took ${formatDuration(p50Ns)} (p50) to open`,
      },
    ],
    fix: [...prose.fix.byClient, ...prose.fix.byServer],
    // Opening comes before the request and is no part of its latency here.
    whatIf: null,
  };
}
