import type { Writable } from 'node:stream';
import { stringify } from 'yaml';

/** For machines: what `-o` takes. */
export type ObjectFormat = 'json' | 'yaml';

/** Writes an object as `kubectl get -o` does, without the bookkeeping of server-side apply. */
export function printObject(stdout: Writable, object: object, format: ObjectFormat): void {
  const plain: unknown = JSON.parse(
    JSON.stringify(object, (key, value: unknown) => (key === 'managedFields' ? undefined : value)),
  );
  stdout.write(format === 'json' ? `${JSON.stringify(plain, undefined, 2)}\n` : stringify(plain));
}
