/**
 * Fails when two files of src/ export the same name: a reader who meets it must not have to ask which one is
 * meant. Run by `npm run check`.
 */
import { globSync, readFileSync } from 'node:fs';

const exported =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|interface|type|enum) (\w+)/gm;

const places = new Map<string, Set<string>>();
for (const file of globSync('src/**/*.{ts,tsx}').sort()) {
  for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(exported)) {
    places.set(name, (places.get(name) ?? new Set()).add(file));
  }
}
const shared = [...places].filter(([, files]) => files.size > 1);
for (const [name, files] of shared) {
  console.error(`${name} is exported by ${[...files].join(' and ')}: name each by what it is`);
}
console.log(`names: ${places.size} exports checked, ${shared.length} ambiguous`);
process.exitCode = shared.length > 0 ? 1 : 0;
