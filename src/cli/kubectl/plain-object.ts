/** An object for `-o json`, as `kubectl get` shows it: without the bookkeeping of server-side apply. */
export function plainObject(object: object): unknown {
  return JSON.parse(
    JSON.stringify(object, (key, value: unknown) => (key === 'managedFields' ? undefined : value)),
  );
}
