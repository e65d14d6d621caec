import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { resolveTarget, safeName } from '../../../src/storage/safe-path.js';
import { failsWith, temporary } from './fixture.js';

describe('safeName', () => {
  for (const name of ['a', '...', '.bashrc', 'größe.nc', '🜁', 'a b', '~', '-rf', 'C:', 'x'.repeat(255), '.streamer-part', 'x.streamer-part']) {
    it(`passes ${JSON.stringify(name).slice(0, 40)}`, () => assert.equal(safeName(name), name));
  }

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /empty/u],
    ['.', /directory/u],
    ['..', /directory/u],
    ['/', /path/u],
    ['/etc/passwd', /path/u],
    ['a/b', /path/u],
    ['..\\a', /path/u],
    ['a/', /path/u],
    ['a\0b', /control/u],
    ['a\nb', /control/u],
    ['\u009b2J', /control/u],
    ['a\u2028b', /control/u],
    ['\ud800', /Unicode/u],
    ['ö'.repeat(128), /255 bytes/u],
    ['.a.streamer-part', /streamer/u],
    ['.a.streamer-journal', /streamer/u],
    ['.A.STREAMER-LOCK', /streamer/u],
    ['.a.streamer-lock-next', /streamer/u],
  ];
  for (const [name, text] of refused) {
    it(`refuses ${JSON.stringify(name).slice(0, 40)}`, () => assert.throws(() => safeName(name), failsWith('storage-unsafe-path', text)));
  }

  it('bounds what a message shows', () => {
    assert.throws(() => safeName('/'.repeat(1e6)), (error: Error) => error.message.length < 300);
  });
});

describe('resolveTarget', () => {
  it('takes the name into cwd, leaving relative paths as they are', async () => {
    assert.equal(await resolveTarget({ peerName: 'x' }), 'x');
    assert.equal(await resolveTarget({ peerName: 'x', cwd: '/a/b' }), '/a/b/x');
    assert.equal(await resolveTarget({ peerName: 'x', cwd: '/' }), '/x');
    assert.equal(await resolveTarget({ path: 'gone/y', peerName: 'x' }), 'gone/y');
  });

  it('goes into a directory, or a link to one, or whatever ends in a slash', async (t) => {
    const cwd = await temporary(t);
    await mkdir(path.join(cwd, 'd'));
    await symlink('d', path.join(cwd, 'link'));
    await writeFile(path.join(cwd, 'file'), '');
    const resolve = (asked: string) => resolveTarget({ path: asked, peerName: 'x', cwd });
    assert.equal(await resolve('d'), `${cwd}/d/x`);
    assert.equal(await resolve('link'), `${cwd}/link/x`);
    assert.equal(await resolve('link/..'), `${cwd}/link/../x`);
    assert.equal(await resolve('none/'), `${cwd}/none/x`);
    assert.equal(await resolve('file'), `${cwd}/file`);
    assert.equal(await resolve('new'), `${cwd}/new`);
    assert.equal(await resolve('/'), '/x');
  });

  it("checks the peer's name only where it is used", async (t) => {
    const cwd = await temporary(t);
    assert.equal(await resolveTarget({ path: 'mine', peerName: '../x', cwd }), `${cwd}/mine`);
    await assert.rejects(resolveTarget({ path: '.', peerName: '../x', cwd }), failsWith('storage-unsafe-path'));
    await assert.rejects(resolveTarget({ peerName: '', cwd }), failsWith('storage-unsafe-path'));
  });

  it('says what is wrong with the path', async (t) => {
    const cwd = await temporary(t);
    await writeFile(path.join(cwd, 'file'), '');
    await assert.rejects(resolveTarget({ path: 'file/y', peerName: 'x', cwd }), failsWith('storage-missing', /not a directory/u));
    await assert.rejects(resolveTarget({ path: 'a\0b', peerName: 'x', cwd }), failsWith('storage-unsafe-path', /NUL/u));
  });
});
