/** 0-RTT that the server refused (RFC 9001 section 4.6.2): what was sent early has to go again. */
import { formatDuration } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import { costOfEach, type QuicJudge } from "./subject.js";

const prose = PROSE["quic-0rtt-rejected"];

export const judgeEarlyData: QuicJudge = ({ run, facts }) => {
  const { offered, accepted, rejected, rejectionCost } = facts.earlyData;
  if (rejected === 0) return [];
  const of = Math.max(rejected, offered);
  const each = rejectionCost === null || rejectionCost.count === 0 ? null : rejectionCost;
  const again =
    each === null
      ? "what went again was not seen"
      : `first sent in 0-RTT, again in 1-RTT ${formatDuration(each.p50)} (p50), ${formatDuration(each.max)} at most later`;
  const better = accepted === 0 ? "" : `; ${accepted} ${accepted === 1 ? "was" : "were"} accepted`;
  return [
    {
      code: "quic-0rtt-rejected",
      severity: "warning",
      title: prose.title({ count: rejected, of }, each?.p50 ?? null),
      subject: { run },
      count: rejected,
      of,
      costNs: costOfEach(each, rejected),
      confidence: "certain",
      evidence: [{ says: `${of} connections sent 0-RTT packets with a ticket${better}` }, { says: again }],
      fix: accepted > 0 ? [...prose.fix.sometimes] : [...prose.fix.always, ...prose.fix.sometimes],
      whatIf: null,
    },
  ];
};
