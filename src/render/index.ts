import type { Format } from "./format.js";
import { github } from "./github.js";
import { hlog } from "./hlog.js";
import { html } from "./html/html.js";
import { json } from "./json.js";
import { junit } from "./junit.js";
import { markdown } from "./markdown/markdown.js";
import type { Renderer } from "./renderer.js";
import { sarif } from "./sarif/sarif.js";
import { table } from "./table/table.js";

export type { Format } from "./format.js";

/** A new format is one renderer and one line here; the type makes a missing one a compile error. */
export const renderers: Readonly<Record<Format, Renderer>> = {
  table,
  json,
  markdown,
  hlog,
  junit,
  sarif,
  github,
  html,
};
