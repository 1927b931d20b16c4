/** HTML and SVG from text. Whatever a report holds comes out as text. */

/** A piece of HTML, so that text cannot be taken for it by mistake. */
export interface Html {
  readonly html: string;
}

type Content = string | Html | readonly (string | Html)[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

const inner = (content: Content): string => {
  if (typeof content === "string") return escaped(content);
  return "html" in content ? content.html : content.map(inner).join("");
};

const VOID = new Set(["meta", "line", "rect", "path", "circle"]);

/** An element; attributes that are null are left out. */
export function el(
  name: string,
  attributes: Readonly<Record<string, string | number | null>>,
  ...content: readonly Content[]
): Html {
  const pairs = Object.entries(attributes).flatMap(([key, value]) =>
    value === null ? [] : [` ${key}="${escaped(String(value))}"`],
  );
  const open = `<${name}${pairs.join("")}>`;
  const body = content.map(inner).join("");
  return { html: VOID.has(name) && body === "" ? open.replace(/>$/, "/>") : `${open}${body}</${name}>` };
}

/** Prose, its code between backticks set as code. */
export function prose(text: string): Html {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return { html: escaped(text) };
  return { html: parts.map((part, at) => (at % 2 === 0 ? escaped(part) : el("code", {}, part).html)).join("") };
}

export const list = (items: readonly string[]): Html =>
  el(
    "ul",
    {},
    items.map((item) => el("li", {}, prose(item))),
  );

/** Lines whose columns must stay under each other. */
export const pre = (lines: readonly string[]): Html => el("pre", { tabindex: 0 }, lines.join("\n"));

/** @param numbers for each column whether it is set to the right */
export function table(
  head: readonly Content[],
  rows: readonly (readonly Content[])[],
  numbers: readonly boolean[],
): Html {
  const cell = (tag: "th" | "td") => (content: Content, at: number) =>
    el(tag, { class: numbers[at] === true ? "number" : null }, content);
  const body = rows.map((row) => el("tr", {}, row.map(cell("td"))));
  return el(
    "div",
    { class: "wide" },
    el("table", {}, el("thead", {}, el("tr", {}, head.map(cell("th")))), el("tbody", {}, body)),
  );
}
