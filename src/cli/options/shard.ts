import { InvalidArgumentError } from 'commander';
import type { Shard } from '../../controllers/operator/shard.ts';

const most = 64;

/** `INDEX/COUNT`, with the index from 0. */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,2})\/(\d{1,2})$/.exec(text) ?? [];
  const [at, of] = [Number(index), Number(count)];
  if (at < of && of <= most) {
    return { index: at, count: of };
  }
  throw new InvalidArgumentError(
    `Give the number of the share and how many there are, at most ${most}: 0/3, 1/3 or 2/3, for example.`,
  );
}
