/**
 * Fails when an import of src/ points where the architecture does not allow it, when a folder of it has no
 * description in architecture/folders.ts, or when one has grown too large to be seen at a glance. Circles are
 * found by the linter (noImportCycles). Run by `npm run check`.
 */
import { readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { folders } from './architecture/folders.ts';
import { type Import, importsUnder, roomOf } from './architecture/imports.ts';
import { rooms } from './architecture/rooms.ts';

/** Node's own modules that reach outside the process; a pure room may not import them. */
const impureBuiltins = new Set(
  builtinModules
    .map((name) => `node:${name.replace(/^node:/, '')}`)
    .filter((name) => !['node:buffer', 'node:crypto', 'node:util', 'node:assert'].includes(name)),
);

function violation(found: Import): string | undefined {
  const from = roomOf(found.from);
  if (from === undefined) {
    return undefined;
  }
  const room = rooms[from];
  if (room === undefined) {
    return `src/${from} is not a room: add it to scripts/architecture/rooms.ts`;
  }
  const isEdge = (path: string): boolean => room.edges?.some((edge) => path.startsWith(edge)) === true;
  if (room.pure && !isEdge(found.from) && impureBuiltins.has(found.to)) {
    return `src/${from} is pure and may not import ${found.to}`;
  }
  const to = roomOf(found.to);
  if (to === from && isEdge(found.to) && !isEdge(found.from)) {
    return `what is pure in src/${from} may not import its edge`;
  }
  if (to === undefined || to === from || room.mayImport.includes(to)) {
    return undefined;
  }
  return `src/${from} may not import src/${to}`;
}

/** Files of one folder level that a reader takes in at a glance. */
const MOST_FILES = 20;

function crowded(): string[] {
  const files = readdirSync('src', { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const folders = Map.groupBy(files, ({ parentPath }) => parentPath);
  return [...folders].flatMap(([folder, { length }]) =>
    length > MOST_FILES ? [`${folder} has ${length} files: split it by what its files are about`] : [],
  );
}

/** Folders that the table of folders does not describe, and rows of it without a folder. */
function undescribed(): string[] {
  const found = readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => `${parentPath}/${name}`)
    // A room is described in rooms.ts.
    .filter((folder) => folder.split('/').length > 2);
  return [
    ...found
      .filter((folder) => folders[folder] === undefined)
      .map((folder) => `${folder} is new: say in scripts/architecture/folders.ts what it is about`),
    ...Object.keys(folders)
      .filter((folder) => !found.includes(folder))
      .map((folder) => `${folder} is gone: remove it from scripts/architecture/folders.ts`),
  ];
}

const imports = importsUnder(process.cwd(), 'src');
const violations = imports.flatMap((found) => {
  const reason = violation(found);
  return reason === undefined ? [] : [`${found.from}:${found.line}: ${reason} (${found.to})`];
});
violations.push(...crowded(), ...undescribed());
for (const line of violations) {
  console.error(line);
}
console.log(`imports: ${imports.length} checked, ${violations.length} against the architecture`);
process.exitCode = violations.length > 0 ? 1 : 0;
