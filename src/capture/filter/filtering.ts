/** A filter at its two places: before a flow is tracked, as far as addresses decide, and where a flow is told of. */
import { parseAddress } from "../decode/address.js";
import type { Packet } from "../decode/packet.js";
import { type Exchange, type Flow, type FlowEnd, type FlowObserver, isInQuic } from "../flows/flow-events.js";
import type { FlowFilter, FlowKey } from "./filter.js";

/** For packets: true where the flow may be wanted, whichever end opened it and whatever it speaks. */
export function packetTest(filter: FlowFilter, transport: FlowKey["transport"]): (packet: Packet) => boolean {
  return (p) => filter.admits(keyOf(p, transport, false)) || filter.admits(keyOf(p, transport, true));
}

function keyOf(p: Packet, transport: FlowKey["transport"], reversed: boolean): FlowKey {
  const source = [p.src0, p.src1, p.src2, p.src3, p.srcPort] as const;
  const destination = [p.dst0, p.dst1, p.dst2, p.dst3, p.dstPort] as const;
  return key(transport, p.version, ...((reversed ? [destination, source] : [source, destination]) as [Words, Words]));
}

type Words = readonly [number, number, number, number, number];

function key(transport: FlowKey["transport"], version: 4 | 6, a: Words, b: Words): FlowKey {
  const [a0, a1, a2, a3, aPort] = a;
  const [b0, b1, b2, b3, bPort] = b;
  return { transport, version, a0, a1, a2, a3, aPort, b0, b1, b2, b3, bPort };
}

/** Tells `observer` only of the flows that the filter wants. */
export function filtered(observer: FlowObserver, filter: FlowFilter): FlowObserver {
  const keys = new WeakMap<Flow, FlowKey>();
  const wants = (flow: Flow): boolean => {
    let known = keys.get(flow);
    if (known === undefined) {
      known = flowKey(flow);
      keys.set(flow, known);
    }
    return filter.matches(known, flow.protocol);
  };
  return {
    // Of a flow that has only begun the protocol is not known: whoever counts flows counts those that end.
    flowStarted: (flow) => filter.admits(flowKey(flow)) && observer.flowStarted?.(flow),
    quicStarted: (flow) => (filter.admits(flowKey(flow)) ? (observer.quicStarted?.(flow) ?? null) : null),
    handshake: (flow, rttNs) => filter.admits(flowKey(flow)) && observer.handshake?.(flow, rttNs),
    exchange: (exchange: Exchange) => wants(exchange.flow) && observer.exchange?.(exchange),
    hold: (hold) => wants(hold.flow) && observer.hold?.(hold),
    resend: (resend) => wants(resend.flow) && observer.resend?.(resend),
    windowStall: (stall) => wants(stall.flow) && observer.windowStall?.(stall),
    flowControlStall: (stall) => wants(stall.flow) && observer.flowControlStall?.(stall),
    goaway: (goaway) => wants(goaway.flow) && observer.goaway?.(goaway),
    lateAck: (late) => wants(late.flow) && observer.lateAck?.(late),
    reset: (flow, ...rest) => wants(flow) && observer.reset?.(flow, ...rest),
    nagleOff: (flow, side) => wants(flow) && observer.nagleOff?.(flow, side),
    flowEnded: (flow, why) => wants(flow) && observer.flowEnded?.(flow, why),
  };
}

/** The end that opened the connection is `a`; where that is not known, the record's first. */
function flowKey({ a, b, client, protocol }: Flow): FlowKey {
  const [opener, other] = client === 1 ? [b, a] : [a, b];
  return key(isInQuic(protocol) ? "udp" : "tcp", opener.address.includes(":") ? 6 : 4, words(opener), words(other));
}

function words({ address, port }: FlowEnd): Words {
  const [w0, w1, w2, w3] = parseAddress(address) ?? [0, 0, 0, 0];
  return [w0, w1, w2, w3, port];
}
