import { createHash } from 'node:crypto';
import { type TestKey, testKey } from '../tuf/generator/keys.ts';
import { type Draft, MetadataFile } from '../tuf/generator/metadata-file.ts';
import { appOf, type GoldenApp, type GoldenAppName, type GoldenMoment, goldenApp } from './golden.ts';

type GoldenObject = GoldenApp['objects'][number];

/** A metadata file as the recording holds it. */
interface Envelope {
  readonly signatures: readonly { readonly keyid: string }[];
  readonly signed: Draft;
}

/** What a parent says about a file. */
interface Link {
  readonly version: number;
  readonly length?: number;
  readonly hashes?: { readonly sha256: string };
}

/** What the server would have recorded an hour ago, in a process that knows no other time. */
const RECORDED = new Date('2026-11-23T11:00:00Z');
const NEWEST = Math.floor((Date.now() - 3_600_000) / 1000) * 1000;

/**
 * A recorded app as the server would have left it an hour ago, for those who judge it by their own clock: the
 * same roles, lifetimes, versions and settings, with every date moved along, signed with keys of this test
 * suite. A recorded key has the same stand-in in every app and moment, so that one moment still follows
 * another.
 */
export async function freshApp(name: GoldenAppName, moment?: GoldenMoment): Promise<GoldenApp> {
  return resigned(await goldenApp(name, moment));
}

function resigned(app: GoldenApp): GoldenApp {
  const move = (date: Date): Date => new Date(date.getTime() + NEWEST - RECORDED.getTime());
  const keys = keysOf(app.objects);
  const sealed = new Map<string, Buffer>();
  const link = (recorded: Link, name: string): Link => {
    const bytes = sealed.get(name);
    if (bytes === undefined || recorded.hashes === undefined) {
      return recorded;
    }
    return {
      ...recorded,
      length: bytes.length,
      hashes: { sha256: createHash('sha256').update(bytes).digest('hex') },
    };
  };
  // Parents name the digests of their children, so these are signed first.
  for (const object of app.objects.toSorted((a, b) => height(a) - height(b))) {
    const { signatures, signed } = parse(withOurIDs(object, keys));
    signed['expires'] = `${move(new Date(String(signed['expires'])))
      .toISOString()
      .slice(0, 19)}Z`;
    replaceKeys(signed, keys);
    if (height(object) > 0) {
      // The recording is ours and fixed: snapshots and timestamps have a meta of links.
      const meta = Object.entries(signed['meta'] as Readonly<Record<string, Link>>);
      signed['meta'] = Object.fromEntries(
        meta.map(([name, recorded]) => [name, link(recorded, `${recorded.version}.${name}`)]),
      );
    }
    const signers = [...keys.values()].filter(({ keyid }) => signatures.some((each) => each.keyid === keyid));
    sealed.set(object.name, new MetadataFile(object.name, signed, signers).seal());
  }
  const objects = app.objects.map((object) => ({
    ...object,
    body: sealed.get(object.name) ?? object.body,
    lastModified: move(object.lastModified),
  }));
  return appOf({ ...app, objects, newest: move(app.newest) });
}

/** 0 for what names no digests, then snapshots, then the timestamp. */
function height({ name }: GoldenObject): number {
  if (name === 'timestamp.json') {
    return 2;
  }
  return name.endsWith('.snapshot.json') ? 1 : 0;
}

/** Recorded key id → the key that stands in for it. */
function keysOf(objects: readonly GoldenObject[]): ReadonlyMap<string, TestKey> {
  const keys = new Map<string, TestKey>();
  for (const object of objects) {
    for (const listed of keyLists(parse(textOf(object)).signed)) {
      for (const [id, { keytype }] of Object.entries(listed)) {
        keys.set(id, testKey(`stands in for ${id}`, keytype === 'ecdsa' ? 'p256' : 'ed25519'));
      }
    }
  }
  return keys;
}

/** The places of a file that list keys by id. */
function keyLists(signed: Draft): readonly Record<string, { readonly keytype: string }>[] {
  // The recording is ours and fixed: roots list keys, and files that delegate do.
  const { keys, delegations } = signed as {
    readonly keys?: Record<string, { readonly keytype: string }>;
    readonly delegations?: { readonly keys?: Record<string, { readonly keytype: string }> };
  };
  return [keys, delegations?.keys].filter((list) => list !== undefined);
}

/** Puts the metadata of our keys where the recorded ones are listed, under ids that are ours already. */
function replaceKeys(signed: Draft, keys: ReadonlyMap<string, TestKey>): void {
  const byID = new Map([...keys.values()].map((key) => [key.keyid, key]));
  for (const listed of keyLists(signed)) {
    for (const id of Object.keys(listed)) {
      const key = byID.get(id);
      if (key !== undefined) {
        listed[id] = structuredClone(key.metadata);
      }
    }
  }
}

function withOurIDs(object: GoldenObject, keys: ReadonlyMap<string, TestKey>): string {
  return textOf(object).replaceAll(/[0-9a-f]{64}/g, (id) => keys.get(id)?.keyid ?? id);
}

function textOf({ body }: GoldenObject): string {
  return Buffer.from(body).toString('utf8');
}

function parse(text: string): Envelope {
  // The recording is ours and fixed; a wrong shape shows at once in the tests that use it.
  return JSON.parse(text) as Envelope;
}
