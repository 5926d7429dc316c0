import type { RecoveryTargetSpec } from '../../api/recoverytarget.generated.ts';
import { TerminalError } from '../../errors.ts';
import { type Address, bareHost } from '../../net/dial.ts';
import type { RedisEndpoint } from '../../redis/endpoint.ts';
import type { References } from './references.ts';
import { assertReachable, targetResolver } from './target-rules.ts';

type RedisSpec = RecoveryTargetSpec['redis'];

/** How to reach the Redis of a target, with the secrets it refers to. */
export async function redisEndpoint(spec: RedisSpec, references: References): Promise<RedisEndpoint> {
  const { username, passwordSecretRef: ref } = spec;
  return {
    location: await location(spec, references),
    db: spec.db,
    resolve: targetResolver(references.rules),
    ...(references.nameScope !== undefined && { nameScope: references.nameScope }),
    ...(username !== undefined && { username }),
    ...(ref !== undefined && { password: await references.secret(ref.name, ref.key) }),
    ...(spec.tls !== undefined && { tls: await tls(spec.tls, references) }),
  };
}

async function location(
  { address, sentinel }: RedisSpec,
  references: References,
): Promise<RedisEndpoint['location']> {
  if (sentinel !== undefined) {
    const ref = sentinel.passwordSecretRef;
    return {
      kind: 'sentinel',
      sentinels: await Promise.all(sentinel.addresses.map((text) => allowed(text, references))),
      master: sentinel.master,
      ...(ref !== undefined && { password: await references.secret(ref.name, ref.key) }),
    };
  }
  if (address !== undefined) {
    return { kind: 'standalone', address: await allowed(address, references) };
  }
  throw new TerminalError(
    'InvalidReference',
    'The RecoveryTarget names neither redis.address nor redis.sentinel.',
  );
}

async function allowed(text: string, { rules }: References): Promise<Address> {
  const address = parseAddress(text);
  await assertReachable(address.host, address.port, rules);
  return address;
}

async function tls(
  { caSecretRef, certSecretRef, serverName }: NonNullable<RedisSpec['tls']>,
  references: References,
): Promise<NonNullable<RedisEndpoint['tls']>> {
  return {
    ...(caSecretRef !== undefined && { ca: await references.secret(caSecretRef.name, caSecretRef.key) }),
    ...(certSecretRef !== undefined && {
      cert: await references.secret(certSecretRef.name, 'tls.crt'),
      key: await references.secret(certSecretRef.name, 'tls.key'),
    }),
    ...(serverName !== undefined && { serverName }),
  };
}

/** `host:port` or `[::1]:6379`; the schema admits nothing else, except ports beyond 65535. */
function parseAddress(text: string): Address {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (port < 1 || port > 65_535) {
    throw new TerminalError(
      'InvalidReference',
      `The port of ${text} is not between 1 and 65535. Correct it in the RecoveryTarget.`,
    );
  }
  return { host: bareHost(text.slice(0, colon)), port };
}
