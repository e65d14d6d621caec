import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { openNote, parseRecord, type JobRecord } from '../../../src/control/job-record.js';
import { StorageError } from '../../../src/errors.js';
import { tempDir } from '../../support/cli.js';

const IDENTITY = { url: 'https://firecrest.test', system: 'daint', direction: 'upload', remote: '/scratch/up', local: 'mine' } as const;
const RECORD: JobRecord = { askedAtMs: 1, size: 2, job: { jobId: '7', outputLog: '/o', errorLog: '/e', coordinates: 'secret' }, wire: 'native' };
const never = (message: string) => assert.fail(message);

describe('what is remembered of a job', () => {
  it('is found by the next run of the same transfer, and by no other; 0600', async (t) => {
    const directory = path.join(await tempDir(t), 'jobs');
    const note = await openNote(directory, IDENTITY, never);
    assert.equal(note.earlier, undefined);
    await note.write(RECORD);
    await note.release();
    const [file = ''] = (await readdir(directory)).filter((name) => name.endsWith('.json'));
    assert.equal((await stat(path.join(directory, file))).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    for (const other of [{ system: 'eiger' }, { direction: 'download' as const }, { remote: '/scratch/up2' }, { local: 'yours' }, { url: 'https://other.test' }]) {
      const strange = await openNote(directory, { ...IDENTITY, ...other }, never);
      assert.equal(strange.earlier, undefined);
      await strange.release();
    }
    const again = await openNote(directory, { ...IDENTITY, system: 'Daint', local: path.resolve('mine') }, never);
    assert.deepEqual(again.earlier, RECORD);
    await again.clear();
    await again.release();
    assert.deepEqual(await readdir(directory), []);
  });

  it('belongs to one run at a time', async (t) => {
    const directory = await tempDir(t);
    const note = await openNote(directory, IDENTITY, never);
    await assert.rejects(openNote(directory, IDENTITY, never), (error: unknown) => error instanceof StorageError && error.code === 'storage-locked' && /another run of this transfer goes on: .*daint:\/scratch\/up is being moved already by this program itself/u.test(error.message));
    await note.release();
    await (await openNote(directory, IDENTITY, never)).release();
  });

  it('can be written at once: a run that is killed in the next moment has it', async (t) => {
    const directory = await tempDir(t);
    const note = await openNote(directory, IDENTITY, never);
    note.writeNow(RECORD);
    const [file = ''] = readdirSync(directory).filter((name) => name.endsWith('.json'));
    assert.deepEqual(parseRecord(JSON.parse(readFileSync(path.join(directory, file), 'utf8'))), RECORD);
    assert.equal((await stat(path.join(directory, file))).mode & 0o777, 0o600);
    await note.clear();
    await note.release();
    assert.deepEqual(await readdir(directory), []);
  });

  it('is done without where there is no place for it, which is told', async (t) => {
    const directory = path.join(await tempDir(t), 'jobs');
    await mkdir(directory);
    await chmod(directory, 0o777);
    const told: string[] = [];
    const note = await openNote(directory, IDENTITY, (message) => told.push(message));
    await note.write(RECORD);
    await note.release();
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /jobs cannot be remembered.*chmod 700/u);
    const nowhere = await openNote(undefined, IDENTITY, never);
    await nowhere.write(RECORD);
    assert.equal(nowhere.earlier, undefined);
  });

  it('that is damaged is none', async (t) => {
    const directory = await tempDir(t);
    const note = await openNote(directory, IDENTITY, never);
    await note.write(RECORD);
    const [file = ''] = (await readdir(directory)).filter((name) => name.endsWith('.json'));
    await note.release();
    const text = await readFile(path.join(directory, file), 'utf8');
    await writeFile(path.join(directory, file), text.slice(0, -10));
    const again = await openNote(directory, IDENTITY, never);
    assert.equal(again.earlier, undefined);
    await again.release();
  });

  it('is parsed from any JSON without an error, and comes back as it was', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void parseRecord(value)));
    const text = fc.string();
    const job = fc.record({ jobId: text, outputLog: text, errorLog: text, coordinates: text }, { noNullPrototype: true });
    const record = fc.record({ askedAtMs: fc.nat(), size: fc.nat(), job, wire: fc.constantFrom('native' as const, 'compat' as const) }, { requiredKeys: ['askedAtMs', 'size'], noNullPrototype: true });
    fc.assert(fc.property(record, (one) => assert.deepEqual(parseRecord(JSON.parse(JSON.stringify({ version: 1, ...one }))), one)));
    assert.equal(parseRecord({ version: 2, askedAtMs: 1, size: 1 }), undefined);
  });
});
