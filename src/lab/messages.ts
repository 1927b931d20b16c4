/** What the process of a lab server and the one that started it say to each other, over Node's IPC channel (JSON). */
import type { LabKind } from "./kinds.js";
import type { LabOptions } from "./options.js";

export interface StartMessage {
  readonly kind: LabKind;
  readonly options: LabOptions;
}

export type StartedMessage =
  | { readonly state: "listening"; readonly address: string; readonly port: number }
  | { readonly state: "failed"; readonly exitCode: number; readonly message: string };
