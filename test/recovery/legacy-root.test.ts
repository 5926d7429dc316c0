import { expect, test } from 'vitest';
import { withLegacyRootRenamed } from '../../src/recovery/plan/legacy-root.ts';
import { listAll } from '../harness/list-all.ts';
import { MemorySource } from '../tuf/generator/memory-source.ts';

const bucket = (...names: readonly string[]) =>
  withLegacyRootRenamed(new MemorySource(new Map(names.map((name) => [name, Buffer.from(name)]))));

async function namesIn(source: ReturnType<typeof bucket>): Promise<readonly string[]> {
  return (await listAll(source)).map(({ name }) => name).sort();
}

async function read(source: ReturnType<typeof bucket>, name: string): Promise<string> {
  return Buffer.from(await source.get(name, { maxBytes: 100 })).toString();
}

test('root.json is version 1 where it is the only root', async () => {
  const source = bucket('root.json', 'timestamp.json');
  expect(await namesIn(source)).toEqual(['1.root.json', 'timestamp.json']);
  expect(await read(source, '1.root.json')).toBe('root.json');
  expect(await read(source, 'timestamp.json')).toBe('timestamp.json');
});

test('what was not listed is read under its own name', async () => {
  expect(await read(bucket('root.json', '1.root.json'), '1.root.json')).toBe('1.root.json');
  const empty = bucket('timestamp.json');
  await namesIn(empty);
  await expect(read(empty, '1.root.json')).rejects.toThrow(/\b1\.root\.json/);
});

test('beside another root it is a copy', async () => {
  const source = bucket('root.json', '3.root.json', '1.root.json');
  expect(await namesIn(source)).toEqual(['1.root.json', '3.root.json', 'root.json']);
  expect(await read(source, '1.root.json')).toBe('1.root.json');
});

test('a bucket without it stays as it is', async () => {
  const source = bucket('timestamp.json', '1.root.json');
  expect(await namesIn(source)).toEqual(['1.root.json', 'timestamp.json']);
  expect(await read(source, '1.root.json')).toBe('1.root.json');
});
