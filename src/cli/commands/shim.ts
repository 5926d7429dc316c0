import { type Command, InvalidArgumentError, Option } from 'commander';
import { logLevels } from '../../observability/log-level.ts';
import type { Tenant } from '../../shim/auth/tenants.ts';
import type { CommandContext } from '../context.ts';
import { parseInteger } from '../options/flag-values.ts';
import { parseListenAddress } from '../options/listen-address.ts';
import type { ShimFlags } from '../options/shim-flags.ts';

/** `tuf-recovery shim`: the server's recovery endpoint, backed by BootstrapRecoveries. */
export function registerShim(program: Command, context: CommandContext): void {
  const command = program
    .command('shim')
    .summary("serve the server's recovery endpoint")
    .description(
      'Serve POST /tuf/v1/bootstrap/recovery and GET /tuf/v1/task as the server does, and have the operator do the work. Needs no access to Redis or storage, ' +
        'only to BootstrapRecoveries: create, get, list, watch, patch.\n\n' +
        'Keys of tokens: one of --jwt-secret-file (or JWT_SECRET), --jwks-url, --oidc. Admins: one of --admin, --admin-claim, --server-url.',
    );
  addKeyOptions(command);
  addAdminOptions(command);
  addServingOptions(command);
  command
    .option(
      '--kubeconfig <file>',
      'the kubeconfig; by default as kubectl finds it, else the service account of the pod',
    )
    .option('--context <name>', 'the context of the kubeconfig to use')
    .action(async (flags: ShimFlags) => {
      const { runShim } = await import('./run-shim.ts');
      await runShim(flags, context);
    });
}

function addKeyOptions(command: Command): void {
  command
    .addOption(
      repeatable(
        '--jwt-secret-file <file>',
        'file with a shared secret (HS256); repeat it while a secret is rotated. One secret can be given in JWT_SECRET instead',
      ),
    )
    .option('--jwks-url <url>', 'where the public keys of the token issuer are', httpURL)
    .option('--oidc', "find the public keys through --issuer's OpenID Connect discovery document")
    .option('--issuer <issuer>', 'iss that tokens must have; needed with --jwks-url and --oidc')
    .option('--audience <audience>', 'aud that tokens must have; needed with --jwks-url and --oidc')
    .addOption(
      new Option(
        '--jwt-algorithm <algorithm>',
        'signature algorithm to accept with public keys; may be repeated',
      )
        .choices(asymmetric)
        .argParser(collectAlgorithm),
    )
    .option('--username-claim <claim>', 'claim that names the caller', 'username')
    .option('--clock-tolerance <seconds>', 'how far clocks may be apart', parseInteger(0, 60), 0)
    .option('--allow-tokens-without-expiry', 'accept tokens that never expire, as the server does');
}

function addAdminOptions(command: Command): void {
  command
    .addOption(
      repeatable('--admin <name>', 'an admin; may be repeated; * is every caller with a valid token'),
    )
    .option(
      '--admin-claim <claim=value>',
      'admins are those whose token has this claim, or a list that holds the value',
      claimValue,
    )
    .option('--server-url <url>', 'ask the server itself who is an admin: base URL of its API', httpURL)
    .option('--namespace <name>', 'namespace of the recoveries; by default that of the pod or the kubeconfig')
    .option('--target <name>', 'RecoveryTarget the recoveries use', 'default')
    .addOption(
      new Option(
        '--tenant <admin=namespace/target>',
        'another namespace and target for one admin; may be repeated',
      )
        .argParser(tenant)
        .default(new Map<string, Tenant>(), 'none'),
    );
}

function addServingOptions(command: Command): void {
  command
    .addOption(addressOption('--address', 'where the API is served', ':8000'))
    .addOption(addressOption('--metrics-address', 'where /metrics is served', ':8080'))
    .addOption(
      repeatable('--allowed-origin <origin>', 'origin that may call from a browser (CORS); may be repeated'),
    )
    .option(
      '--rate-limit <number>',
      'what one admin may ask for in a minute: a task costs 1, a recovery 10',
      parseInteger(10, 1_000_000),
      300,
    )
    .option(
      '--decision-timeout <seconds>',
      "how long a POST waits for the operator's decision",
      parseInteger(1, 60),
      10,
    )
    .option(
      '--ttl-after-finished <seconds>',
      'delete a recovery this long after it ended',
      parseInteger(60, 31_536_000),
      604_800,
    )
    .option(
      '--drain-delay <seconds>',
      'how long to keep serving after SIGTERM, no longer ready',
      parseInteger(0, 300),
      5,
    )
    .option('--shutdown-grace <seconds>', 'how long requests may take after that', parseInteger(1, 600), 20)
    .addOption(
      new Option('--log-level <level>', 'least severe messages to log').choices(logLevels).default('info'),
    );
}

/** Algorithms with a public key. A shared secret never mixes with them, so neither passes for the other. */
const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

function addressOption(flag: string, description: string, address: string): Option {
  return new Option(`${flag} <[host]:port>`, description)
    .argParser(parseListenAddress)
    .default(parseListenAddress(address), address);
}

function repeatable(flag: string, description: string): Option {
  return new Option(flag, description).argParser(collect).default([], 'none');
}

function collect(value: string, soFar: readonly string[]): readonly string[] {
  return [...soFar, value];
}

function collectAlgorithm(value: string, soFar: readonly string[] = []): readonly string[] {
  if (!asymmetric.includes(value)) {
    throw new InvalidArgumentError(`Give one of ${asymmetric.join(', ')}.`);
  }
  return [...soFar, value];
}

function httpURL(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError('Give an http or https URL without a password.');
  }
  return url;
}

/** The claim ends at the first `=`: values may hold one. */
function claimValue(text: string): { readonly claim: string; readonly value: string } {
  const [claim = '', value = ''] = text.split(/=(.*)/s);
  if (claim === '' || value === '') {
    throw new InvalidArgumentError('Give CLAIM=VALUE.');
  }
  return { claim, value };
}

/** The admin ends at the last `=`: names are free text. */
function tenant(text: string, soFar: ReadonlyMap<string, Tenant>): ReadonlyMap<string, Tenant> {
  const { admin, namespace, target } =
    /^(?<admin>.+)=(?<namespace>[^=/]+)\/(?<target>[^=/]+)$/s.exec(text)?.groups ?? {};
  if (admin === undefined || namespace === undefined || target === undefined) {
    throw new InvalidArgumentError('Give ADMIN=NAMESPACE/TARGET.');
  }
  return new Map([...soFar, [admin, { namespace, target }]]);
}
