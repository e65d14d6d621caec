/**
 * FirecREST as it was recorded: one real answer at a time, for what a client asks.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** One of test/vectors/firecrest-exchanges.json: recorded from FirecREST 2.5 with Slurm 22.05 on 2026-11-22. */
export interface Exchange {
  readonly name: string;
  readonly request: { readonly method: string; readonly path?: string; readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
}

/** All that went over HTTP. */
export const EXCHANGES: readonly Exchange[] = (JSON.parse(readFileSync('test/vectors/firecrest-exchanges.json', 'utf8')) as Exchange[]).filter(({ request }) => request.path?.startsWith('/') === true);

/** What a client has asked. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A server that gives the answer of one exchange to requests of its method and route, and `besides` to others. */
export async function startRecorded(t: TestContext, exchange: Exchange, besides: (asked: Asked) => { readonly status: number; readonly body: unknown }): Promise<{ readonly url: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const route = (path: string) => path.split('?')[0]?.toLowerCase();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const one: Asked = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces).toString('latin1') };
      asked.push(one);
      const isIt = one.method === exchange.request.method && route(one.path) === route(exchange.request.path ?? '');
      const { status, headers, body } = isIt ? { ...exchange.response } : { ...besides(one), headers: { 'content-type': 'application/json' } };
      response.writeHead(status, headers);
      response.end(contentOf(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Long content is recorded as its length and its head. */
function contentOf(body: unknown): string | Buffer {
  if (typeof body === 'string') return body;
  const { bytes, base64Head } = (body ?? {}) as { bytes?: unknown; base64Head?: unknown };
  if (typeof bytes !== 'number' || typeof base64Head !== 'string') return body === null ? '' : JSON.stringify(body);
  const content = Buffer.alloc(bytes);
  Buffer.from(base64Head, 'base64').copy(content);
  return content;
}
