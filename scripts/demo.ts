/**
 * `npm run demo`: an app loses its settings and gets them back. First with the engine alone, which needs
 * Redis and a directory, while the parts of a cluster are built that are not there yet; then on Kubernetes.
 * Ends with exit code 0 only when every restored setting equals the original one.
 */
import { writeFile } from 'node:fs/promises';
import { terminalAnimation } from './demo/animation.ts';
import { type ClusterParts, missingParts, startBuilding } from './demo/cluster-parts.ts';
import { showEngine } from './demo/engine.ts';
import { showKubernetes } from './demo/kubernetes.ts';
import { terminalPicture } from './demo/picture.ts';
import { Screen } from './demo/screen.ts';
import { readFlags } from './flags.ts';

const flags = readFlags(
  {
    engine: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    picture: { type: 'string' },
    animation: { type: 'string' },
  },
  `npm run demo [-- --engine] [-- --keep] [-- --picture FILE] [-- --animation FILE]

  --engine           the engine alone: Redis and a directory, no Kubernetes, nothing to build
  --keep             leave everything running afterwards, until Ctrl-C
  --picture FILE     write what was shown as an SVG
  --animation FILE   write it as an SVG that moves as the demo did`,
);

const screen = new Screen(process.stdout);
try {
  process.exitCode = (await demo()) ? 0 : 1;
  if (flags.picture !== undefined) {
    await writeFile(flags.picture, terminalPicture(screen.transcript));
  }
  if (flags.animation !== undefined) {
    await writeFile(flags.animation, terminalAnimation(screen.recording));
  }
} catch (error) {
  screen.settle(`\n  ${screen.red('✗')} ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function demo(): Promise<boolean> {
  if (flags.engine) {
    return showEngine(screen);
  }
  const missing = missingParts(process.env);
  if (missing.length > 0) {
    await using parts = startBuilding(missing);
    if (!(await showEngineMeanwhile(parts))) {
      return false;
    }
    await parts.built(screen);
  }
  return showKubernetes(screen, flags.keep);
}

async function showEngineMeanwhile({ names, effort }: ClusterParts): Promise<boolean> {
  screen.text('');
  screen.text(`On Kubernetes the demo needs ${names.join(', ')}.`);
  screen.text(`They are built now, once for all clones. On two cores: ${effort}.`);
  screen.text('Meanwhile, the engine alone:');
  return showEngine(screen);
}
