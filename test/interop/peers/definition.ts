/** What a real server is to the tests: its programs, the ports it listens on, and how it is started in the foreground. */
import type { Ready } from "./ready.js";

/** Where a server is started: on loopback of the machine unless a test has a network of its own. */
export interface Place {
  /** The address that it binds and that clients use. */
  readonly address: string;
  /** The words before a command that make it run in a network namespace (`Namespace.enter`); none on the machine itself. */
  readonly enter: readonly string[];
  /** Ports to use again, those of a server that was stopped; free ones by default. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** PEM files for localhost, 127.0.0.1, ::1 and the address of the place; self-signed, hence also the CA to trust. */
export interface Certificate {
  readonly keyFile: string;
  readonly certFile: string;
  /** Both in one file, as haproxy wants them. */
  readonly bothFile: string;
}

/** What a server may use: an own folder, free ports, a certificate. Nothing else of the machine. */
export interface Work<Port extends string> {
  readonly folder: string;
  readonly address: string;
  readonly ports: Readonly<Record<Port, number>>;
  readonly certificate: Certificate;
}

/** One process of a server, in the foreground. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** It is up when all of these answer. */
  readonly ready: readonly Ready[];
}

export interface PeerDefinition<Port extends string = string, Options extends object = object> {
  /** Programs, or files by absolute path, without which it cannot run. */
  readonly needs: readonly string[];
  /** Names of the ports; the first is the one that `port` means. Each is free for TCP and for UDP. */
  readonly ports: readonly [Port, ...Port[]];
  /** Writes what the server needs into its work folder. @returns its processes, in the order in which they are started */
  prepare(work: Work<Port>, options: Options): readonly Command[];
}

/** Lets the compiler infer the names of the ports and the options. */
export function definePeer<const Port extends string, Options extends object>(
  definition: PeerDefinition<Port, Options>,
): PeerDefinition<Port, Options> {
  return definition;
}

export const tcp = <Port extends string>(work: Work<Port>, port: Port): Ready => ({
  transport: "tcp",
  address: work.address,
  port: work.ports[port],
});

export const quic = <Port extends string>(work: Work<Port>, port: Port): Ready => ({
  transport: "quic",
  address: work.address,
  port: work.ports[port],
});
