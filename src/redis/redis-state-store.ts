import { inTurns } from '../async/in-turns.ts';
import { type RecoveryError, TerminalError } from '../errors.ts';
import { asRedisError } from './connect.ts';
import { RedisConnection, type Reply } from './connection.ts';
import type { Command } from './encoded-command.ts';
import { describeEndpoint, type RedisEndpoint } from './endpoint.ts';
import { factsFromInfo, serverWarnings, withheldFacts } from './facts.ts';
import {
  applyCommand,
  decodeObserved,
  lockCommand,
  observeCommand,
  releaseCommand,
  renewCommand,
  searchCommand,
} from './scripts.ts';
import type {
  ApplyResult,
  Change,
  Lock,
  Observation,
  ObservedValues,
  Record,
  RecordSearch,
  ReleaseOptions,
  ReplicationRequirement,
  ServerFacts,
  StateStore,
} from './state-store.ts';

/** A {@link StateStore} on a standalone Redis or one behind Sentinel, version 6.2 or later. */
export class RedisStateStore implements StateStore {
  readonly #endpoint: RedisEndpoint;
  readonly #connection: RedisConnection;
  /** Redis 6 has no EVAL_RO; found out by the first observation. */
  #readCommand: 'EVAL' | 'EVAL_RO' = 'EVAL_RO';

  constructor(endpoint: RedisEndpoint) {
    this.#endpoint = endpoint;
    this.#connection = new RedisConnection(endpoint);
  }

  async observe(keys: readonly string[], signal: AbortSignal, search?: RecordSearch): Promise<Observation> {
    const searched = search === undefined ? [] : [searchCommand(this.#readCommand, search)];
    const [read, info, found] = await this.#connection.exchange(
      [observeCommand(this.#readCommand, keys), ['INFO'], ...searched],
      { signal },
    );
    if (this.#readCommand === 'EVAL_RO' && isUnknownCommand(read)) {
      this.#readCommand = 'EVAL';
      return this.observe(keys, signal, search);
    }
    // First INFO: it tells a cluster apart more clearly than the CROSSSLOT of the script.
    const server = this.#facts(info);
    return { values: await this.#observed(keys, read), server, records: recordsIn(found) };
  }

  async lock(
    lock: Lock,
    keys: readonly string[],
    { replaceWrongType, signal }: { readonly replaceWrongType: boolean; readonly signal: AbortSignal },
  ): Promise<{
    readonly acquired: boolean;
    readonly holder: string | undefined;
    readonly values: ObservedValues;
  }> {
    const [taken, read] = await this.#connection.exchange(
      [lockCommand(lock, replaceWrongType), observeCommand(this.#readCommand, keys)],
      { signal, awaitAnswer: true },
    );
    const [acquired, holder] = this.#array(taken);
    return {
      acquired: acquired === 1,
      holder: typeof holder === 'string' && holder !== '' ? holder : undefined,
      values: await this.#observedNow(keys, read),
    };
  }

  async renew(lock: Lock): Promise<boolean> {
    return this.#one(await this.#connection.exchange([renewCommand(lock.key, lock.owner, lock.ttlMs)]));
  }

  async apply(
    lock: Lock,
    changes: readonly Change[],
    keys: readonly string[],
    { replicas, timeoutMs }: ReplicationRequirement,
  ): Promise<{ readonly result: ApplyResult; readonly confirmed: number; readonly values: ObservedValues }> {
    const wait: Command[] = replicas > 0 ? [['WAIT', replicas, timeoutMs]] : [];
    const replies = await this.#connection.exchange(
      [applyCommand(lock.key, lock.owner, changes), ...wait, observeCommand(this.#readCommand, keys)],
      { extraMs: timeoutMs },
    );
    const result = this.#applied(replies[0]);
    const confirmed = replicas > 0 ? this.#value(replies[1]) : 0;
    return {
      result,
      confirmed: typeof confirmed === 'number' ? confirmed : 0,
      values: await this.#observedNow(keys, replies.at(-1)),
    };
  }

  async release(
    lock: Lock,
    record: Record | undefined,
    { sameConnection, anyAttempt = false }: ReleaseOptions,
  ): Promise<boolean> {
    const write: Command[] =
      record === undefined ? [] : [['SET', record.key, record.value, 'PX', record.ttlMs]];
    const commands = [...write, releaseCommand(lock, anyAttempt)];
    const replies = await this.#connection.exchange(commands, { sameConnection });
    if (record !== undefined) {
      this.#value(replies[0]);
    }
    return this.#one(replies.slice(-1));
  }

  async facts(signal: AbortSignal): Promise<ServerFacts> {
    const [info] = await this.#connection.exchange([['INFO']], { signal });
    return this.#facts(info);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #facts(info: Reply | undefined): ServerFacts {
    const facts = this.#factsIn(info);
    const { detail } = serverWarnings.RedisPasswordUnused;
    return this.#connection.passwordUnused
      ? { ...facts, warnings: [...facts.warnings, { code: 'RedisPasswordUnused', detail }] }
      : facts;
  }

  #factsIn(info: Reply | undefined): ServerFacts {
    if (info !== undefined && 'error' in info && isWithheld(asRedisError(info.error, this.#endpoint))) {
      return withheldFacts;
    }
    const text = this.#value(info);
    if (typeof text !== 'string') {
      throw this.#unexpected('INFO');
    }
    return factsFromInfo(text);
  }

  #applied(reply: Reply | undefined): ApplyResult {
    const [kind, detail] = this.#array(reply);
    switch (kind) {
      case 'applied':
        return { kind };
      case 'lockLost':
        return { kind, holder: typeof detail === 'string' && detail !== '' ? detail : undefined };
      case 'mismatch':
        return { kind, key: String(detail) };
      default:
        throw this.#unexpected('the write');
    }
  }

  /** The values, read once more on a Redis that turns out not to know EVAL_RO. */
  async #observedNow(keys: readonly string[], reply: Reply | undefined): Promise<ObservedValues> {
    if (this.#readCommand !== 'EVAL_RO' || !isUnknownCommand(reply)) {
      return this.#observed(keys, reply);
    }
    this.#readCommand = 'EVAL';
    const read = [observeCommand(this.#readCommand, keys)];
    const [again] = await this.#connection.exchange(read, { sameConnection: true });
    return this.#observed(keys, again);
  }

  async #observed(keys: readonly string[], reply: Reply | undefined): Promise<ObservedValues> {
    const values = await inTurns(decodeObserved(keys, this.#value(reply)));
    if (values === undefined) {
      throw this.#unexpected('the read of the settings');
    }
    return values;
  }

  #array(reply: Reply | undefined): readonly unknown[] {
    const value = this.#value(reply);
    return Array.isArray(value) ? value : [];
  }

  #one([reply]: readonly Reply[]): boolean {
    return this.#value(reply) === 1;
  }

  /** The value of a reply; an error that Redis answered is thrown with its place in the taxonomy. */
  #value(reply: Reply | undefined): unknown {
    if (reply === undefined) {
      throw this.#unexpected('a command');
    }
    if ('error' in reply) {
      throw asRedisError(reply.error, this.#endpoint);
    }
    return reply.value;
  }

  #unexpected(what: string): TerminalError {
    return new TerminalError(
      'RedisUnexpectedReply',
      `${describeEndpoint(this.#endpoint)} answered ${what} in a form that Redis does not use. Check what stands at this address.`,
    );
  }
}

/** What a search found. It is optional evidence: refused, it is the same as none. */
function recordsIn(reply: Reply | undefined): readonly string[] {
  const value = reply === undefined || 'error' in reply ? [] : reply.value;
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/**
 * Refused by the ACL, renamed away, or closed by a provider, in words of its own; not a server that can't
 * answer now.
 */
function isWithheld({ code }: RecoveryError): boolean {
  return code === 'RedisNoPermission' || code === 'RedisUnexpectedReply';
}

function isUnknownCommand(reply: Reply | undefined): boolean {
  return reply !== undefined && 'error' in reply && /^ERR unknown command/i.test(reply.error.message);
}
