/** A suite's settings as the options of `netlat probe` and `netlat pcap`: the same names, the same readers, the same defaults. */
import { resolve } from "node:path";
import { Command, type Option } from "commander";
import { leastRequests } from "../check/judge-confidence.js";
import type { Check, Setting } from "../check/suite.js";
import type { Vocabulary } from "../check/suite-schema.js";
import { CAPTURE_FINDING_CODES, PROBE_FINDING_CODES } from "../detect/finding-codes.js";
import { NetlatError, usageError } from "../errors.js";
import { FAILURES } from "../probes/samples.js";
import { addPcapOptions, type PcapOptions } from "./pcap-options.js";
import { addProbeOptions, DEFAULT_REQUESTS, type ProbeOptions } from "./probe-options.js";

/** Where a check's report goes is the suite's business, and so is what is held against what. */
const NOT_IN_SUITES = [
  "format",
  "output",
  "hlog",
  "every",
  "ab",
  "slow-first",
  "min-effect",
  "confidence",
  "quantiles",
];
/** A suite's `expect:` is what must hold. */
const RENAMED: Readonly<Record<string, string>> = { expect: "answer" };
/** Given several times on the command line, where others take their levels with commas between. */
const REPEATED = ["split", "header"];
/** Requests that a reset cut off, connections that were refused (src/detect/capture/service-run.ts). */
const CAPTURE_ERRORS = ["reset", "refused"];
const FILES = ["ca", "cert", "key", "keylog-out", "keylog", "session-file"];

const OPTIONS = {
  probe: optionsOf(addProbeOptions(new Command())),
  pcap: optionsOf(addPcapOptions(new Command())),
};

function optionsOf({ options }: Command): ReadonlyMap<string, Option> {
  const used = options.filter((option) => !NOT_IN_SUITES.includes(nameOf(option)));
  return new Map(used.map((option) => [RENAMED[nameOf(option)] ?? nameOf(option), option]));
}

function nameOf({ long }: Option): string {
  return (long ?? "").replace(/^--/, "");
}

/** The keys that a suite may use, from the options of the commands. */
export function vocabulary(): Vocabulary {
  const words = (options: ReadonlyMap<string, Option>) =>
    [...options].map(([name, { description }]) => ({ name, description }));
  return {
    probe: words(OPTIONS.probe),
    pcap: words(OPTIONS.pcap),
    findings: { probe: PROBE_FINDING_CODES, pcap: CAPTURE_FINDING_CODES },
    errors: { probe: FAILURES, pcap: CAPTURE_ERRORS },
  };
}

export interface Place {
  /** The suite's name, for errors. */
  readonly suite: string;
  /** Files are named from here. */
  readonly folder: string;
}

/**
 * @param requests of the command line: goes before what the suite says
 * @throws NetlatError (exit 2) with file and line
 */
export function probeOptionsOf(check: Check, place: Place, requests: number | undefined): ProbeOptions {
  const read = readSettings(OPTIONS.probe, check.settings, place) as unknown as ProbeOptions;
  if (requests !== undefined) return { ...read, requests };
  return read.requests === undefined && read.duration === undefined ? { ...read, requests: enoughFor(check) } : read;
}

/** @throws NetlatError (exit 2) with file and line */
export function pcapOptionsOf(check: Check, place: Place): PcapOptions {
  return readSettings(OPTIONS.pcap, check.settings, place) as unknown as PcapOptions;
}

/** As many requests as the highest quantile needs, and half as many again, so that one odd request decides nothing. */
function enoughFor({ expectations }: Check): number {
  const quantiles = expectations.flatMap((one) => ("quantile" in one && one.quantile < 1 ? [one.quantile] : []));
  const shares = expectations.flatMap((one) => (one.kind === "error-share" && one.limit < 1 ? [1 - one.limit] : []));
  const least = Math.max(0, ...[...quantiles, ...shares].map(leastRequests));
  return Math.max(DEFAULT_REQUESTS, Math.ceil((1.5 * least) / 100) * 100);
}

function readSettings(
  options: ReadonlyMap<string, Option>,
  settings: readonly Setting[],
  { suite, folder }: Place,
): Record<string, unknown> {
  const read: Record<string, unknown> = { format: "json" };
  for (const option of options.values()) read[option.attributeName()] = option.defaultValue;
  for (const setting of settings) {
    const option = options.get(setting.key) as Option;
    read[option.attributeName()] = at(`${suite}:${setting.line}`, () => readSetting(option, setting, folder));
  }
  return read;
}

function readSetting(option: Option, { key, values }: Setting, folder: string): unknown {
  if (option.isBoolean()) return readFlag(key, values);
  if (values.some((value) => value.trim() === "")) throw usageError(`${key}: the value is missing`);
  if (REPEATED.includes(key)) {
    return values.reduce<unknown>((earlier, value) => option.parseArg?.(value, earlier as never), undefined);
  }
  const text = values.join(",");
  const value = FILES.includes(key) ? resolve(folder, text) : text;
  return option.parseArg === undefined ? value : option.parseArg(value, undefined as never);
}

function readFlag(key: string, [value = ""]: readonly string[]): true | undefined {
  if (["true", "on"].includes(value)) return true;
  if (["false", "off"].includes(value)) return undefined;
  throw usageError(`${key} ${value}: not a switch; write true or false`);
}

/** A reader's sentence, in the suite's words: with the line, and without the dashes of the command line. */
function at<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof NetlatError ? inSuite(where, cause) : cause;
  }
}

/** The same error for who reads a suite. */
export function inSuite(where: string, { exitCode, message, hint }: NetlatError): NetlatError {
  const plain = (text: string): string => text.replaceAll(/(^|[\s(])--(?=[a-z])/g, "$1");
  return new NetlatError(exitCode, `${where}: ${plain(message)}`, hint === undefined ? {} : { hint: plain(hint) });
}
