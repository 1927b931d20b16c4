/** A suite's YAML as plain data, with the line that each part came from. The one place that knows the library `yaml`. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import { usageError } from "../errors.js";

export type Path = readonly PropertyKey[];

export interface SuiteText {
  /** Maps, lists and the text of scalars as it was written: `4e7` and `on` are not turned into numbers or booleans. */
  readonly data: unknown;
  /** Line, from 1, of the value at `path`; of the deepest part of it that exists where there is none. */
  lineOf(path: Path): number;
  /** Line, from 1, of a key of the map at `path`. */
  keyLineOf(path: Path, key: string): number;
}

const MAX_CHARACTERS = 262_144;
const MAX_LINE = 4096;
/** The library reads nested collections by recursion, and Node ends without a word when its stack is full. */
const MAX_DEPTH = 64;

/**
 * @param name what the text is called in errors, such as `netlat.yaml`
 * @throws NetlatError (exit 2): not YAML, or more than a suite can be; with file and line
 */
export function readSuiteText(text: string, name: string): SuiteText {
  refuseExcess(text, name);
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  // "failsafe": every scalar is its text, so that values are read as the command line reads them.
  const document = parseDocument(text, { schema: "failsafe", lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw usageError(`${name}:${lineAt(error.pos[0])}: ${wordsOf(error)}`);
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key)) return;
      throw usageError(
        `${name}:${lineAt((key as Node | null)?.range?.[0] ?? 0)}: a list or a map as a key; a key is a word`,
      );
    },
  });
  refuseUnknownAliases(document, (node) => `${name}:${lineAt(node.range?.[0] ?? 0)}`);
  const find = (path: Path): Node | null => deepest(document.contents, path);
  return {
    data: toData(() => document.toJS(), name),
    lineOf: (path) => lineAt(find(path)?.range?.[0] ?? 0),
    keyLineOf(path, key) {
      const map = find(path);
      const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
      return lineAt((pair?.key as Node | undefined)?.range?.[0] ?? map?.range?.[0] ?? 0);
    },
  };
}

function refuseExcess(text: string, name: string): void {
  if (text.length > MAX_CHARACTERS)
    throw usageError(`${name}: too long for a suite, more than ${MAX_CHARACTERS} characters`);
  let depth = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (line.length > MAX_LINE) throw usageError(`${name}:${index + 1}: a line of more than ${MAX_LINE} characters`);
    const marks = line.match(/[-?:](?=\s)|[[{\]}]/g) ?? [];
    let compact = /^ */.exec(line)?.[0].length ?? 0;
    for (const mark of marks) {
      if (mark === "[" || mark === "{") depth++;
      else if (mark === "]" || mark === "}") depth = Math.max(0, depth - 1);
      else compact++;
    }
    if (depth > MAX_DEPTH || compact > 2 * MAX_DEPTH) {
      throw usageError(`${name}:${index + 1}: nested deeper than any suite is`);
    }
  }
}

/** @param placeOf file and line of a node */
function refuseUnknownAliases(document: Document.Parsed, placeOf: (node: Node) => string): void {
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      throw usageError(
        `${placeOf(alias)}: *${alias.source} is an alias of nothing, as no &${alias.source} comes before it; a value that begins with * needs quotes`,
      );
    },
  });
}

/** Aliases that would multiply show only here. */
function toData(convert: () => unknown, name: string): unknown {
  try {
    return convert();
  } catch (cause) {
    throw usageError(`${name}: ${(cause as Error).message}; write it out instead of using an alias`);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "this key stands here twice; keep one of them",
  MULTIPLE_DOCS: "a second document starts here (---); a suite is one document",
  TAB_AS_INDENT: "a tab at the start of the line; YAML takes only spaces there",
};

function wordsOf({ code, message }: YAMLError): string {
  return WORDS[code] ?? `not valid YAML: ${message.split("\n")[0]}`;
}

function deepest(root: Node | null, path: Path): Node | null {
  let node = root;
  for (const step of path) {
    const next: unknown = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && item.key.value === step)?.value
      : isSeq(node) && typeof step === "number"
        ? node.items[step]
        : undefined;
    if (next === undefined || next === null || isAlias(next)) break;
    node = next as Node;
  }
  return node;
}
