/** A suite as it is used: its checks, what each is told, and what is expected of it. */
import { z } from "zod";
import { usageError } from "../errors.js";
import { nearest } from "../units/nearest.js";
import { refuseContradictions } from "./contradictions.js";
import type { Expectation, Selector } from "./expectation.js";
import { readExpectation } from "./read-expectation.js";
import { suiteSchema, type Vocabulary } from "./suite-schema.js";
import { type Path, readSuiteText, type SuiteText } from "./suite-text.js";
import { refuseUnmeasurable } from "./unmeasurable.js";

/** An option as the suite writes it; a list is several levels or, where an option may be repeated, several times. */
export interface Setting {
  readonly key: string;
  readonly values: readonly string[];
  readonly line: number;
}

export interface Check {
  readonly name: string;
  readonly kind: "probe" | "pcap";
  /** The endpoint or file, as written. */
  readonly subject: string;
  readonly line: number;
  /** Those of `defaults` first; each key once. */
  readonly settings: readonly Setting[];
  readonly baseline?: { readonly file: string; readonly line: number };
  readonly expectations: readonly Expectation[];
}

export interface Suite {
  /** The file's name, as errors say it. */
  readonly name: string;
  readonly checks: readonly Check[];
}

/**
 * @param name the file's name, for errors
 * @throws NetlatError (exit 2) with file, line, what is wrong and what is accepted
 */
export function parseSuite(text: string, name: string, vocabulary: Vocabulary): Suite {
  return new SuiteReader(readSuiteText(text, name), name, vocabulary).read();
}

type Map = Record<string, unknown>;

class SuiteReader {
  readonly #text: SuiteText;
  readonly #name: string;
  readonly #vocabulary: Vocabulary;
  readonly #schema: ReturnType<typeof suiteSchema>;

  constructor(text: SuiteText, name: string, vocabulary: Vocabulary) {
    this.#text = text;
    this.#name = name;
    this.#vocabulary = vocabulary;
    this.#schema = suiteSchema(vocabulary);
  }

  read(): Suite {
    const { data } = this.#text;
    const top = { ...this.#schema.suite.shape, checks: z.array(z.record(z.string(), z.unknown())).min(1) };
    this.#validate(z.object(top).strict(), data, []);
    const { checks, defaults = {} } = data as { checks: Map[]; defaults?: Map };
    const read = checks.map((check, index) => this.#check(check, ["checks", index], defaults));
    this.#refuseTwins(read);
    return { name: this.#name, checks: read };
  }

  #check(data: Map, path: Path, defaults: Map): Check {
    const kind = this.#kindOf(data, path);
    this.#validate(kind === "probe" ? this.#schema.probeCheck : this.#schema.pcapCheck, data, path);
    const subject = String(data[kind]);
    const { baseline, name = subject } = data as { baseline?: string; name?: string };
    const line = this.#text.keyLineOf(path, kind);
    for (const [key, value] of Object.entries({ [kind]: subject, name, baseline })) {
      if (value?.trim() === "") this.#refuse(this.#text.keyLineOf(path, key), `${key} is empty`);
    }
    const expectations = this.#expectations(data.expect, [...path, "expect"]);
    refuseContradictions(expectations, this.#name);
    const settings = this.#settings(kind, data, path, defaults);
    const check: Check = {
      name,
      kind,
      subject,
      line,
      settings,
      expectations,
      ...(baseline === undefined ? {} : { baseline: { file: baseline, line: this.#text.keyLineOf(path, "baseline") } }),
    };
    refuseUnmeasurable(check, this.#name, this.#vocabulary);
    return check;
  }

  #kindOf(data: Map, path: Path): "probe" | "pcap" {
    const kinds = (["probe", "pcap"] as const).filter((kind) => kind in data);
    if (kinds.length === 1 && kinds[0] !== undefined) return kinds[0];
    if (kinds.length === 2) {
      return this.#refuse(this.#text.keyLineOf(path, "pcap"), "probe and pcap in one check; make them two checks");
    }
    const line = this.#text.lineOf(path);
    const slip = Object.keys(data).find((key) => nearest(key, ["probe", "pcap"]) !== undefined);
    const where = slip === undefined ? line : this.#text.keyLineOf(path, slip);
    const meant = slip === undefined ? "" : `; did you mean ${nearest(slip, ["probe", "pcap"])} instead of ${slip}?`;
    return this.#refuse(
      where,
      `this check measures nothing${meant}; give it probe: with an endpoint, or pcap: with a capture's file`,
    );
  }

  #settings(kind: "probe" | "pcap", data: Map, path: Path, defaults: Map): Setting[] {
    const known = new Set(this.#vocabulary[kind].map(({ name }) => name));
    const from = (map: Map, at: Path): Setting[] =>
      Object.entries(map)
        .filter(([key]) => known.has(key))
        .map(([key, value]) => ({ key, values: [value].flat().map(String), line: this.#text.keyLineOf(at, key) }));
    const own = from(data, path);
    const inherited = from(defaults, ["defaults"]).filter(({ key }) => own.every((setting) => setting.key !== key));
    return [...inherited, ...own];
  }

  #expectations(value: unknown, path: Path, selector: Selector = EVERYTHING): Expectation[] {
    if (Array.isArray(value))
      return value.flatMap((item, index) => this.#expectations(item, [...path, index], selector));
    const line = this.#text.lineOf(path);
    if (value === "") this.#refuse(line, "expect is empty; write expectations such as p99 < 5ms");
    if (typeof value === "string") return [readExpectation(value, `${this.#name}:${line}`, line, selector)];
    const { where, service, expect } = value as { where?: string; service?: unknown; expect: unknown };
    return this.#expectations(expect, [...path, "expect"], this.#selector(where, service, line));
  }

  #selector(where: string | undefined, service: unknown, line: number): Selector {
    const pairs = (where ?? "").split(/[\s,]+/).filter((word) => word !== "");
    const factors = new Map<string, string>();
    for (const pair of pairs) {
      const [, name, level] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
      if (name === undefined || level === undefined) {
        this.#refuse(line, `where ${where}: ${pair} names no level; write levels such as nagle=on split=fields`);
      }
      factors.set(name as string, level as string);
    }
    const text = [...pairs, ...(service === undefined ? [] : [`service ${service}`])].join(" ");
    if (text === "")
      this.#refuse(line, "these expectations select nothing; give where: or service:, or write them without");
    return { text, factors, ...(service === undefined ? {} : { service: String(service) }) };
  }

  #refuseTwins(checks: readonly Check[]): void {
    for (const [index, check] of checks.entries()) {
      const twin = checks.slice(0, index).find(({ name }) => name === check.name);
      if (twin !== undefined) {
        this.#refuse(
          check.line,
          `${check.name}: the check in line ${twin.line} has this name already; give each a name: of its own`,
        );
      }
    }
  }

  #validate(schema: z.ZodType, data: unknown, path: Path): void {
    const result = schema.safeParse(data);
    if (result.success) return;
    const issue = innermost(mostTelling(result.error.issues));
    const at = [...path, ...issue.path];
    if (issue.code !== "unrecognized_keys") this.#refuse(this.#text.lineOf(at), this.#complaint(issue, at, data));
    const key = issue.keys[0] as string;
    const known = keysOf(schema, issue.path);
    const meant = nearest(key, known);
    const question = meant === undefined ? "" : `; did you mean ${meant}?`;
    this.#refuse(this.#text.keyLineOf(at, key), `${key}: no such key here${question} (accepted: ${known.join(", ")})`);
  }

  #complaint(issue: z.core.$ZodIssue, at: Path, data: unknown): string {
    const name = at.length === 0 ? "the suite" : words(at);
    const value = issue.path.reduce<unknown>((inner, step) => (inner as Map | undefined)?.[step as string], data);
    const accepted = ACCEPTED[String(at.findLast((step) => typeof step === "string") ?? "")] ?? ACCEPTED[""];
    if (value === undefined) return `${name} is missing; ${accepted}`;
    const shown =
      typeof value === "string" ? ` (${value.length > 40 ? `${value.slice(0, 40)}…` : value || "empty"})` : "";
    return `${name}${shown}: not accepted; ${accepted}`;
  }

  #refuse(line: number, complaint: string): never {
    throw usageError(`${this.#name}:${line}: ${complaint}`);
  }
}

const EVERYTHING: Selector = { text: "", factors: new Map() };

/** What is accepted, by the last key of the place. */
const ACCEPTED: Readonly<Record<string, string>> = {
  "": "a suite has version: 1 and a list of checks; netlat init writes one to start from",
  version: "write version: 1",
  checks: "write a list of checks, each with - probe: or - pcap:, and expect:",
  expect: "write expectations such as p99 < 5ms, or a map with where: or service: and expect:",
  defaults: "write options as keys, such as requests: 500",
  probe: "write an endpoint, such as memcached://127.0.0.1:11211/key or lab:memcached",
  pcap: "write the file of a capture",
  name: "write a name",
  baseline: "write the file of a report, such as baselines/NAME.json",
  where: "write levels such as nagle=on",
  service: "write a port, or an address and port",
};

const words = (at: Path): string =>
  at
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .replace(/^\./, "");

/** A key that is missing is often one that was misspelt: the misspelt one tells more. */
const mostTelling = (issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue =>
  issues.find(({ code }) => code === "unrecognized_keys") ?? (issues[0] as z.core.$ZodIssue);

/** Of a union the complaint that got furthest: what the author most likely meant. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const branches = issue.errors
    .flat()
    .map((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue));
  const deepest = branches.sort((left, right) => right.path.length - left.path.length || rank(right) - rank(left))[0];
  return deepest !== undefined && (deepest.path.length > issue.path.length || deepest.code === "unrecognized_keys")
    ? deepest
    : issue;
}

const rank = ({ code }: z.core.$ZodIssue): number => (code === "unrecognized_keys" ? 1 : 0);

/** The keys that the schema accepts at the place of a complaint. */
function keysOf(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  if (path.length > 0 && path[0] === "defaults")
    return Object.keys(((schema as z.ZodObject).shape.defaults as z.ZodOptional<z.ZodObject>).unwrap().shape);
  if (path.length > 0) return ["where", "service", "expect"];
  return Object.keys((schema as z.ZodObject).shape).sort((left, right) => left.localeCompare(right));
}
