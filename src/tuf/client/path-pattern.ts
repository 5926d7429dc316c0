/** A run of any characters, or a test of exactly one. */
type Token = typeof ANY_RUN | ((character: string) => boolean);

const ANY_RUN = Symbol('*');

/**
 * Whether a PATHPATTERN covers a target path (spec 4.5): `*`, `?` and `[…]` as in glob(7), none of which
 * matches a slash. As in the reference clients a leading dot is an ordinary character, and there are no named
 * classes.
 */
export function matchesPathPattern(pattern: string, targetPath: string): boolean {
  const patterns = pattern.split('/');
  const segments = targetPath.split('/');
  return (
    patterns.length === segments.length &&
    patterns.every((part, index) => matchSegment(tokensOf(part), [...(segments[index] ?? '')]))
  );
}

/**
 * Greedy matching with one point of return: linear in practice, never exponential as a regular expression
 * could be.
 */
function matchSegment(tokens: readonly Token[], segment: readonly string[]): boolean {
  let t = 0;
  let s = 0;
  let star = -1;
  let resume = 0;
  while (s < segment.length) {
    const token = tokens[t];
    if (token === ANY_RUN) {
      star = t++;
      resume = s;
    } else if (token?.(segment[s] ?? '') === true) {
      t++;
      s++;
    } else if (star >= 0) {
      t = star + 1;
      s = ++resume;
    } else {
      return false;
    }
  }
  return tokens.slice(t).every((token) => token === ANY_RUN);
}

function tokensOf(pattern: string): readonly Token[] {
  const characters = [...pattern];
  const tokens: Token[] = [];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i];
    const end = character === '[' ? endOfBrackets(characters, i) : -1;
    if (end >= 0) {
      tokens.push(oneOf(characters.slice(i + 1, end)));
      i = end;
    } else if (character === '*') {
      tokens.push(ANY_RUN);
    } else if (character === '?') {
      tokens.push(() => true);
    } else {
      tokens.push((other) => other === character);
    }
  }
  return tokens;
}

/** Where the brackets opened at `start` close, or −1; the first character inside, even `]`, is a member. */
function endOfBrackets(characters: readonly string[], start: number): number {
  return characters.indexOf(']', start + (characters[start + 1] === '!' ? 3 : 2));
}

/** The characters, ranges such as `a-z`, or after `!` all others that stand between brackets. */
function oneOf(inside: readonly string[]): (character: string) => boolean {
  const negated = inside[0] === '!';
  const members = negated ? inside.slice(1) : inside;
  const ranges: (readonly [first: number, last: number])[] = [];
  for (let i = 0; i < members.length; i++) {
    const isRange = members[i + 1] === '-' && i + 2 < members.length;
    const last = isRange ? i + 2 : i;
    ranges.push([codePoint(members[i]), codePoint(members[last])]);
    i = last;
  }
  return (character) => {
    const point = codePoint(character);
    return ranges.some(([first, last]) => first <= point && point <= last) !== negated;
  };
}

function codePoint(character: string | undefined): number {
  return character?.codePointAt(0) ?? -1;
}
