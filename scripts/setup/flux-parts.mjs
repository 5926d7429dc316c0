import { pinned } from './pinned.mjs';

/**
 * The Flux controllers that apply manifests from Git: `npm run e2e:flux`.
 *
 * @returns {readonly import('./parts.mjs').GoPart[]}
 */
export function fluxParts() {
  return ['source-controller', 'kustomize-controller'].map((name) => {
    const module = `github.com/fluxcd/${name}`;
    return {
      ...pinned('flux', module),
      name,
      package: module,
      ldflags: '',
      // They print no version; their own flag says that it is the right program.
      versionArgs: ['--help'],
      expected: name === 'source-controller' ? '--storage-adv-addr' : '--no-cross-namespace-refs',
      effort: 'two to three minutes',
      neededFor: ['e2e-flux'],
      override: undefined,
    };
  });
}
