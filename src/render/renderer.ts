import type { Report } from "../report/model.js";

/** What the place where the text will stand can show. */
export interface Terminal {
  /** Columns; 80 when it is not a terminal. */
  readonly columns: number;
  /** 0 none, 1 sixteen colours, 2 256, 3 true colour: as chalk counts. */
  readonly colour: 0 | 1 | 2 | 3;
  /** false: plain ASCII bars and marks. */
  readonly unicode: boolean;
}

/** A renderer turns a report into text that ends with one newline. It decides nothing. */
export type Renderer = (report: Report, terminal: Terminal) => string;
