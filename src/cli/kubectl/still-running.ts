/** What a person who stops watching a run must know. */
export function stillRunning(name: string, namespace: string): string {
  const command = (verb: string): string => `kubectl tuf-recovery ${verb} ${name} -n ${namespace}`;
  return `The run continues. Wait for it: ${command('wait')}. End it: ${command('cancel')}.`;
}
