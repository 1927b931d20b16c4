/** One renderer at a time: JSON, which programs ask for, needs none of the code that lays out text. */
import type { Format } from "./format.js";
import type { Renderer } from "./renderer.js";

export async function loadRenderer(format: Format): Promise<Renderer> {
  if (format === "json") return (await import("./json.js")).json;
  return (await import("./index.js")).renderers[format];
}
