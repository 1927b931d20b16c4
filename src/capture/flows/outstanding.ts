/** The request that waits for its answer where a flow begins to be read inside, as the flow's record has it. */

import type { Packet } from "../decode/packet.js";
import type { Outstanding } from "../streams/pipeline-start.js";
import type { BegunRequest } from "../streams/requests-in.js";
import type { Trouble } from "../streams/stream-exchange.js";
import { F, recordOf, STATE, X, XT } from "./flow-slab.js";
import type { Tracking } from "./tracking.js";

/** A request that began before the segment, and ends in it or before it. */
export type Earlier = Pick<BegunRequest, "isHead" | "isAnswered" | "ends">;

/** @param p the first segment that is read: its bytes are not in the record yet */
export function outstandingOf(tracking: Tracking, slot: number, p: Packet, { isHead, ends }: Earlier): Outstanding {
  const { ints, times } = tracking.slab;
  const flow = recordOf(slot);
  const time = flow >> 1;
  const isInThis = ends > 0;
  const smallBefore = isInThis && ((ints[flow + F.state] as number) & STATE.lastSmall) !== 0;
  return {
    began: { packet: (ints[flow + X.firstPacket] as number) >>> 0, atNs: times[time + XT.requestAt] as number },
    lastNs: isInThis ? p.atNs : (times[time + XT.requestLast] as number),
    bytes: (times[time + XT.requestBytes] as number) + ends,
    segments: (ints[flow + X.requestSegments] as number) + (isInThis ? 1 : 0),
    smallSegments: (ints[flow + X.smallSegments] as number) + (smallBefore ? 1 : 0),
    method: isHead ? "HEAD" : "GET",
    troubles: troublesOf(tracking, slot),
    endsInNext: isInThis,
  };
}

function troublesOf(tracking: Tracking, slot: number): Trouble[] {
  const state = tracking.slab.ints[recordOf(slot) + F.state] as number;
  if ((state & STATE.troubled) === 0) return [];
  const { holds, resends, windowStalls } = tracking.troubles(slot);
  return [
    ...holds.map((event) => {
      const believed = event.prompt || tracking.believesLoose(slot, event.sender);
      return { kind: "hold", event, believed } as const;
    }),
    ...resends.map((event) => ({ kind: "resend", event }) as const),
    ...windowStalls.map((event) => ({ kind: "window", event }) as const),
  ];
}
