import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { nextVersion } from '../../../src/tuf/metadata/version.ts';
import type { S3Server } from '../../harness/s3.ts';
import { inAYear, Repository } from '../../tuf/generator/repository.ts';

/** One line of a recording. */
interface RecordedEvent {
  readonly ms: number;
  readonly type: 'redis' | 's3' | 'http';
  readonly cmd?: string;
  readonly args?: readonly (string | object)[];
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
}

/** What the server did for one app in one go, for example a publish. */
export interface RecordedOperation {
  readonly name: string;
  readonly start: string;
  /** The app of the recording. */
  readonly app: string;
  readonly admin: string;
  readonly events: readonly RecordedEvent[];
}

const folder = fileURLToPath(new URL('../../../../shared/data/golden/traces/', import.meta.url));
/** Only what writes: a script's own commands are recorded one by one. */
const writes = /^(set|mset|del|expire|pexpire|rename|setex|psetex|setnx|getdel|persist)$/i;
const dayMs = 86_400_000;
/** Days that a file lives as long as Redis holds no setting of its role. */
const lifetimes: Readonly<Record<string, number>> = { targets: 60, snapshot: 14, timestamp: 2 };
const roleLifetime = 90;
const ids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const moments = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Every recorded operation, in the order of the recording. */
export function recordedOperations(): readonly RecordedOperation[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name): RecordedOperation => {
      const [head, ...events] = readFileSync(`${folder}${name}`, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      // The recording is ours and fixed.
      return { name: head.operation, start: head.start, app: head.app, admin: head.admin, events };
    })
    .sort((a, b) => (a.start < b.start ? -1 : 1));
}

/** An app to which is done again what the server did: the same commands to Redis, the same files. */
export class ReplayedApp {
  readonly admin: string;
  readonly app: string;
  readonly #redis: Redis;
  readonly #s3: S3Server;
  readonly #bucket: string;
  readonly #repository: Repository;
  /** Roles that have a file; the next one has another version. */
  readonly #signed = new Set<string>();
  #roots = 0;

  constructor(redis: Redis, s3: S3Server, bucket: string, admin: string, app: string) {
    this.#redis = redis;
    this.#s3 = s3;
    this.#bucket = bucket;
    this.admin = admin;
    this.app = app;
    this.#repository = new Repository({
      seed: app,
      roots: 8,
      keysPerRole: 2,
      threshold: 2,
      delegations: [{ name: 'default' }, { name: 'Beta-Channel' }],
      expires: inAYear(new Date()),
    });
    this.#signOnlineRolesOnce();
  }

  /** Sends what the server sent, when it sent it, with other texts for those that were not recorded. */
  async replay({ events, app }: RecordedOperation): Promise<void> {
    const started = performance.now();
    for (const event of events) {
      await delay(Math.max(0, event.ms - (performance.now() - started)));
      if (event.type === 'redis' && writes.test(event.cmd ?? '')) {
        const texts = (event.args ?? []).map((arg) => (typeof arg === 'string' ? arg : 'left out'));
        // A task of this morning would be a dead one.
        const now = texts.map((text) =>
          text
            .replaceAll(app, this.app)
            .replaceAll(ids, (id) => this.#own(id))
            .replaceAll(moments, new Date().toISOString()),
        );
        await this.#redis.call(event.cmd ?? '', ...now);
      }
      if (event.type === 's3' && event.method === 'PUT' && event.status === 200) {
        await this.#put(event.path ?? '');
      }
    }
  }

  /** Every key of the app, as it is now. */
  async contents(): Promise<ReadonlyMap<string, string>> {
    const keys = await this.#redis.keys(`*_${this.admin}_${this.app}`);
    const values = await Promise.all(keys.map((key) => this.#redis.get(key)));
    return new Map(keys.map((key, at) => [key, values[at] ?? '']));
  }

  /** Tasks and their locks carry no name of an app: two apps must not share them. */
  #own(id: string): string {
    const hex = createHash('sha256').update(`${this.app} ${id}`).digest('hex');
    return id.replaceAll(/[0-9a-f]/g, (_, at: number) => hex[at] ?? '0');
  }

  /** Root is 2 of 2, as in the recording; the roles that the server signs have one key each. */
  #signOnlineRolesOnce(): void {
    const online = ['targets', 'snapshot', 'timestamp'] as const;
    for (const root of this.#repository.roots) {
      // The generator made these.
      const roles = root.signed['roles'] as Record<string, { keyids: string[]; threshold: number }>;
      for (const role of online) {
        roles[role] = { keyids: roles[role]?.keyids.slice(0, 1) ?? [], threshold: 1 };
      }
    }
    for (const role of online) {
      const file = this.#repository.file(role);
      file.signers = file.signers.slice(0, 1);
    }
  }

  /** The next version of the role that the server wrote there. */
  async #put(path: string): Promise<void> {
    const role = path.replace(/^.*\//, '').replace(/^\d+\.|\.json$/g, '');
    const name = role === 'root' ? this.#nextRoot() : await this.#next(role);
    const body = this.#repository.seal().get(name);
    if (body === undefined) {
      throw new Error(`The recording writes ${path}, which this app does not have.`);
    }
    const key = `tuf_metadata/${this.admin}/${this.app}/${name}`;
    await this.#s3.put(this.#bucket, [{ key, body }]);
  }

  #nextRoot(): string {
    this.#roots += 1;
    return `${this.#roots}.root.json`;
  }

  async #next(role: string): Promise<string> {
    const file = this.#repository.file(role);
    if (this.#signed.has(role)) {
      file.version = nextVersion(file.version);
    }
    this.#signed.add(role);
    const setting = Object.hasOwn(lifetimes, role) ? role.toUpperCase() : role;
    const days = await this.#redis.get(`${setting}_EXPIRATION_${this.admin}_${this.app}`);
    const lifetime = Number(days ?? lifetimes[role] ?? roleLifetime);
    file.signed['expires'] = `${new Date(Date.now() + lifetime * dayMs).toISOString().slice(0, 19)}Z`;
    return role === 'timestamp' ? 'timestamp.json' : `${file.version}.${role}.json`;
  }
}
