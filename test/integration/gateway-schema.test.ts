/**
 * The gateway's answers against FirecREST's own document, openapi.json: every route that it has, when it does what it is asked
 * and when it does not. The recorded answers keep to it, too.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../support/cli.js';
import { startGateway } from '../support/gateway/gateway.js';
import { misfits, type ApiDocument, type Schema } from '../support/gateway/schema.js';
import { pythonOrSkip } from '../support/python-peer.js';
import { EXCHANGES } from '../support/recorded.js';

const document = JSON.parse(readFileSync(path.join(ROOT, 'src/control/firecrest/openapi.json'), 'utf8')) as ApiDocument;
const skip = await pythonOrSkip();

/** The schema of an answer. @returns undefined for an answer without a body */
function schemaOf(method: string, place: string, status: number): Schema | undefined {
  const route = Object.entries(document.paths).find(([name]) => new RegExp(`^${name.replaceAll(/\{\w+\}/gu, '[^/]+')}$`, 'u').test(place.toLowerCase()));
  const responses = route?.[1][method.toLowerCase()]?.responses;
  if (responses === undefined) return document.components.schemas['ApiResponseError'];
  const response = responses[String(status)] ?? responses[`${String(status)[0] ?? ''}XX`];
  assert.ok(response !== undefined, `${method} ${place} may not answer ${status}`);
  return response.content?.['application/json']?.schema;
}

function assertFits(what: string, method: string, place: string, status: number, body: unknown): void {
  const schema = schemaOf(method, place, status);
  assert.deepEqual(schema === undefined ? [] : misfits(document, schema, body), [], what);
}

describe('FirecREST\'s document', () => {
  it('is kept by the recorded answers', () => {
    for (const { name, request, response } of EXCHANGES) {
      // A body that the recording describes in words, or holds a part of, is none.
      const isWhole = typeof response.body === 'object' && response.body !== null && response.headers['content-type'] === 'application/json' && name !== 'status-systems-scheduler-hangs';
      if (isWhole) assertFits(name, request.method, request.path.split('?')[0] ?? '', response.status, response.body);
    }
  });

  it('would not be kept by other answers', () => {
    const { body } = EXCHANGES.find(({ name }) => name === 'job-running')?.response ?? {};
    const good = JSON.stringify(body);
    const wrong: readonly (readonly [from: string, to: string, what: RegExp])[] = [
      ['"jobId":"3"', '"jobId":3', /^\$\.jobs\[0\]\.jobId: 3 is no string$/u],
      ['"jobId":"3",', '', /^\$\.jobs\[0\]: no jobId$/u],
      ['"elapsed":2,', '"elapsed":2.5,', /^\$\.jobs\[0\]\.tasks\[0\]\.time\.elapsed: 2\.5 is no integer$/u],
      ['"allocationNodes":1', '"allocationNodes":null', /^\$\.jobs\[0\]\.allocationNodes: null is no integer$/u],
    ];
    const schema = schemaOf('GET', '/compute/alps/jobs/3', 200) ?? {};
    for (const [from, to, what] of wrong) {
      assert.ok(good.includes(from), from);
      assert.match(misfits(document, schema, JSON.parse(good.replace(from, to)))[0] ?? '', what);
    }
  });

  it('is kept by the gateway', { skip }, async (t) => {
    const gateway = await startGateway(t, { systems: [{ name: 'cluster' }, { name: 'plain', streamer: 'none' }, { name: 'worm', streamer: 'wormhole' }] });
    const { home } = gateway;
    await writeFile(path.join(home, 'file'), 'text\n');
    const json = { 'content-type': 'application/json' };
    const transfer = (name: string) => JSON.stringify({ path: path.join(home, name), transferDirectives: { transferMethod: 'streamer' } });
    const query = `path=${encodeURIComponent(path.join(home, 'file'))}`;
    const asks: readonly (readonly [method: string, target: string, body?: string])[] = [
      ['GET', '/status/systems'], ['GET', '/status/liveness/'],
      ...['nodes', 'partitions', 'reservations', 'userinfo'].map((name) => ['GET', `/status/cluster/${name}`] as const),
      ...['file', 'stat', 'checksum', 'head', 'tail', 'download'].map((name) => ['GET', `/filesystem/cluster/ops/${name}?${query}`] as const),
      ['GET', `/filesystem/cluster/ops/view?${query}&size=100`], ['GET', `/filesystem/cluster/ops/ls?path=${encodeURIComponent(home)}&showHidden=true&recursive=true`],
      ['POST', '/filesystem/cluster/ops/mkdir', JSON.stringify({ path: path.join(home, 'made') })],
      ['PUT', '/filesystem/cluster/ops/chmod', JSON.stringify({ path: path.join(home, 'file'), mode: '600' })],
      ['POST', '/filesystem/cluster/transfer/download', transfer('file')], ['POST', '/filesystem/cluster/transfer/upload', transfer('new')],
      ['POST', '/compute/cluster/jobs', JSON.stringify({ job: { workingDirectory: home, script: '#!/bin/bash\n' } })],
      ['GET', '/compute/cluster/jobs'], ['GET', '/compute/cluster/jobs/1'], ['GET', '/compute/cluster/jobs/1/metadata'], ['DELETE', '/compute/cluster/jobs/1'],
      ['DELETE', `/filesystem/cluster/ops/rm?${query}`],
    ];
    const errors: typeof asks = [
      ['GET', '/status/nothing/nodes'], ['GET', '/compute/cluster/jobs/77'], ['GET', '/compute/cluster/jobs/7_7'], ['DELETE', '/compute/cluster/jobs/77'], ['POST', '/compute/cluster/jobs', '{}'],
      ['POST', '/filesystem/plain/transfer/download', transfer('file')], ['POST', '/filesystem/worm/transfer/download', transfer('file')], ['GET', `/filesystem/cluster/ops/stat?${query}`], ['GET', '/nowhere'], ['POST', '/status/systems'],
    ];
    for (const [list, isGood] of [[asks, true], [errors, false]] as const) {
      for (const [method, target, body] of list) {
        const request = { method, headers: { authorization: `Bearer ${gateway.tokenFor('alice')}`, ...(body === undefined ? {} : json) }, body: body ?? null };
        const answer = await fetch(gateway.url + target, request).catch(() => fetch(gateway.url + target, request));
        const text = await answer.text();
        assert.equal(answer.ok, isGood, `${method} ${target}: ${text}`);
        const isJson = answer.headers.get('content-type') === 'application/json' && text !== '';
        assertFits(`${method} ${target}`, method, target.split('?')[0] ?? '', answer.status, isJson ? JSON.parse(text) : text);
      }
    }
  });
});
