/** One change of a program that a test should notice. */
export interface Mutant {
  /** 1 and up. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** What is replaced by what, wherever it stands. */
const replacements: readonly (readonly [RegExp, string])[] = [
  [/ == /g, ' ~= '],
  [/ ~= /g, ' == '],
  [/ < /g, ' >= '],
  [/ >= /g, ' < '],
  [/ > /g, ' <= '],
  [/ <= /g, ' > '],
  [/ and /g, ' or '],
  [/ or /g, ' and '],
  [/\bnot /g, ''],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/ \+ 1\b/g, ''],
  [/ - 1\b/g, ''],
  [/\b2, #KEYS/g, '3, #KEYS'],
];

/** A statement that can be left out without making the program unreadable. */
const statement =
  /^\s*(redis\.p?call\(.*\)|flush\(\)|(?!for )[\w.[\]#][\w.[\]# +]* = [^{]*|if .* then .* end)\s*$/;

/** Every mutant of a Lua program: an operator turned round, or a statement left out. */
export function luaMutants(source: string): readonly Mutant[] {
  return source.split('\n').flatMap((before, index) => {
    const code = before.replace(/--.*$/, '').trimEnd();
    const changed = replacements.flatMap(([from, to]) =>
      [...code.matchAll(from)].map(
        (match) => code.slice(0, match.index) + to + code.slice(match.index + match[0].length),
      ),
    );
    const left = statement.test(code) && !/^\s*local /.test(code) ? [''] : [];
    return [...changed, ...left].map((after) => ({ line: index + 1, before, after }));
  });
}

/** The program with the one line of the mutant. */
export function withMutant(source: string, { line, after }: Mutant): string {
  return source
    .split('\n')
    .with(line - 1, after)
    .join('\n');
}
