import { forEachInTurns } from '../../async/in-turns.ts';
import { parseVersionedName } from '../../faynosync/layout.ts';
import type { ListedObject } from '../../storage/source.ts';
import type { RoleFacts, Trusted } from '../../tuf/verify/verification.ts';

/** So many files written in the second of the head say as much as more of them. */
const MAX_SAME_SECOND = 2;

/** A file whose lifetime is asked for, and the versions that were uploaded before it. */
interface Head {
  /** Versions below this one count. */
  readonly below: number;
  readonly second: number | undefined;
  readonly sameSecond: Date[];
  latest: Date | undefined;
}

/**
 * When the versions before each verified file were uploaded: of each role only what {@link inferDays} asks
 * for, so that memory is proportional to what was verified and not to what was listed.
 */
export class Uploads {
  readonly #heads = new Map<string, Head>();
  /** The heads that a role's files come before: for snapshot two, its own and the timestamp's. */
  readonly #byRole = new Map<string, Head[]>();

  /** Collects them from a listing of any length, without blocking the event loop. */
  static async read(trusted: Trusted, listing: Iterable<ListedObject>): Promise<Uploads> {
    const uploads = new Uploads(trusted);
    await forEachInTurns(trusted.delegated, (role) => uploads.expect(role));
    await forEachInTurns(listing, (object) => uploads.add(object));
    return uploads;
  }

  constructor({ targets, snapshot, timestamp }: Pick<Trusted, 'targets' | 'snapshot' | 'timestamp'>) {
    this.#expect('targets', 'targets', targets.version, targets.object);
    this.#expect('snapshot', 'snapshot', snapshot.version, snapshot.object);
    // Overwritten in place, so it has no history; each publish writes it right after a snapshot.
    this.#expect('timestamp', 'snapshot', snapshot.version + 1, timestamp.object);
  }

  /** Says that the versions before this delegated role's file count, before any object is added. */
  expect({ role, version, object }: RoleFacts): void {
    this.#expect(delegatedKey(role), role, version, object);
  }

  add({ name, lastModified }: Pick<ListedObject, 'name' | 'lastModified'>): void {
    const file = parseVersionedName(name);
    for (const head of this.#byRole.get(file?.role ?? '') ?? []) {
      if (file === undefined || file.version >= head.below) {
        continue;
      }
      if (head.latest === undefined || lastModified > head.latest) {
        head.latest = lastModified;
      }
      if (head.sameSecond.length < MAX_SAME_SECOND && secondOf(lastModified) === head.second) {
        head.sameSecond.push(lastModified);
      }
    }
  }

  /** The latest upload before the head, and some of the head's own second. */
  before(key: string): readonly Date[] {
    const { latest, sameSecond = [] } = this.#heads.get(key) ?? {};
    return [...new Set(latest === undefined ? sameSecond : [latest, ...sameSecond])];
  }

  #expect(key: string, role: string, below: number, object: ListedObject | undefined): void {
    const second = object && secondOf(object.lastModified);
    const head: Head = { below, second, sameSecond: [], latest: undefined };
    this.#heads.set(key, head);
    const heads = this.#byRole.get(role);
    if (heads === undefined) {
      this.#byRole.set(role, [head]);
    } else {
      heads.push(head);
    }
  }
}

/** The key of a delegated role, which may have any name. */
export function delegatedKey(role: string): string {
  return `delegated ${role}`;
}

function secondOf(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}
