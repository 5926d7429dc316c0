import type { FindingList } from '../findings/finding-list.ts';
import { quoted } from '../findings/text.ts';
import type { Envelope } from '../metadata/envelope.ts';
import type { FileLink } from '../metadata/link.ts';
import type { Root } from '../metadata/root.ts';
import type { Targets } from '../metadata/targets.ts';

/**
 * Reports what verifies over the bytes of the file but not after the server's round trip: it parses a file
 * into Go structures, prints them again and checks the signatures over that. Fields that Go omits when empty,
 * adds when absent, or spells differently break the signature there.
 */
export class ServerLint {
  readonly #findings: FindingList;

  constructor(findings: FindingList) {
    this.#findings = findings;
  }

  root(root: Root): void {
    this.#expires('root', root.envelope);
    if (root.consistentSnapshot === undefined) {
      this.#add(
        'root',
        root.envelope,
        'consistent_snapshot is absent or no boolean, the server would write false',
      );
    }
  }

  links(
    role: 'timestamp' | 'snapshot',
    envelope: Envelope,
    links: Iterable<readonly [string, FileLink]>,
  ): void {
    this.#expires(role, envelope);
    for (const [name, link] of links) {
      if (link.length === 0) {
        this.#add(role, envelope, `the length of ${name} is 0, the server would drop it`);
        return;
      }
    }
  }

  targets(role: string, { envelope, delegations, oddity }: Targets): void {
    this.#expires(role, envelope);
    if (oddity !== undefined) {
      this.#add(role, envelope, `${oddity}, which the server reads or writes differently`);
    }
    const odd =
      delegations?.succinct === undefined
        ? delegations?.roles.find(({ roundTrips }) => !roundTrips)
        : undefined;
    if (odd !== undefined) {
      this.#add(
        role,
        envelope,
        `the delegation to ${quoted(odd.name)} lacks terminating or has no single list of paths, which the server would change`,
      );
    }
  }

  #expires(role: string, envelope: Envelope): void {
    if (!envelope.expires.roundTrips) {
      this.#add(
        role,
        envelope,
        `the server would spell expires ${quoted(envelope.expires.text)} differently`,
      );
    }
  }

  #add(role: string, envelope: Envelope, detail: string): void {
    this.#findings.add('ServerWouldRefuse', { role, version: envelope.version, detail });
  }
}
