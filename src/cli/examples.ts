/** What people do with each command; --help, the reference page and the man page show it. */
export const commandExamples: Readonly<Record<string, readonly string[]>> = {
  verify: ['tuf-recovery verify ./backup/tuf_metadata/alice/tuf --root-sha256 2c26b4…'],
  plan: [
    'tuf-recovery plan --admin alice --app tuf --storage s3://updates --redis redis://redis:6379/0 --root 1.root.json',
  ],
  recover: [
    'tuf-recovery recover --admin alice --app tuf --storage s3://updates --redis redis://redis:6379/0 --root 1.root.json',
  ],
  check: [
    'kubectl tuf-recovery check alice/tuf -n faynosync',
    'tuf-recovery check alice/tuf --storage s3://updates --redis redis://redis:6379/0 --root 1.root.json',
  ],
  status: ['kubectl tuf-recovery status -A', 'kubectl tuf-recovery status alice/tuf --watch'],
  dashboard: ['kubectl tuf-recovery dashboard -n updates'],
  describe: ['kubectl tuf-recovery describe tuf-x7k2p'],
  run: [
    'kubectl tuf-recovery run alice/tuf --wait',
    'kubectl tuf-recovery run alice/tuf --verify --wait --ttl 1d',
  ],
  approve: ['kubectl tuf-recovery approve tuf-x7k2p --wait'],
  cancel: ['kubectl tuf-recovery cancel tuf-x7k2p'],
  diff: ['kubectl tuf-recovery diff alice/tuf'],
  logs: ['kubectl tuf-recovery logs tuf-x7k2p', 'kubectl tuf-recovery logs alice/tuf --follow'],
  suspend: ['kubectl tuf-recovery suspend policy/guard'],
  resume: ['kubectl tuf-recovery resume policy/guard'],
  'support-bundle': ['kubectl tuf-recovery support-bundle --file bundle.yaml'],
  report: ['kubectl tuf-recovery report tuf-x7k2p', 'kubectl tuf-recovery report tuf-x7k2p --html'],
  wait: ['kubectl tuf-recovery wait tuf-x7k2p --timeout 5m'],
  version: ['kubectl tuf-recovery version', 'kubectl tuf-recovery version --client'],
  target: [
    'kubectl tuf-recovery target create default --env-file .env --root 1.root.json -n faynosync',
    'kubectl tuf-recovery target create default --env-file .env --root 1.root.json --dry-run -o yaml',
  ],
  controller: ['tuf-recovery controller --namespaces faynosync'],
  shim: ['tuf-recovery shim --jwt-secret-file secret --admin alice'],
  conformance: ['tuf-recovery conformance --metadata-dir trusted init 1.root.json'],
  completion: ['source <(tuf-recovery completion bash)'],
};
