/**
 * `node scripts/compare-images.ts FIRST SECOND`: whether two images hold the same program and run it the same
 * way, whatever their bases are. Each is an archive as `npm run image`, `docker save` or
 * `buildah push … oci-archive:` write it. Exit code 1, and a line for each difference, when they do not.
 */
import { readImage } from './image/check-image.ts';
import { differences } from './image/compare-images.ts';
import { hostArchitecture } from './image/platform.ts';

const [first, second] = process.argv.slice(2);
if (first === undefined || second === undefined) {
  console.error('usage: node scripts/compare-images.ts FIRST SECOND');
  process.exitCode = 64;
} else {
  const architecture = hostArchitecture();
  const found = differences(
    await readImage(first, architecture),
    await readImage(second, architecture),
    'app',
  );
  for (const line of found) {
    console.log(line);
  }
  console.log(found.length === 0 ? 'the same program' : `${found.length} differences`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
