import assert from 'node:assert/strict';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { planDownload, planUpload } from '../../../src/control/plan.js';
import { StreamerError } from '../../../src/errors.js';
import { tempDir } from '../../support/cli.js';
import { FakeSite, SYSTEM } from '../../support/fake-site.js';

/** A cluster with a file, another one and a directory; here the same. */
async function both(t: TestContext) {
  const here = await tempDir(t);
  await writeFile(path.join(here, 'file'), 'here');
  await writeFile(path.join(here, 'other'), '');
  await mkdir(path.join(here, 'dir'));
  const client = new FakeSite({ '/scratch/file': 'there', '/scratch/other': 'too', '/scratch/dir': undefined, '/scratch/dir/file': 'within' });
  const look = { client, system: SYSTEM };
  const at = (name: string) => path.join(here, name);
  return { at, client, down: (remote: readonly string[], ...local: string[]) => planDownload({ ...look, remote, local }), up: (local: readonly string[], remote: string) => planUpload({ ...look, remote: [remote], local }) };
}

const refused = (code: string, words: RegExp) => (error: unknown) => error instanceof StreamerError && error.code === code && words.test(error.message);

describe('what a download becomes', () => {
  it('a file under another name, into a directory, or here', async (t) => {
    const { down, at } = await both(t);
    const [named] = await down(['/scratch/file'], at('new'));
    assert.deepEqual(named, { kind: 'file', size: 5, remote: '/scratch/file', local: at('new'), existing: undefined });
    for (const target of [at('dir'), `${at('dir')}/`]) assert.equal((await down(['/scratch/file'], target))[0]?.local, at('dir/file'));
    assert.equal((await down(['/scratch/file/']))[0]?.local, 'file');
    assert.deepEqual((await down(['/scratch/file'], at('other')))[0]?.existing, { kind: 'file', size: 0 });
  });

  it('several go into one directory; a directory is copied as, or into, one', async (t) => {
    const { down, at } = await both(t);
    const items = await down(['/scratch/file', '/scratch/other'], at('dir'));
    assert.deepEqual(items.map(({ local }) => local), [at('dir/file'), at('dir/other')]);
    assert.equal((await down(['/scratch/dir'], at('copy')))[0]?.local, at('copy'));
    assert.equal((await down(['/scratch/dir'], at('dir')))[0]?.local, at('dir'));
    assert.equal((await down(['/scratch/dir'], `${at('dir')}/`))[0]?.local, at('dir/dir'));
    assert.deepEqual((await down(['/scratch/dir', '/scratch/file'], at('new'))).map(({ kind, local }) => [kind, local]), [['directory', at('new/dir')], ['file', at('new/file')]]);
  });

  it('what FirecREST cannot look at is not known, and tried', async (t) => {
    const { down, at, client } = await both(t);
    assert.equal((await down(['/etc/hostname'], at('new')))[0]?.kind, 'unknown');
    assert.equal((await down(["/scratch/a'b"], at('new')))[0]?.kind, 'unknown');
    assert.deepEqual(client.calls, []);
  });

  it('is refused where it cannot end well', async (t) => {
    const { down, at } = await both(t);
    await symlink('nowhere', at('dangling'));
    await assert.rejects(down(['/scratch/none'], at('new')), refused('storage-missing', /daint has no \/scratch\/none/u));
    await assert.rejects(down(['/scratch/file'], at('none/new')), refused('storage-missing', /create it first/u));
    await assert.rejects(down(['/scratch/file'], `${at('none')}/`), refused('storage-missing', /create it first/u));
    await assert.rejects(down(['/scratch/file', '/scratch/other'], at('none')), refused('storage-missing', /create it first/u));
    await assert.rejects(down(['/scratch/file', '/scratch/other'], at('file')), refused('storage-not-a-file', /not a directory/u));
    await assert.rejects(down(['/scratch/file'], at('file/x')), refused('storage-missing', /not a directory/u));
    await assert.rejects(down(['/scratch/file', '/scratch/dir/file'], at('dir')), refused('usage', /called file/u));
    await assert.rejects(down(['/scratch/file'], '-'), refused('usage', /standard output/u));
    await assert.rejects(down(['/'], at('new')), refused('usage', /root directory/u));
    // A link that leads nowhere is in the way, too.
    assert.equal((await down(['/scratch/file'], at('dangling')))[0]?.existing?.kind, 'other');
  });

  it('a directory that may not be written to', { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false }, async (t) => {
    const { down, at } = await both(t);
    await chmod(at('dir'), 0o500);
    await assert.rejects(down(['/scratch/file'], at('dir')), refused('storage-denied', /permission/u));
  });
});

describe('what an upload becomes', () => {
  it('a file under another name, or into a directory', async (t) => {
    const { up, at } = await both(t);
    assert.deepEqual(await up([at('file')], '/scratch/new'), [{ kind: 'file', size: 4, local: at('file'), remote: '/scratch/new', existing: undefined }]);
    for (const target of ['/scratch/dir', '/scratch/dir/']) {
      const [item] = await up([at('file')], target);
      assert.equal(item?.remote, '/scratch/dir/file');
      assert.deepEqual(item.existing, { kind: 'file', size: 6 });
    }
    assert.deepEqual((await up([at('file')], '/scratch/other'))[0]?.existing, { kind: 'file', size: 3 });
    assert.equal((await up([at('file')], '/elsewhere/new'))[0]?.existing, undefined);
  });

  it('several into one directory; a directory as, or into, one', async (t) => {
    const { up, at } = await both(t);
    assert.deepEqual((await up([at('file'), at('other')], '/scratch/dir')).map(({ remote }) => remote), ['/scratch/dir/file', '/scratch/dir/other']);
    assert.equal((await up([at('dir')], '/scratch/copy'))[0]?.remote, '/scratch/copy');
    assert.equal((await up([at('dir')], '/scratch/dir/'))[0]?.remote, '/scratch/dir/dir');
  });

  it('is refused where it cannot end well', async (t) => {
    const { up, at } = await both(t);
    await assert.rejects(up([at('none')], '/scratch/new'), refused('storage-missing', /does not exist/u));
    await assert.rejects(up([at('file')], '/scratch/none/new'), refused('storage-missing', /no directory \/scratch\/none/u));
    await assert.rejects(up([at('file')], '/scratch/none/'), refused('storage-missing', /no directory \/scratch\/none/u));
    await assert.rejects(up([at('file')], '/scratch/file/new'), refused('storage-not-a-file', /not a directory/u));
    await assert.rejects(up([at('file')], '/scratch/file/'), refused('storage-not-a-file', /not a directory/u));
    await assert.rejects(up([at('file'), at('dir/../file')], '/scratch/dir'), refused('usage', /called file/u));
    await assert.rejects(up(['-'], '/scratch/new'), refused('usage', /standard input/u));
    await assert.rejects(up(['/dev/null'], '/scratch/new'), refused('storage-not-a-file', /neither a file/u));
  });
});
