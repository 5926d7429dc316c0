import { importsUnder } from '../../scripts/architecture/imports.ts';

/**
 * Who imports one of these, however far down, starts programs: Redis, S3, the API server, the product itself.
 */
const STARTS_PROGRAMS: ReadonlySet<string> = new Set([
  'node:child_process',
  'test/harness/shared-apiserver.ts',
]);

/**
 * The test files that start no program, by what they import: those of the fast lane, `npm run test:unit`.
 *
 * @param root the repository
 */
export function unitTests(root: string): readonly string[] {
  const imports = ['src', 'test', 'scripts'].flatMap((folder) => importsUnder(root, folder));
  const imported = Map.groupBy(
    imports.filter(({ typeOnly }) => !typeOnly),
    ({ from }) => from,
  );
  const startsPrograms = (file: string, seen: Set<string>): boolean => {
    if (STARTS_PROGRAMS.has(file)) {
      return true;
    }
    if (seen.has(file)) {
      return false;
    }
    seen.add(file);
    return (imported.get(file) ?? []).some(({ to }) => startsPrograms(to, seen));
  };
  return [...imported.keys()].filter((file) => file.endsWith('.test.ts') && !startsPrograms(file, new Set()));
}
