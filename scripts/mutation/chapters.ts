import { matchesGlob } from 'node:path';

/** A part of the core, and the tests that answer for it. */
export interface Chapter {
  /** Globs of the sources that are mutated. */
  readonly mutate: readonly string[];
  /** Test files and folders that must notice. All of them run the sources in their own process. */
  readonly tests: readonly string[];
}

/** What `npm run test:mutation` knows, by name. */
export const chapters: Readonly<Record<string, Chapter>> = {
  rollback: {
    mutate: ['src/tuf/verify/{expiry,rollback}.ts'],
    tests: ['test/tuf/rollback.test.ts'],
  },
  marks: {
    mutate: ['src/tuf/verify/marks.ts', 'src/tuf/roots/key-rotation.ts'],
    tests: ['test/tuf/verify/marks.test.ts'],
  },
  delegations: {
    mutate: ['src/tuf/verify/{delegation-tree,delegations}.ts'],
    tests: ['test/tuf/verify/delegations.test.ts', 'test/tuf/delegation-tree.test.ts'],
  },
  chain: { mutate: ['src/tuf/verify/chain.ts'], tests: ['test/tuf/verify/chain.test.ts'] },
  strays: { mutate: ['src/tuf/verify/strays.ts'], tests: ['test/tuf/verify/strays.test.ts'] },
  verify: {
    mutate: [
      'src/tuf/verify/*.ts',
      '!src/tuf/verify/{*.worker,chain,delegation-tree,delegations,expiry,marks,rollback,strays}.ts',
    ],
    tests: ['test/tuf/verify.test.ts', 'test/tuf/mutations.test.ts', 'test/tuf/corpus.test.ts'],
  },
  roots: {
    mutate: ['src/tuf/roots/*.ts', '!src/tuf/roots/key-rotation.ts'],
    tests: ['test/tuf/roots/root-chain.test.ts'],
  },
  threshold: { mutate: ['src/tuf/keys/threshold.ts'], tests: ['test/tuf/threshold.test.ts'] },
  keyring: { mutate: ['src/tuf/keys/{keyring,scheme,ec-point}.ts'], tests: ['test/tuf/keyring.test.ts'] },
  'role-keys': {
    mutate: ['src/tuf/keys/{key,role-keys}.ts'],
    tests: ['test/tuf/metadata/limits.test.ts'],
  },
  'key-review': {
    mutate: ['src/tuf/keys/{key-review,server-keys}.ts'],
    tests: ['test/tuf/keys'],
  },
  parsing: {
    mutate: ['src/tuf/metadata/{envelope,link,snapshot,succinct,targets,timestamp,root,version}.ts'],
    tests: ['test/tuf/metadata', 'test/tuf/plain-fields.test.ts', 'test/tuf/delegation-tree.test.ts'],
  },
  metadata: {
    mutate: ['src/tuf/metadata/{artifact-lint,catalogue,expires,file-names,format,role-names}.ts'],
    tests: [
      'test/tuf/artifact-lint.test.ts',
      ...['catalogue', 'expires', 'file-names', 'role-names'].map(
        (name) => `test/tuf/metadata/${name}.test.ts`,
      ),
    ],
  },
  json: { mutate: ['src/tuf/json/*.ts'], tests: ['test/tuf/json', 'test/tuf/artifact-lint.test.ts'] },
  plan: {
    mutate: ['src/recovery/plan/*.ts', '!src/recovery/plan/sources.ts'],
    tests: [
      'test/recovery/planner.test.ts',
      'test/recovery/infer.test.ts',
      'test/recovery/lifetime-value.test.ts',
      'test/recovery/sources.test.ts',
      'test/recovery/legacy-root.test.ts',
    ],
  },
  sources: { mutate: ['src/recovery/plan/sources.ts'], tests: ['test/recovery/sources.test.ts'] },
  state: {
    mutate: ['src/recovery/state/{classify,observed-state}.ts'],
    tests: ['test/recovery/classify.test.ts'],
  },
  decisions: {
    mutate: ['src/recovery/{confirm,decide,ending,lock-holding,retry,trust}.ts'],
    tests: [
      'test/recovery/decide.test.ts',
      'test/recovery/planner.test.ts',
      'test/recovery/trust.test.ts',
      'test/recovery/ending.test.ts',
      'test/recovery/retry.test.ts',
      'test/recovery/lock-holding.test.ts',
    ],
  },
  'unfinished-bootstrap': {
    mutate: ['src/recovery/unfinished-bootstrap.ts'],
    tests: ['test/recovery/trust.test.ts', 'test/recovery/unfinished-bootstrap.test.ts'],
  },
  'script-replies': { mutate: ['src/redis/scripts.ts'], tests: ['test/redis/scripts.test.ts'] },
  'redis-errors': { mutate: ['src/redis/errors.ts'], tests: ['test/redis/errors.test.ts'] },
  redis: {
    mutate: ['src/redis/{redis-state-store,state-store}.ts'],
    tests: ['test/redis/state-store.test.ts', 'test/redis/apply-acl.test.ts', 'test/redis/taxonomy.test.ts'],
  },
  tokens: {
    mutate: ['src/shim/auth/{token-verifier,bearer,shared-secret}.ts'],
    // Not attacks-tokens.test.ts, which sends ten thousand requests to a whole shim for each change.
    tests: ['test/shim/token-verifier.test.ts'],
  },
  issuers: {
    mutate: ['src/shim/auth/{issuer-keys,key-documents}.ts'],
    tests: ['test/shim/issuer-keys.test.ts', 'test/shim/token-verifier.test.ts'],
  },
  callers: { mutate: ['src/shim/auth/caller-role.ts'], tests: ['test/shim/caller-role.test.ts'] },
};

/**
 * One source file of a chapter, with the tests of the chapter: an hour's work in parts. Undefined for a file
 * of none.
 */
export function chapterOfFile(file: string): Chapter | undefined {
  const chapter = Object.values(chapters).find(({ mutate }) => {
    const matches = (glob: string): boolean => matchesGlob(file, glob.replace(/^!/, ''));
    return (
      mutate.some((glob) => !glob.startsWith('!') && matches(glob)) &&
      !mutate.some((glob) => glob.startsWith('!') && matches(glob))
    );
  });
  return chapter && { ...chapter, mutate: [file] };
}

/** The tests that answer for each of the Lua scripts. */
export const scriptTests: Readonly<Record<string, readonly string[]>> = {
  'apply.lua': ['test/redis/state-store.test.ts', 'test/redis/apply-acl.test.ts'],
  'lock.lua': ['test/redis/state-store.test.ts'],
  'observe.lua': ['test/redis/state-store.test.ts'],
  'refused.lua': ['test/redis/refused-commands.test.ts'],
  'release.lua': ['test/redis/state-store.test.ts'],
  'renew.lua': ['test/redis/state-store.test.ts'],
  'search.lua': ['test/redis/state-store.test.ts'],
};
