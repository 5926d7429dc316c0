import { RecoveryError, TerminalError, TransientError } from '../errors.ts';
import type { Address } from '../net/dial.ts';
import { answerWithin, authenticate, connectTimeoutOf, createClient } from './client.ts';
import type { RedisEndpoint } from './endpoint.ts';

/**
 * The primary of the endpoint, as the first of its Sentinels says that answers; of a standalone Redis its
 * address.
 *
 * @throws what the last Sentinel failed with; at once when one must not be connected to
 */
export async function primaryOf(endpoint: RedisEndpoint): Promise<Address> {
  const { location } = endpoint;
  if (location.kind === 'standalone') {
    return location.address;
  }
  let failure: unknown;
  for (const sentinel of location.sentinels) {
    try {
      return await askSentinel(endpoint, location, sentinel);
    } catch (error) {
      if (error instanceof TerminalError) {
        throw error;
      }
      failure = error;
    }
  }
  throw failure;
}

type SentinelGroup = Extract<RedisEndpoint['location'], { readonly kind: 'sentinel' }>;

async function askSentinel(
  endpoint: RedisEndpoint,
  group: SentinelGroup,
  sentinel: Address,
): Promise<Address> {
  const where = `Sentinel at ${sentinel.host}:${sentinel.port}`;
  const client = createClient(endpoint, async () => sentinel);
  let cause: unknown;
  client.on('error', (error) => {
    cause = error;
  });
  const ask = async (): Promise<unknown> => {
    await authenticate(client, group);
    return client.call('SENTINEL', 'get-master-addr-by-name', group.master);
  };
  try {
    await client.connect();
    const reply = await answerWithin(connectTimeoutOf(endpoint), where, ask());
    return addressIn(reply) ?? unknownGroup(where, group);
  } catch (error) {
    throw error instanceof RecoveryError ? error : (cause ?? error);
  } finally {
    client.disconnect();
  }
}

function unknownGroup(where: string, { master }: SentinelGroup): never {
  throw new TransientError(
    'RedisUnreachable',
    `${where} knows no primary of the name "${master}". Correct the name, or have Sentinel watch it.`,
  );
}

function addressIn(reply: unknown): Address | undefined {
  if (!Array.isArray(reply)) {
    return undefined;
  }
  const [host, port]: readonly unknown[] = reply;
  const number = Number(port);
  return typeof host === 'string' && number >= 1 && number <= 65_535 ? { host, port: number } : undefined;
}
