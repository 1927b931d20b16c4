import { once } from "node:events";
import { Argument, Command, Option } from "commander";
import { LAB_KINDS, LAB_OPTIONS, type LabOption, parseLabKind, parseLabOptions } from "../lab/options.js";

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
    const lab = parseLabOptions(given, (option) => `--${option}`);
    const [{ startLab }, { labUrl }] = await Promise.all([import("../lab/server.js"), import("../lab/endpoint.js")]);
    const server = await startLab(kind, lab);
    process.stdout.write(`listening on ${labUrl(kind, lab.tls, server.address, server.port)}\n`);
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    await server.close();
  });
}

function flag({ name, value, help }: LabOption<unknown>): Option {
  return new Option(value === undefined ? `--${name}` : `--${name} ${value}`, help);
}
