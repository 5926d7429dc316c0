/**
 * Makes text from elsewhere safe to show on a terminal. Role names, keys and stored values may hold anything;
 * escape sequences in them could forge a line, and bidirectional controls could reorder it.
 */
export function terminalText(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
  });
}

/** Control characters (C0, DEL, C1) and the ones that change the direction or hide. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;
