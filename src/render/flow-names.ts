/** What the connections of a capture are called. */
import type { FlowSummary, Report } from "../report/model.js";
import type { Marks } from "./theme.js";

type End = FlowSummary["a"];

export const endName = ({ address, port }: End): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** Client and server, where the capture proves which is which. */
export function sidesOf({ a, b, client }: FlowSummary): { client: End; server: End } | null {
  if (client === null) return null;
  return client === "a" ? { client: a, server: b } : { client: b, server: a };
}

/** `10.0.0.1:40000 → 10.0.0.2:7777`, from the client to the server; `↔` where nothing tells which end is which. */
export function flowName(flow: FlowSummary, marks: Marks): string {
  const sides = sidesOf(flow);
  if (sides === null) return `${endName(flow.a)} ${marks.between} ${endName(flow.b)}`;
  return `${endName(sides.client)} ${marks.to} ${endName(sides.server)}`;
}

export const flowOf = (report: Report, id: number): FlowSummary | undefined =>
  report.flows.find((flow) => flow.id === id);
