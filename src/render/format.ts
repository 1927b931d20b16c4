/** The names of the formats apart from the renderers, so that the command line can list them without loading any. */
export const FORMATS = ["table", "json", "markdown", "hlog", "junit", "sarif", "github", "html"] as const;
export type Format = (typeof FORMATS)[number];
