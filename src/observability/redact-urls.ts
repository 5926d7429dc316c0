/**
 * Takes user and password out of every URL in a text. Argument errors quote the command line, where a Redis
 * URL with a password may stand.
 */
export function redactURLs(text: string): string {
  // Greedy up to the last @: a password may hold one that was not encoded.
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s'"]*@/gi, '$1…@');
}
