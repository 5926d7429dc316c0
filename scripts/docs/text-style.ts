import type { Problem } from './problem.ts';

const comment = /^\s*(?:\/\/|\/?\*|--)/;
/** A word that can't be broken, such as an address, may stand on a line of its own however long it is. */
const unbreakable = /^\s*(?:\/\/|\/?\*\*?|--)\s*(?:`[^`]*`|\S+)(?:\s*\*\/)?$/;

/** Comment lines of source code beyond `width` columns. */
export function wideComments(file: string, text: string, width: number): readonly Problem[] {
  return linesOf(text).flatMap(([line, content]) =>
    comment.test(content) && content.length > width && !unbreakable.test(content)
      ? [{ file, line, what: `the comment is ${content.length} columns wide: break it at ${width}` }]
      : [],
  );
}

/** Apostrophes and single quotes other than ASCII's. */
export function typographicApostrophes(file: string, text: string): readonly Problem[] {
  return linesOf(text).flatMap(([line, content]) =>
    /[\u2018\u2019]/.test(content) ? [{ file, line, what: "write the apostrophe as '" }] : [],
  );
}

function linesOf(text: string): readonly (readonly [number, string])[] {
  return text.split('\n').map((content, index) => [index + 1, content] as const);
}
