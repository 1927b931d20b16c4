import type { Notice } from "../gate/notices.js";

/** result (SARIF 2.1.0, 3.27). */
export function resultOf(notice: Notice, ruleIndex: number): object {
  const { rule, level, title, lines, subject, finding } = notice;
  return {
    ruleId: rule,
    ruleIndex,
    level,
    message: { text: [title, ...lines].join("\n") },
    locations: [locationOf(notice)],
    partialFingerprints: { "netlat/v1": `${rule}|${subject}|${finding === null ? title : ""}` },
    ...(finding === null ? {} : { properties: measured(finding) }),
  };
}

function measured({ count, of, costNs, confidence, whatIf }: NonNullable<Notice["finding"]>): object {
  return { count, of, costNs, confidence, ...(whatIf === null ? {} : { whatIf }) };
}

/** A file and line where there is one; always what it is about, which may be an endpoint. */
function locationOf({ place, subject }: Notice): object {
  const logical = { logicalLocations: [{ fullyQualifiedName: subject, kind: "resource" }] };
  if (place === null) return logical;
  const region = place.line === null ? {} : { region: { startLine: place.line } };
  return { physicalLocation: { artifactLocation: { uri: uriOf(place.file) }, ...region }, ...logical };
}

/** A path as a URI reference (RFC 3986): relative to the folder netlat ran in, or `file:///…`. */
export function uriOf(path: string): string {
  const tidy = path.replaceAll(/\p{Cs}/gu, "\ufffd").replace(/^(?:\.\/+)+/, "");
  const encoded = tidy.split("/").map(encodeURIComponent).join("/");
  if (tidy.startsWith("/")) return `file://${encoded}`;
  return encoded === "" ? "." : encoded;
}
