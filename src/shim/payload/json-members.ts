/** A JSON text with a member or an object around it that never ends. */
export class UnexpectedEndError extends Error {
  override readonly name = 'UnexpectedEndError';
}

/** A member of an object: its name, and its value as it stands in the text. */
export interface RawMember {
  readonly name: string;
  /** JSON, for example `"deleg"` or `1.50`. */
  readonly text: string;
}

/** A string, a bracket, a separator, or anything else up to the next of those. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^ \t\r\n"[\]{}:,]+/suy;
const SPACE = /[ \t\r\n]*/uy;

/**
 * The text of the first JSON value. What follows it is left out, because the server reads no further. The
 * value need not be valid: `JSON.parse` is there to say so.
 * @throws {UnexpectedEndError} when the text ends before the value does, or holds none.
 */
export function firstValue(text: string): string {
  const start = matchAt(SPACE, text, 0).length;
  return text.slice(start, endOfValue(text, start));
}

/**
 * The members of an object, in their order, repeated ones included: `JSON.parse` keeps one of each name, and
 * not the text of numbers.
 * @param text an object that `JSON.parse` has accepted
 */
export function membersOf(text: string): readonly RawMember[] {
  const members: RawMember[] = [];
  // Behind the bracket, and behind the comma after each member.
  for (let at = 1; ; at += 1) {
    at += matchAt(SPACE, text, at).length;
    const name = matchAt(TOKEN, text, at);
    if (name === '}') {
      return members;
    }
    const colon = text.indexOf(':', at + name.length);
    const start = colon + 1 + matchAt(SPACE, text, colon + 1).length;
    const end = endOfValue(text, start);
    members.push({ name: String(JSON.parse(name)), text: text.slice(start, end) });
    at = end + matchAt(SPACE, text, end).length;
    if (text[at] === '}') {
      return members;
    }
  }
}

/** Where the value that begins at `start` ends: behind its last bracket, or behind its only token. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    at += matchAt(SPACE, text, at).length;
    const token = matchAt(TOKEN, text, at);
    if (token === '') {
      throw new UnexpectedEndError('the text ends inside of a value');
    }
    depth += token === '{' || token === '[' ? 1 : token === '}' || token === ']' ? -1 : 0;
    at += token.length;
  } while (depth > 0);
  return at;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
