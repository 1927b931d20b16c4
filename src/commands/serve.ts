import { once } from "node:events";
import { Argument, Command, Option } from "commander";
import { H2_LAB_OPTIONS } from "../lab/h2/options.js";
import { LAB_KINDS, parseLabKind, usesTls } from "../lab/kinds.js";
import type { LabOption } from "../lab/option.js";
import { LAB_OPTIONS, parseLabOptions } from "../lab/options.js";

/** `netlat serve [kind]`: a lab server until it is interrupted. */
export function serveCommand(): Command {
  const options = Object.values(LAB_OPTIONS).map(flag);
  const command = new Command("serve")
    .description("a target whose delays, acknowledgements and faults are set by flags")
    .addArgument(new Argument("[kind]", `the server: ${LAB_KINDS.join(", ")}`).default("memcached"));
  for (const option of options) command.addOption(option);
  return command.action(async (name: string, values: Record<string, string | true>) => {
    const kind = parseLabKind(name, "serve ");
    const given = options.flatMap((option): [string, string][] => {
      const value = values[option.attributeName()];
      return value === undefined ? [] : [[option.name(), value === true ? "on" : value]];
    });
    const lab = parseLabOptions(kind, given, (option) => `--${option}`);
    const [{ startLab }, { labUrl }] = await Promise.all([import("../lab/server.js"), import("../lab/endpoint.js")]);
    const server = await startLab(kind, lab);
    process.stdout.write(`listening on ${labUrl(kind, usesTls(kind, lab), server.address, server.port)}\n`);
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    await server.close();
  });
}

function flag(option: LabOption<unknown>): Option {
  const { name, value, help } = option;
  const made = new Option(value === undefined ? `--${name}` : `--${name} ${value}`, help);
  const ofH2: readonly LabOption<unknown>[] = Object.values(H2_LAB_OPTIONS);
  return ofH2.includes(option) ? made.helpGroup("Options of h2, h2c and grpc:") : made;
}
