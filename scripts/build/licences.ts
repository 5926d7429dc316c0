import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundledPackage } from './bundled-packages.ts';

/** The licence texts of every bundled package: bundling them is distributing them. */
export async function licences(root: string, packages: readonly BundledPackage[]): Promise<string> {
  const texts: string[] = [];
  for (const { directory, name, version, licence } of packages) {
    const files = await readdir(join(root, directory));
    const file = files.find((each) => /^(licen[cs]e|copying)/i.test(each));
    const text =
      file === undefined ? `Licence: ${licence}` : await readFile(join(root, directory, file), 'utf8');
    texts.push(`## ${name} ${version}\n\n${text.trim()}\n`);
  }
  return `# Licences of the packages in this bundle\n\n${texts.join('\n')}`;
}
