import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEnvironment } from '../../src/cli/options/env.ts';
import type { ShimFlags } from '../../src/cli/options/shim-flags.ts';
import { shimTrust } from '../../src/cli/options/shim-trust.ts';
import { TokenVerifier } from '../../src/shim/auth/token-verifier.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { sign } from './support/tokens.ts';

let directory: TemporaryDirectory;

beforeAll(async () => {
  directory = await temporaryDirectory('secrets');
});

afterAll(async () => {
  await directory?.[Symbol.asyncDispose]();
});

test("files of secrets are read again after five seconds; those before stay in use where they can't be read", async () => {
  const file = join(directory.path, 'JWT_SECRET');
  await writeFile(file, 'the first secret, which has more than 32 bytes\n');
  const clock = new ManualClock();
  const lines: Record<string, unknown>[] = [];
  // Each line is an object that pino made.
  const write = (line: string): number => lines.push(JSON.parse(line) as Record<string, unknown>);
  const flags: Partial<ShimFlags> = {
    ...{ jwtSecretFile: [file], admin: ['alice'], usernameClaim: 'username', clockTolerance: 0 },
    allowTokensWithoutExpiry: true,
  };
  const { keys, rules } = await shimTrust(
    // The flags that are read here; the others have no part in it.
    flags as ShimFlags,
    readEnvironment({}),
    { clock, random: () => 0, logger: pino({}, { write }) },
  );
  const verifier = new TokenVerifier(keys, rules, () => clock.now());
  let serial = 0;
  const accepts = async (secret: string): Promise<boolean> => {
    serial += 1;
    const token = sign({ username: 'alice', jti: String(serial) }, { secret });
    return await verifier.verify(token).then(
      () => true,
      () => false,
    );
  };
  const first = 'the first secret, which has more than 32 bytes';
  const second = 'the second secret, which has more than 32 bytes';
  await writeFile(file, second);
  expect([await accepts(first), await accepts(second)]).toEqual([true, false]);
  clock.jump(5_000);
  expect([await accepts(first), await accepts(second)]).toEqual([false, true]);
  for (const damage of [() => writeFile(file, '\n'), () => rm(file)]) {
    await damage();
    clock.jump(5_000);
    expect([await accepts(first), await accepts(second), await accepts('')]).toEqual([false, true, false]);
  }
  await writeFile(file, first);
  clock.jump(5_000);
  expect([await accepts(first), await accepts(second)]).toEqual([true, false]);
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [50, 'the shared secrets cannot be read again; those read before stay in use'],
    [30, 'the shared secrets were read again'],
  ]);
  expect(JSON.stringify(lines)).not.toContain('the first secret');
});
