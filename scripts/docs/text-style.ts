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

/** Words that hide who does what, or say it as spoken language does; each with what to write. */
const vagueWords: readonly (readonly [string, string])[] = [
  ['somebody', 'name the actor: another client, a person, an attacker'],
  ['anybody', 'name the actor, or use the passive'],
  ['everybody', 'name the group: every user, all others'],
  ['nobody', 'name what is missing: no policy, no holder, no process'],
  ['whoever', 'name the actor: the caller, the next leader, the user who'],
  ['by itself', 'write automatically, alone, or leave it out'],
  ['by themselves', 'write automatically, alone, or leave it out'],
  ['made of', 'write consists of; an options type is "Options of"'],
  ['looked at', 'say what is done: read, checked, probed, verified, reconciled'],
  ['told', 'say what is done: reported, called, configured, refused, distinguished'],
  ['goes on', 'write continues'],
  ['went on', 'write continued'],
];
const vague = new RegExp(`\\b(${vagueWords.map(([word]) => word).join('|')})\\b`, 'gi');
/** The account and group of that name. */
const accountName = /^nobody:x:/;

/** Words of {@link vagueWords} in a text for readers, which includes comments and messages. */
export function vagueWordsIn(file: string, text: string): readonly Problem[] {
  return linesOf(text)
    .filter(([, content]) => !accountName.test(content))
    .flatMap(([line, content]) =>
      [...content.matchAll(vague)].map(([found]) => {
        const [, advice] = vagueWords.find(([word]) => word === found.toLowerCase()) ?? [];
        return { file, line, what: `"${found}": ${advice}` };
      }),
    );
}
