import { fileURLToPath } from 'node:url';

/**
 * The program as a user of a clone starts it. It runs the bundle of `npm run setup` where no source is newer,
 * which starts with a quarter of the work, and becomes the Node.js process: signals reach that one.
 */
export const LAUNCHER = fileURLToPath(new URL('../../bin/tuf-recovery', import.meta.url));
