/** One line of a log in JSON. */
export type JSONLine = Readonly<Record<string, unknown>>;

/**
 * The JSON lines of a log that may still be written to: a last line without its end, and what is no JSON
 * line, such as what Node.js itself says, are left out.
 */
export function jsonLines(log: string): readonly JSONLine[] {
  return (
    log
      .slice(0, log.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line.startsWith('{'))
      // What begins with a brace and is JSON is an object.
      .map((line) => JSON.parse(line) as JSONLine)
  );
}
