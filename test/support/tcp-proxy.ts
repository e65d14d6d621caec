/**
 * A TCP proxy that misbehaves on command, as the ways between a laptop and a supercomputer do: it resets every link,
 * lets them fall silent without a word, or passes only so many bytes a second.
 *
 * @module
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';
import type { Cleaning } from './cli.js';

/** One connection and its twin. */
interface Link {
  readonly ends: readonly [near: Socket, far: Socket];
  /** Nothing passes on it, for good. */
  silent: boolean;
}

/** See the module's head. Made by {@link startProxy}. */
export class TcpProxy {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #targetPort: number;
  #bytesPerSecond = Infinity;
  #stalled = false;
  #forwarded = 0;
  #made = 0;
  #watchers: { readonly bytes: number; readonly reached: () => void }[] = [];

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ noDelay: true }, (near) => this.#join(near));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Bytes that went either way, over all links. */
  get forwarded(): number {
    return this.#forwarded;
  }

  /** Links that were ever made. */
  get made(): number {
    return this.#made;
  }

  /** The same coordinates, for whoever is to come through the proxy. */
  lead(coordinates: string): string {
    const given = parseCoordinates(coordinates);
    if (given.version === 1) return formatCoordinates({ ...given, ips: ['127.0.0.1'], ports: [this.port, this.port] });
    const candidates = given.candidates.map(({ url }) => ({ url: url.replace(/:\d+\//, `:${this.port}/`) }));
    return formatCoordinates({ ...given, candidates });
  }

  /** From now on so many bytes a second go each way over each link. */
  slowDown(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Resets every link, or as many of the youngest, which do not count as links from here on. New ones may come. */
  cut(count = Infinity): void {
    for (const link of [...this.#links].reverse().slice(0, count)) {
      this.#links.delete(link);
      for (const end of link.ends) end.resetAndDestroy();
    }
  }

  /** Links that there are. */
  get links(): number {
    return this.#links.size;
  }

  /** Resolves when there are so many links. */
  async linked(count: number): Promise<void> {
    while (this.#links.size < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Nothing passes any more on any link, and no end is told, not even that the other has gone. New links are as mute. */
  stall(): void {
    this.#stalled = true;
    for (const link of this.#links) silence(link);
  }

  /** New links pass again. Those that fell silent are lost. */
  heal(): void {
    this.#stalled = false;
  }

  /** Resolves when so many bytes more have passed. */
  passed(bytes: number): Promise<void> {
    return new Promise((reached) => this.#watchers.push({ bytes: this.#forwarded + bytes, reached }));
  }

  async close(): Promise<void> {
    for (const { ends } of this.#links) for (const end of ends) end.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(near: Socket): void {
    const far = connect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true });
    const link: Link = { ends: [near, far], silent: false };
    this.#made += 1;
    this.#links.add(link);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      from.on('error', () => undefined);
      from.on('data', (bytes: Buffer) => this.#pass(link, bytes, from, to));
      from.on('end', () => {
        if (!link.silent) to.end();
      });
      from.on('close', () => {
        if (!link.silent) to.destroy();
        if (near.destroyed && far.destroyed) this.#links.delete(link);
      });
    }
    if (this.#stalled) silence(link);
  }

  #pass(link: Link, bytes: Buffer, from: Socket, to: Socket): void {
    if (link.silent) return;
    const resume = () => {
      if (!link.silent) from.resume();
    };
    if (!to.write(bytes)) {
      from.pause();
      to.once('drain', resume);
    } else if (this.#bytesPerSecond !== Infinity) {
      from.pause();
      setTimeout(resume, (bytes.length * 1000) / this.#bytesPerSecond);
    }
    this.#count(bytes.length);
  }

  #count(bytes: number): void {
    this.#forwarded += bytes;
    const reached = this.#watchers.filter((watcher) => watcher.bytes <= this.#forwarded);
    this.#watchers = this.#watchers.filter((watcher) => watcher.bytes > this.#forwarded);
    for (const watcher of reached) watcher.reached();
  }
}

function silence(link: Link): void {
  link.silent = true;
  for (const end of link.ends) end.pause();
}

/** Starts a proxy to a port of 127.0.0.1; it is closed when the test is over. */
export async function startProxy(t: Cleaning, targetPort: number): Promise<TcpProxy> {
  const proxy = new TcpProxy(targetPort);
  await proxy.listen();
  t.after(() => proxy.close());
  return proxy;
}
