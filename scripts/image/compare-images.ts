import type { Contents } from './check-image.ts';

/**
 * What of the configuration the Dockerfile sets as a whole; its environment and labels add to those of the
 * base.
 */
const SETTINGS = ['User', 'WorkingDir', 'Entrypoint', 'Cmd'] as const;

/**
 * How two images differ in what the Dockerfile makes of them, whatever their bases are: one line for each
 * difference.
 *
 * @param directory the program's, for example `app`
 */
export function differences(first: Contents, second: Contents, directory: string): readonly string[] {
  const found: string[] = [];
  const files = (contents: Contents): ReadonlyMap<string, Uint8Array> =>
    new Map(
      [...contents.files.values()].flatMap(({ path, content }) =>
        path.startsWith(`${directory}/`) && content instanceof Uint8Array ? [[path, content] as const] : [],
      ),
    );
  const [ours, theirs] = [files(first), files(second)];
  for (const path of [...new Set([...ours.keys(), ...theirs.keys()])].sort()) {
    const [a, b] = [ours.get(path), theirs.get(path)];
    if (a === undefined || b === undefined) {
      found.push(`/${path} is only in the ${a === undefined ? 'second' : 'first'}`);
    } else if (Buffer.compare(a, b) !== 0) {
      found.push(`/${path} differs`);
    }
  }
  for (const name of SETTINGS) {
    const [a, b] = [JSON.stringify(first.config[name]), JSON.stringify(second.config[name])];
    if (a !== b) {
      found.push(`${name} is ${a} in the first, ${b} in the second`);
    }
  }
  return found;
}
