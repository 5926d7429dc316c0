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

/** Words that hide who does what, that belong to spoken language or are misspelt; each with what to write. */
const vagueWords: readonly (readonly [string, string])[] = [
  ['somebody', 'name the actor: another client, a person, an attacker'],
  ['anybody', 'name the actor, or use the passive'],
  ['everybody', 'name the group: every user, all others'],
  ['nobody', 'name what is missing: no policy, no holder, no process'],
  ['whoever', 'name the actor: the caller, the next leader, the user who'],
  ['can not', "write cannot or can't"],
  ['by itself', 'write automatically, alone, or leave it out'],
  ['by themselves', 'write automatically, alone, or leave it out'],
  ['made of', 'write consists of; an options type is "Options of"'],
  ['looked at', 'say what is done: read, checked, probed, verified, reconciled'],
  ['told', 'say what is done: reported, called, configured, refused, distinguished'],
  ['goes on', 'write continues'],
  ['went on', 'write continued'],
];
/** Between two words of a phrase: a space, or a line break with what opens the next line of a comment. */
const gap = String.raw`\s+(?:(?://|[*#]|--)\s+)?`;
const phrases = vagueWords.map(([words]) => words.replaceAll(' ', gap));
const vague = new RegExp(String.raw`\b(?:${phrases.join('|')})\b`, 'gi');
/** A quoted string without a space is a name, such as a user's; an entry of a password file is data, too. */
const data = /(['"`])[^'"`\s]*\1|^nobody:x:.*$/gm;

/** Between two words of a name in code, `likeThis` or `LIKE_THIS`. */
const seams = /(?<=[a-z])(?=[A-Z])|_/g;

/** Words of {@link vagueWords} in pages, comments, messages, titles of tests, and names in code. */
export function vagueWordsIn(file: string, text: string): readonly Problem[] {
  const readable = text.replaceAll(data, '').replaceAll(seams, ' ');
  return [...readable.matchAll(vague)].map(({ 0: found, index }) => {
    const words = found.replaceAll(/\W+/g, ' ');
    const [, advice] = vagueWords.find(([known]) => known === words.toLowerCase()) ?? [];
    return { file, line: readable.slice(0, index).split('\n').length, what: `"${words}": ${advice}` };
  });
}
