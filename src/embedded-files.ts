/**
 * Files that are read beside the program, as texts: path → content. Empty, except in the program of one file,
 * where the build (scripts/build/single-file.ts) puts another module in place of this one.
 */
export const embeddedFiles: ReadonlyMap<string, string> = new Map();
