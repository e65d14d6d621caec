import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { canBeCarried, canLook, directoryOf, nameOf, parseRemotePlace, within, withoutSlash } from '../../src/control/remote-path.js';
import { UsageError } from '../../src/errors.js';

const systems = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{1,20}$/u);
const names = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((name) => !/[/\p{Cc}]|^\.{1,2}$|^~/u.test(name));
const paths = fc.array(names, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`);

test('any text is a place, or a UsageError that shows no control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (word) => {
      try {
        const { path } = parseRemotePlace(word);
        assert.doesNotMatch(path, /\p{Cc}|\/\/|(?:^|\/)\.\.(?:\/|$)|(?:^|\/)\.(?:\/|$)/u);
      } catch (error) {
        assert.ok(error instanceof UsageError);
        assert.doesNotMatch(error.message, /\p{Cc}/u);
      }
    }),
  );
});

test('a system and an absolute path come back as they were written, and cleaning is done once', () => {
  fc.assert(
    fc.property(systems, paths, fc.boolean(), (system, path, slash) => {
      const written = `${path}${slash ? '/' : ''}`;
      assert.deepEqual(parseRemotePlace(`${system}:${written}`), { system, path: written });
      assert.deepEqual(parseRemotePlace(written), { system: undefined, path: written });
    }),
  );
});

test('dots and doubled slashes mean nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(names, fc.constantFrom('.', '')), { maxLength: 8 }), (parts) => {
      const { path } = parseRemotePlace(`/${parts.join('/')}`);
      assert.deepEqual(path.split('/').filter((part) => part !== ''), parts.filter((part) => part !== '.' && part !== ''));
      assert.equal(parseRemotePlace(path).path, path);
    }),
  );
});

test('a path is its directory and its name', () => {
  fc.assert(fc.property(paths, (path) => assert.equal(within(directoryOf(path), nameOf(path)), withoutSlash(path))));
});

test('what can be carried is one word for bash, unchanged, and unchanged by HTML', () => {
  const odd = fc.string({ unit: fc.constantFrom(...Array.from(' \t"\'`$;&|<>()[]{}*?~#!\\^=-+.,:@%/éaZ0')), minLength: 1, maxLength: 12 });
  const carried: string[] = [];
  fc.assert(
    fc.property(odd, (path) => {
      if (canBeCarried(path)) carried.push(path);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(carried.length > 20);
  const said = execFileSync('bash', ['-c', carried.map((path) => `printf '%s\\n' --path ${path}`).join('\n')], { encoding: 'utf8' });
  assert.deepEqual(said.trimEnd().split('\n').filter((line) => line !== '--path'), carried);
});

test('names that FirecREST was seen to break are not carried', () => {
  for (const name of ['a b.bin', 'a&b.bin', "a'b.bin", 'a$HOME.bin', 'a;b.bin', 'a"b', 'a\\b', 'a<b', 'a>b', 'a|b', '(a)', '`a`', '*', 'a?', '[a]', '~a', '#a', 'a!', '-a', 'd/-a', 'a\nb', '{a,b}', '']) {
    assert.equal(canBeCarried(name), false, name);
  }
  for (const name of ['/scratch/é.bin', '/scratch/run-7/a_b.c+d,e@f:g=h%i', 'present.txt']) assert.equal(canBeCarried(name), true, name);
});

test("FirecREST can look within a system's file systems only, and at nothing with a quote", () => {
  const system = { fileSystems: [{ path: '/scratch/', defaultWorkDir: true }, { path: '/store', defaultWorkDir: false }] };
  for (const path of ['/scratch', '/scratch/a b', '/store/x']) assert.equal(canLook(path, system), true, path);
  for (const path of ['/scratchy', '/etc/hostname', '/', "/scratch/a'b"]) assert.equal(canLook(path, system), false, path);
});
