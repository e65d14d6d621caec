/**
 * The directory of rooms in Redis or Valkey.
 *
 * | key | what |
 * |---|---|
 * | `streamer:relay:instance:<id>` | JSON: where the instance is and its key; gone {@link LIFE_SECONDS} after its last sign of life |
 * | `streamer:relay:room:<SHA-256 of the room's id>` | set of the ids of instances that have announced it; the same |
 *
 * Whoever reads it learns no room's id. All of it is written again every few seconds: what Redis has lost is soon there anew.
 *
 * @module
 */
import { createClient, type RedisClientType } from '@redis/client';
import { createHash, randomBytes } from 'node:crypto';
import { ConnectError, UsageError } from '../errors.js';
import type { Instance, RoomDirectory } from './directory.js';

/** How long what an instance has written outlives it, and how often it writes. */
const LIFE_SECONDS = 30;
const REFRESH_MS = 10_000;
/** Time for the first connection, milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
const RETRY_MS = 1_000;
/** Time for one answer: one that has fallen silent knows nothing, and holds up neither clients nor the end of the relay. */
const ANSWER_MS = 2_000;
/** How often it is asked whether it is there: silence shows within this and {@link ANSWER_MS}. */
const PROBE_MS = 1_000;
/** Silence after which the connection is made anew: a firewall may have forgotten it, and TCP takes a quarter of an hour to notice. */
const SILENT_MS = 5_000;
/** Questions that may wait for an answer: a directory that is silent must not fill our memory with those of clients. */
const WAITING_MAX = 10_000;

const instanceKey = (id: string) => `streamer:relay:instance:${id}`;
const roomKey = (room: string) => `streamer:relay:room:${createHash('sha256').update(room).digest('hex')}`;

/** Options of {@link joinRedisDirectory}. */
export interface RedisDirectoryOptions {
  /** `redis://` or `rediss://`, as node-redis reads it; it may carry a password. */
  readonly redis: string;
  /** Where other instances reach this one: `ws://` or `wss://`. */
  readonly url: string;
  /** Something to log. */
  readonly notice: (message: string) => void;
}

/** Joins it. @throws ConnectError when Redis cannot be reached */
export async function joinRedisDirectory(options: RedisDirectoryOptions): Promise<RoomDirectory> {
  const directory = make(options);
  await directory.start();
  return directory;
}

/** @throws UsageError for a URL that node-redis cannot use */
function make(options: RedisDirectoryOptions): RedisDirectory {
  try {
    return new RedisDirectory(options);
  } catch (cause) {
    throw new UsageError(`--redis takes a URL such as redis://directory.example.org:6379: ${(cause as Error).message}`, { cause });
  }
}

class RedisDirectory implements RoomDirectory {
  readonly key = randomBytes(32).toString('base64url');
  readonly #id = randomBytes(8).toString('hex');
  readonly #options: RedisDirectoryOptions;
  readonly #client: RedisClientType;
  readonly #rooms = new Set<string>();
  #refresher: NodeJS.Timeout | undefined;
  #prober: NodeJS.Timeout | undefined;
  #probing = false;
  /** Told of as not to be reached. */
  #lost = false;
  /** A question was not answered in time. Until one is, or the connection is made anew, no other is asked: each would keep it open. */
  #silent = false;

  constructor(options: RedisDirectoryOptions) {
    this.#options = options;
    this.#client = createClient({
      url: options.redis,
      // A question that cannot be asked now is answered "nothing known", not later.
      disableOfflineQueue: true,
      commandsQueueMaxLength: WAITING_MAX,
      socket: { connectTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SILENT_MS, reconnectStrategy: () => (this.#refresher === undefined ? false : RETRY_MS) },
    });
    this.#client.on('error', (error: Error) => this.#isLost(error.message));
    this.#client.on('ready', () => {
      this.#lost = this.#silent = false;
      void this.#refresh();
    });
  }

  async start(): Promise<void> {
    try {
      await this.#client.connect();
      await this.#writeAll();
    } catch (cause) {
      throw new ConnectError('connect-failed', `the directory of rooms cannot be reached: ${(cause as Error).message}; is Redis or Valkey running, and --redis right?`, { cause, retryable: false });
    }
    this.#refresher = setInterval(() => void this.#refresh(), REFRESH_MS);
    this.#prober = setInterval(() => void this.#probe(), PROBE_MS);
  }

  get ready(): boolean {
    return this.#client.isReady && !this.#lost;
  }

  announce(room: string): void {
    this.#rooms.add(room);
    void this.#quietly(async () => {
      await this.#client.multi().sAdd(roomKey(room), this.#id).expire(roomKey(room), LIFE_SECONDS).exec();
    });
  }

  withdraw(room: string): void {
    this.#rooms.delete(room);
    void this.#quietly(() => this.#client.sRem(roomKey(room), this.#id));
  }

  async find(room: string): Promise<readonly Instance[]> {
    const found = await this.#quietly(async () => {
      const ids = (await this.#client.sMembers(roomKey(room))).filter((id) => id !== this.#id);
      return ids.length === 0 ? [] : await this.#client.mGet(ids.map(instanceKey));
    });
    return (found ?? []).map(readInstance).filter((instance) => instance !== undefined);
  }

  async close(): Promise<void> {
    clearInterval(this.#refresher);
    clearInterval(this.#prober);
    this.#refresher = undefined;
    await this.#quietly(async () => {
      const multi = this.#client.multi().del(instanceKey(this.#id));
      for (const room of this.#rooms) multi.sRem(roomKey(room), this.#id);
      await multi.exec();
    });
    this.#client.destroy();
  }

  async #refresh(): Promise<void> {
    await this.#quietly(() => this.#writeAll());
  }

  /** One at a time, however long it takes: its answer may be what ends a silence. */
  async #probe(): Promise<void> {
    if (this.#probing) return;
    await this.#quietly(() => {
      this.#probing = true;
      return this.#client.ping().finally(() => (this.#probing = false));
    });
  }

  async #writeAll(): Promise<void> {
    const multi = this.#client.multi().set(instanceKey(this.#id), JSON.stringify({ url: this.#options.url, key: this.key }), { expiration: { type: 'EX', value: LIFE_SECONDS } });
    for (const room of this.#rooms) multi.sAdd(roomKey(room), this.#id).expire(roomKey(room), LIFE_SECONDS);
    await multi.exec();
  }

  /** The connection's own errors are told of where they happen. */
  async #quietly<T>(run: () => Promise<T>): Promise<T | undefined> {
    if (this.#silent) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        this.#silent = true;
        this.#isLost(`no answer within ${ANSWER_MS / 1000} s`);
        resolve(undefined);
      }, ANSWER_MS);
    });
    try {
      return await Promise.race([this.#answered(run), silence]);
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  async #answered<T>(run: () => Promise<T>): Promise<T> {
    const answer = await run();
    const wasSilent = this.#silent;
    this.#lost = this.#silent = false;
    // What was not written meanwhile.
    if (wasSilent) void this.#refresh();
    return answer;
  }

  #isLost(why: string): void {
    // At the start, the error that is thrown says it.
    if (!this.#lost && this.#refresher !== undefined) this.#options.notice(`the directory of rooms cannot be reached: ${why}`);
    this.#lost = true;
  }
}

function readInstance(text: string | null): Instance | undefined {
  try {
    const { url, key } = JSON.parse(text ?? '') as Partial<Record<keyof Instance, unknown>>;
    return typeof url === 'string' && typeof key === 'string' ? { url, key } : undefined;
  } catch {
    return undefined;
  }
}
