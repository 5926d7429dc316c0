import type { RecoveryTargetManifestSpec } from '../../../api/recoverytarget.generated.ts';
import { apiVersion, recoveryTargets } from '../../../api/resources.ts';
import type { Address } from '../../../net/dial.ts';
import type { RedisEndpoint } from '../../../redis/endpoint.ts';
import type { S3Access } from '../../../storage/s3/s3-options.ts';
import type { AppName } from '../app-name.ts';

/** What a target is made from. */
export interface TargetParts {
  readonly name: string;
  readonly namespace: string;
  readonly redis: RedisEndpoint;
  readonly bucket: string;
  readonly s3: S3Access;
  /** Lower-case hex sha256 of the exact bytes of the trusted root. */
  readonly rootSHA256: string;
  /** The apps whose root that is; empty: every app of the bucket. */
  readonly apps: readonly AppName[];
  readonly readOnly: boolean;
}

/** A Secret as it is applied. */
export interface SecretManifest {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: { readonly name: string; readonly namespace: string };
  /** Base64. */
  readonly data: Readonly<Record<string, string>>;
}

/** A RecoveryTarget as it is applied. */
export interface TargetManifest {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'RecoveryTarget';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: RecoveryTargetManifestSpec;
}

/** The Secrets first: the target refers to them. */
export function targetManifests(parts: TargetParts): readonly (SecretManifest | TargetManifest)[] {
  const { name, namespace } = parts;
  return [
    ...secretsOf(parts),
    {
      apiVersion,
      kind: recoveryTargets.kind,
      metadata: { name, namespace },
      spec: {
        redis: redisSpec(parts),
        storage: storageSpec(parts),
        trust: trustSpec(parts),
        ...(parts.readOnly ? { accessMode: 'ReadOnly' as const } : {}),
      },
    },
  ];
}

const redisSecret = (name: string): string => `${name}-redis`;
const sentinelSecret = (name: string): string => `${name}-sentinel`;
const storageSecret = (name: string): string => `${name}-s3`;

function secretsOf({ name, namespace, redis, s3 }: TargetParts): readonly SecretManifest[] {
  const { location, password, tls } = redis;
  const sentinelPassword = location.kind === 'sentinel' ? location.password : undefined;
  const keys = s3.credentials.kind === 'static' ? s3.credentials : undefined;
  const contents: readonly (readonly [string, Readonly<Record<string, string | undefined>>])[] = [
    [redisSecret(name), { password, 'ca.crt': tls?.ca }],
    [sentinelSecret(name), { password: sentinelPassword }],
    [
      storageSecret(name),
      {
        AWS_ACCESS_KEY_ID: keys?.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys?.secretAccessKey,
        'ca.crt': s3.ca,
      },
    ],
  ];
  return contents.flatMap(([secretName, content]) => {
    const data = Object.entries(content).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, Buffer.from(value).toString('base64')] as const],
    );
    return data.length === 0
      ? []
      : [
          {
            apiVersion: 'v1' as const,
            kind: 'Secret' as const,
            metadata: { name: secretName, namespace },
            data: Object.fromEntries(data),
          },
        ];
  });
}

function redisSpec({ name, redis }: TargetParts): RecoveryTargetManifestSpec['redis'] {
  const { location, db, username, password, tls } = redis;
  return {
    ...(location.kind === 'standalone'
      ? { address: addressText(location.address) }
      : {
          sentinel: {
            addresses: location.sentinels.map(addressText),
            master: location.master,
            ...(location.password === undefined ? {} : { passwordSecretRef: { name: sentinelSecret(name) } }),
          },
        }),
    ...(db ? { db } : {}),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { passwordSecretRef: { name: redisSecret(name) } }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(tls.ca === undefined ? {} : { caSecretRef: { name: redisSecret(name) } }),
            ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
          },
        }),
  };
}

function storageSpec({ name, bucket, s3 }: TargetParts): RecoveryTargetManifestSpec['storage'] {
  const { region, endpoint, forcePathStyle, ca, credentials } = s3;
  return {
    bucket,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(forcePathStyle ? { forcePathStyle } : {}),
    ...(credentials.kind === 'static'
      ? { credentialsSecretRef: { name: storageSecret(name) } }
      : { ambient: true }),
    ...(ca === undefined ? {} : { caSecretRef: { name: storageSecret(name) } }),
  };
}

function trustSpec({ rootSHA256, apps }: TargetParts): RecoveryTargetManifestSpec['trust'] {
  return apps.length === 0
    ? { rootSHA256 }
    : { apps: apps.map(({ adminName, appName }) => ({ adminName, appName, rootSHA256 })) };
}

function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
