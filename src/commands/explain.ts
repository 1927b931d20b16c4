import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { PROSE } from "../detect/prose.js";
import { usageError } from "../errors.js";
import { FINDING_CODES, type FindingCode } from "../report/model.js";

/** The same distance from src/commands and from dist/commands. */
const PAGES = new URL("../../docs/findings/", import.meta.url);

/** `netlat explain`: the page of a finding, or the list of all codes. */
export function explainCommand(): Command {
  return new Command("explain")
    .description("say what a finding means, how it is proved and how to fix it")
    .argument("[code]", `one of ${FINDING_CODES.join(", ")}; without it: the list of codes`)
    .action(async (code: string | undefined) => {
      process.stdout.write(code === undefined ? listOfCodes() : await page(code));
    });
}

function listOfCodes(): string {
  const width = Math.max(...FINDING_CODES.map((code) => code.length));
  return FINDING_CODES.map((code) => `${code.padEnd(width)}  ${PROSE[code].summary}\n`).join("");
}

async function page(code: string): Promise<string> {
  if (!isFindingCode(code)) {
    throw usageError(`explain ${code}: not a finding; use one of ${FINDING_CODES.join(", ")}`);
  }
  return readFile(new URL(`${code}.md`, PAGES), "utf8");
}

const isFindingCode = (code: string): code is FindingCode => (FINDING_CODES as readonly string[]).includes(code);
