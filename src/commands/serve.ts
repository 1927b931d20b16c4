import { once } from "node:events";
import { Argument, Command, Option } from "commander";
import { H2_LAB_OPTIONS } from "../lab/h2/options.js";
import { isQuicKind, LAB_KINDS, parseLabKind } from "../lab/kinds.js";
import type { LabOption } from "../lab/option.js";
import { LAB_OPTIONS, parseLabOptions } from "../lab/options.js";
import { QUIC_LAB_OPTIONS } from "../lab/quic/options.js";
import { ENGINE_NAME } from "../quic/binding.js";

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
    // Who reads the line below may end us at once.
    const told = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    const server = await startLab(kind, lab);
    process.stdout.write(`listening on ${labUrl(kind, lab, server.address, server.port)}\n`);
    if (kind === "h3") {
      const beside = labUrl("h2", lab, server.address, server.port);
      process.stdout.write(`and, over TCP, HTTP/2 and HTTP/1.1 on ${beside}\n`);
    }
    if (isQuicKind(kind)) process.stderr.write(AGE_OF_ENGINE);
    await told;
    await server.close();
  });
}

function flag(option: LabOption<unknown>): Option {
  const { name, value, help } = option;
  const made = new Option(value === undefined ? `--${name}` : `--${name} ${value}`, help);
  const group = GROUPS.find(([options]) => options.includes(option))?.[1];
  return group === undefined ? made : made.helpGroup(group);
}

const GROUPS: readonly (readonly [readonly LabOption<unknown>[], string])[] = [
  [Object.values(H2_LAB_OPTIONS), "Options of h2, h2c and grpc:"],
  [Object.values(QUIC_LAB_OPTIONS), "Options of h3, quic and doq:"],
];

/** Version 0.18.0 of quiche came out in August 2023; what was mended in it since is not here. */
const AGE_OF_ENGINE = `engine: ${ENGINE_NAME}, of August 2023: for the laboratory, not for the Internet\n`;
