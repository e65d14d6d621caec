/**
 * Sends recorded requests to a gateway that is set up as the recorded site was, and holds its answers against the recorded ones.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { asOrdinaryUser } from '../../e2e/abilities.js';
import { exchange, type Exchange } from '../recorded.js';
import type { Gateway } from './gateway.js';
import { assertLike, readLog } from './likeness.js';

/** After this something has hung, milliseconds. */
const HUNG_MS = 60_000;
const POLL_MS = 50;

/** What came back: JSON parsed, other bodies as they are. */
export interface Replayed {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly bytes: Uint8Array;
}

/** How an exchange is sent. */
export interface ReplayOptions {
  /** @default a good one of the recorded user's */
  readonly authorization?: string;
}

/** How a session ended, and what came. */
export interface Session {
  readonly frames: readonly { readonly opcode: 'text' | 'binary'; readonly bytes: number; readonly content: Buffer }[];
  readonly close: { readonly code: number; readonly reason: string };
}

/** Replays in order: what a job was called when it was recorded is known by what it is called here. */
export class Replay {
  readonly gateway: Gateway;
  readonly #compared: Set<string>;
  readonly #token: string;
  /** From the recorded ids, and to them. */
  readonly #ids = new Map<string, string>();
  readonly #recordedIds = new Map<string, string>();
  readonly #owner: readonly string[];
  readonly #logs: [recorded: string, here: string][] = [];

  /** @param compared gets the names of the exchanges that were compared */
  constructor(gateway: Gateway, compared: Set<string>) {
    this.gateway = gateway;
    this.#compared = compared;
    this.#token = gateway.tokenFor('alice');
    this.#owner = ['-un', '-gn'].map((option) => {
      const [program = '', ...words] = asOrdinaryUser(['id', option]);
      return execFileSync(program, words, { encoding: 'utf8' }).trim();
    });
  }

  /** A path here as it would have been recorded, in any text. */
  recorded(text: string): string {
    const { gateway } = this;
    // Some of FirecREST's messages are in lower case.
    const places = [gateway.root, gateway.root.toLowerCase()].flatMap((root) => [[root, '/scratch/home'], [path.dirname(root), '/scratch']] as const);
    const there = places.reduce((whole, [here, place]) => whole.replaceAll(here, place), text).replaceAll('/scratch/private', '/private').replaceAll(gateway.url, 'http://127.0.0.1:8400');
    return this.#logs.reduce((whole, [recorded, here]) => whole.replaceAll(here, recorded), there);
  }

  #here(text: string): string {
    const parent = path.dirname(this.gateway.root);
    const logs = this.#logs.reduce((whole, [recorded, here]) => whole.replaceAll(recorded, here), text);
    return logs.replaceAll('/scratch/home', this.gateway.root).replaceAll('/scratch', parent).replaceAll('"/private', `"${parent}/private`).replaceAll('/etc/hostname', '/etc/passwd');
  }

  /** Sends what was sent. */
  async send({ name, request }: Exchange, { authorization = `Bearer ${this.#token}` }: ReplayOptions = {}): Promise<Replayed> {
    const { body } = request;
    const url = this.#url(request.path);
    const headers: Record<string, string> = {};
    for (const [header, value] of Object.entries(request.headers)) if (!value.startsWith('multipart/')) headers[header] = value;
    // Those of the agent were recorded without their token.
    if ('authorization' in headers || name.startsWith('agent-')) headers['authorization'] = authorization;
    const sent = formOf(body) ?? (body === null ? null : typeof body === 'string' ? body : this.#here(JSON.stringify(body)));
    const init: RequestInit = { method: request.method, headers, body: sent, redirect: 'manual' };
    // After an unforeseen error the server drops the connection: as its clients must, once more, on another.
    const answer = await fetch(url, init).catch(() => fetch(url, init));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const isJson = bytes.length > 0 && answer.headers.get('content-type') === 'application/json';
    return { status: answer.status, headers: answer.headers, bytes, body: isJson ? (JSON.parse(this.recorded(new TextDecoder().decode(bytes))) as unknown) : new TextDecoder().decode(bytes) };
  }

  #url(recorded: string): string {
    const [place = '', query = ''] = recorded.split('?');
    const here = place.replace(/\/jobs\/(\d+)/u, (whole, id: string) => whole.replace(id, this.#ids.get(id) ?? id));
    const words = new URLSearchParams(query);
    for (const [name, value] of [...words]) words.set(name, this.#here(value));
    return `${this.gateway.url}${here}${query === '' ? '' : `?${words.toString()}`}`;
  }

  /** Sends an exchange and compares the answer. */
  async check(name: string, options: ReplayOptions = {}): Promise<Replayed> {
    const one = exchange(name);
    const answer = await this.send(one, options);
    this.compare(one, answer);
    return answer;
  }

  /** As {@link check}, again and again until the job's state is the recorded one. */
  async checkJob(name: string): Promise<Replayed> {
    const one = exchange(name);
    const wanted = stateOf(one.response.body);
    const answer = await until(`the state ${wanted} of ${name}`, async () => {
      const now = await this.send(one);
      return stateOf(now.body) === wanted ? now : undefined;
    });
    this.compare(one, answer);
    return answer;
  }

  /** As {@link check}, for a log: what pip and the clock have to say is left out. @param order `any` for one into which two write at once */
  async checkLog(name: string, order: 'as recorded' | 'any' = 'as recorded'): Promise<void> {
    await this.checkPart(name, (body) => {
      const { output } = body as { readonly output: { readonly content: string } };
      const content = readLog(output.content);
      return { output: { ...output, content: order === 'any' ? content.split('\n').sort().join('\n') : content } };
    });
  }

  /** As {@link check}, for an answer that is only partly comparable. @param part takes that part out of an answer, recorded or not */
  async checkPart(name: string, part: (body: unknown) => unknown): Promise<Replayed> {
    const one = exchange(name);
    const answer = await this.send(one);
    this.compare({ ...one, response: { ...one.response, body: part(one.response.body) } }, { ...answer, body: part(answer.body) });
    return answer;
  }

  compare({ name, response }: Exchange, answer: Replayed): void {
    assert.equal(answer.status, response.status, `${name}: ${JSON.stringify(answer.body)}`);
    this.#learn(response.body, answer.body);
    // Those of the agent were recorded without all of them.
    const headers = Object.keys(response.headers).length === 0 ? [] : ['content-type', 'location', 'allow', 'www-authenticate'];
    for (const header of headers) {
      const wanted = response.headers[header];
      const got = answer.headers.get(header);
      assert.equal(got === null ? undefined : this.recorded(got), wanted, `${name}: ${header}`);
    }
    if (response.body !== null && response.headers['content-type'] === 'application/json' && typeof response.body !== 'string') assertLike(this.#renamed(answer.body), response.body, name);
    this.#compared.add(name);
  }

  /** A job that was called one thing when it was recorded is called another here. */
  knows(recorded: string, here: string): void {
    this.#ids.set(recorded, here);
    this.#recordedIds.set(here, recorded);
  }

  /** Remembers what a job is called here. */
  #learn(recorded: unknown, here: unknown): void {
    const [there, now] = [submitted(recorded), submitted(here)];
    if (there === undefined || now === undefined) return;
    this.knows(there.jobId, now.jobId);
    for (const kind of ['outputLog', 'errorLog'] as const) {
      const [one, other] = [there.logs?.[kind], now.logs?.[kind]];
      if (one !== undefined && other !== undefined) this.#logs.push([path.basename(one), path.basename(other)]);
    }
  }

  /** The answer with the recorded ids and names. */
  #renamed(body: unknown): unknown {
    let text = JSON.stringify(body);
    for (const [here, recorded] of this.#recordedIds) {
      text = text.replaceAll(`"jobId":"${here}"`, `"jobId":"@${recorded}"`).replaceAll(`"id":"${here}.batch"`, `"id":"@${recorded}.batch"`);
      text = text.replaceAll(`job ${here}\\n`, `job @${recorded}\\n`).replaceAll(`job id ${here}:`, `job id @${recorded}:`).replaceAll(`JOB ${here} ON`, `JOB @${recorded} ON`).replaceAll(`(id:${here})`, `(id:@${recorded})`);
    }
    const [user = '', group = ''] = this.#owner;
    const owned = text.replaceAll('@', '').replaceAll(`"user":"${user}","group":"${group}"`, '"user":"alice","group":"alice"');
    const uid = String(process.getuid?.() ?? '');
    const known = owned.replaceAll(new RegExp(`"id":"${uid}","name":"alice"`, 'gu'), '"id":"1002","name":"alice"');
    return JSON.parse(this.recorded(known).replaceAll(`CANCELLED by ${uid}`, 'CANCELLED by 1002')) as unknown;
  }

  /** Holds a session with the job that has these coordinates, once it listens. @param send the frames of the client's */
  async session(coordinates: string, send: readonly { readonly opcode: string; readonly content: Buffer }[] = []): Promise<Session> {
    const { ports, secret } = JSON.parse(Buffer.from(coordinates, 'base64url').toString()) as { ports: [number, number]; secret: string };
    return until('a server that listens', async () => {
      for (let port = ports[0]; port <= ports[1]; port += 1) {
        const session = await hold(`ws://127.0.0.1:${port}/`, secret, send);
        if (session !== undefined) return session;
      }
      return undefined;
    });
  }
}

/** Waits until somebody listens at one of the ports: asked without the secret, which uses no session up. */
export async function listening([first, last]: readonly [number, number]): Promise<void> {
  await until('a server that listens', async () => {
    for (let port = first; port <= last; port += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      if (answer?.status === 401) return port;
    }
    return undefined;
  });
}

/** @returns nothing when nobody is there who lets us in */
function hold(url: string, secret: string, send: readonly { readonly opcode: string; readonly content: Buffer }[]): Promise<Session | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${secret}` }, perMessageDeflate: false });
    const frames: Session['frames'][number][] = [];
    let isOpen = false;
    socket.on('open', () => {
      isOpen = true;
      for (const { opcode, content } of send) socket.send(content, { binary: opcode === 'binary' });
      // Only a text tells the server that this was the end.
      if (send.at(-1)?.opcode === 'binary') socket.close(1000);
    });
    socket.on('message', (data: Buffer, isBinary) => frames.push({ opcode: isBinary ? 'binary' : 'text', bytes: data.length, content: data }));
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => resolve(isOpen ? { frames, close: { code, reason: reason.toString() } } : undefined));
  });
}

/** A form with one file, made of counting bytes. */
function formOf(body: unknown): FormData | undefined {
  if (typeof body !== 'object' || body === null || !('multipart' in body)) return undefined;
  const { file } = body.multipart as { readonly file: { readonly filename: string; readonly bytes: number } };
  const form = new FormData();
  form.set('file', new Blob([counting(file.bytes)]), file.filename);
  return form;
}

/** As many bytes as that: 0 to 255, again and again. */
export const counting = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(size).map((_, index) => index % 256);

interface Submitted {
  readonly jobId: string;
  readonly logs?: { readonly outputLog: string; readonly errorLog: string };
}

function submitted(body: unknown): Submitted | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const job = 'transferJob' in body ? body.transferJob : body;
  return typeof job === 'object' && job !== null && 'jobId' in job ? (job as Submitted) : undefined;
}

/** The first word of the first job's state. */
function stateOf(body: unknown): string {
  const [job] = (body as { readonly jobs?: readonly { readonly status: { readonly state: string } }[] }).jobs ?? [];
  return job?.status.state.split(' ')[0] ?? '';
}

/** Looks again and again until there is something. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const startMs = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - startMs > HUNG_MS) throw new Error(`waited for ${what}, in vain`);
    await delay(POLL_MS);
  }
}
