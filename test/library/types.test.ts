/**
 * The published types, as a TypeScript user sees them who has the package and nothing else: no `@types/node`, declarations
 * checked, strict.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import ts from 'typescript';
import * as library from '../../src/index.js';
import { ROOT } from '../support/cli.js';

const run = promisify(execFile);
const PACKAGE = 'firecrest-streamer-ts';

/** Uses what a caller would, each result as its type says. */
const CONSUMER = `
import {
  chooseWorkers, createAuthenticator, download, FirecrestClient, formatCoordinates, generateIdentity, isSealed, openCoordinates, openFirecrest, parseCoordinates, publicKeyOf, RateLimit, receive, redactCoordinates, sealCoordinates, send, serve, upload,
  AbortError, AuthError, ConnectError, ControlError, CoordinatesError, ERROR_CODES, IntegrityError, LimitError, ProtocolError, StorageError, StreamerError, TimeoutError, UsageError, VERSION,
} from '${PACKAGE}';
import type {
  Authenticator, AuthenticatorContext, AuthenticatorStore, DownloadOptions, FirecrestJob, FirecrestSystem, MethodChoice, MovePhase, OpenedFirecrest, OpenFirecrestOptions, RemoteEntry, RequestToSign, SignInOptions, UploadOptions,
  Candidate, ClientOptions, Coordinates, Direction, EntryCounts, ErrorClassName, ErrorCode, ExistingPolicy, FilterRule, PlainCoordinates, ProgressEvent, ProgressListener,
  ReceiveOptions, RelayAddress, RelayChoice, RootKind, Route, SendOptions, ServeOptions, StreamerServer, TlsIdentity, TransferResult, V2Coordinates, Wire, WireChoice,
} from '${PACKAGE}';

export type All = [Candidate, ClientOptions, Coordinates, Direction, EntryCounts, ErrorClassName, PlainCoordinates, RelayAddress, RelayChoice, RootKind, TlsIdentity, V2Coordinates, Wire];
const rules: readonly FilterRule[] = [{ kind: 'exclude', pattern: '*.tmp' }];
const existing: ExistingPolicy = 'update';
const wire: WireChoice = 'native';
const route: Route = 'auto';
const seen: string[] = [];
const onProgress: ProgressListener = (event: ProgressEvent) => {
  if (event.type === 'entry') seen.push(event.path, event.how, event.mtimeNs.toString());
  else if (event.type === 'done') seen.push(event.result.path);
};
const { signal }: { readonly signal: AbortSignal } = new AbortController();

export async function useFirecrest(): Promise<number | undefined> {
  const signs: Authenticator = { sign: async ({ headers }: RequestToSign, { store }: AuthenticatorContext) => headers.set('x', (await store.get('key')) ?? '') };
  const robot: SignInOptions = { flow: 'client-credentials', issuer: 'https://auth.example.org', clientId: 'robot', clientSecret: 'x' };
  seen.push(typeof (await createAuthenticator(robot)).sign);
  const choice: OpenFirecrestOptions = { url: 'https://firecrest.example.org', authenticator: signs, env: {} };
  const opened: OpenedFirecrest = await openFirecrest(choice);
  const store: AuthenticatorStore = { get: () => Promise.resolve(undefined), set: () => Promise.resolve(), exclusively: (run) => run() };
  const client = new FirecrestClient({ url: 'https://firecrest.example.org', authenticator: signs, store });
  const systems: readonly FirecrestSystem[] = await client.systems({ signal });
  const jobs: readonly FirecrestJob[] = await opened.client.jobs('daint');
  const entries: readonly RemoteEntry[] = await client.ls('daint', '/scratch');
  const method: MethodChoice = 'auto';
  const phases: MovePhase[] = [];
  const down: DownloadOptions = { ...opened, from: 'daint:/scratch/a', to: 'a', method, signal, existing, rules, onProgress: (event) => void (event.type === 'phase' && phases.push(event.phase)) };
  const up: UploadOptions = { client, from: ['a', 'b'], to: 'daint:run/', keepJob: true, verify: true, startTimeoutMs: 60_000 };
  try {
    return (await download(down)).size + (await upload(up)).size;
  } catch (error) {
    if (error instanceof ControlError) return error.status ?? systems.length + jobs.length + entries.length + phases.length;
    return undefined;
  }
}

export async function use(): Promise<ErrorCode | undefined> {
  chooseWorkers(1);
  const identity: string = generateIdentity();
  const serving: ServeOptions = { action: 'send', path: ['a', 'b'], portRange: [0, 0], sealTo: [publicKeyOf(identity)], rules, rate: new RateLimit(1e6), signal, onProgress };
  const server: StreamerServer = await serve(serving);
  // A server may wait at a relay alone.
  const port: number | undefined = server.port;
  const at: string = (server.url ?? 'a relay') + String(port);
  const text: string = isSealed(server.coordinates) ? openCoordinates(server.coordinates, [identity]) : server.coordinates;
  const coordinates = parseCoordinates(text);
  const secret: string | Uint8Array = coordinates.secret;
  const common: Pick<ClientOptions, 'coordinates' | 'wire' | 'route' | 'existing' | 'signal'> = { coordinates, wire, route, existing, signal };
  const sending: SendOptions = { ...common, path: 'a', digest: 'sha256' };
  const receiving: ReceiveOptions = { ...common, path: 'b', windowBytes: 16 * 1024 ** 2, streams: 'auto' };
  try {
    const results: TransferResult[] = [await send(sending), await receive(receiving), await server.done];
    results.forEach(({ size, digest }) => seen.push(size.toFixed(0), digest?.hex ?? '', at, secret.toString(), VERSION));
  } catch (error) {
    if (error instanceof StreamerError) return error.code;
    for (const type of [AbortError, AuthError, ConnectError, CoordinatesError, IntegrityError, LimitError, ProtocolError, StorageError, TimeoutError, UsageError]) if (error instanceof type) return error.code;
  }
  seen.push(redactCoordinates(coordinates), sealCoordinates(formatCoordinates(coordinates), [publicKeyOf(identity)]));
  return ERROR_CODES.UsageError[0];
}
`;

/** What is no option, or of another type, is known before it runs. */
const WRONG = `
import { receive, serve } from '${PACKAGE}';
// @ts-expect-error: none of its actions
void serve({ action: 'sned', path: 'x' });
// @ts-expect-error: a server may have no port
export const port: Promise<number> = serve({ action: 'send', path: 'x' }).then((server) => server.port);
// @ts-expect-error: not for users
void receive({ coordinates: 'x', wrapSink: () => undefined });
`;

const SETTINGS: Readonly<Record<string, ts.CompilerOptions>> = {
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
};

describe('the published types', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-types-'));
    // The package's files as npm has them, and none of its dependencies.
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', directory], { cwd: ROOT });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    const home = path.join(directory, 'node_modules', PACKAGE);
    await mkdir(home, { recursive: true });
    await run('tar', ['-xzf', path.join(directory, filename), '-C', home, '--strip-components=1']);
    await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
    await writeFile(path.join(directory, 'consumer.ts'), CONSUMER);
    await writeFile(path.join(directory, 'wrong.ts'), WRONG);
  });

  after(() => rm(directory, { recursive: true, force: true }));

  for (const [name, settings] of Object.entries(SETTINGS)) {
    for (const exactOptionalPropertyTypes of [false, true]) {
      it(`compile with module ${name}${exactOptionalPropertyTypes ? ', optional properties exact' : ''}`, () => {
        const options: ts.CompilerOptions = { ...settings, exactOptionalPropertyTypes, target: ts.ScriptTarget.ES2022, strict: true, skipLibCheck: false, types: [], noEmit: true };
        const program = ts.createProgram(['consumer.ts', 'wrong.ts'].map((name) => path.join(directory, name)), options);
        const errors = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => `${file?.fileName ?? ''}:${start ?? 0} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
        assert.deepEqual(errors, []);
        assert.ok(program.getSourceFiles().some(({ fileName }) => fileName.endsWith(`${PACKAGE}/dist/index.d.ts`)), 'it is the packed one');
      });
    }
  }

  it('are used by this test, all of them', () => {
    for (const name of Object.keys(library)) assert.match(CONSUMER, new RegExp(`\\b${name}\\b`, 'u'));
  });
});
