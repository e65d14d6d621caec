import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chooseProfile, readProfile, writeProfile } from '../../../src/control/profile-files.js';
import { parseProfile } from '../../../src/control/profile.js';
import { StreamerError, UsageError } from '../../../src/errors.js';
import { tempDir } from '../../support/cli.js';

const refuses = (value: unknown, says: RegExp) => assert.throws(() => parseProfile(value, 'the profile x'), (error) => error instanceof UsageError && says.test(error.message), says.source);

describe('a profile', () => {
  it('is what it should be', () => {
    const profile = { url: 'https://firecrest.test/v2', flow: 'browser', redirectPort: 9999, allowedMethods: ['agent', 'ops'], agent: { node: 'module:nodejs', directives: ['--constraint=gpu'] } } as const;
    assert.deepEqual(parseProfile(profile, ''), profile);
    assert.deepEqual(parseProfile({}, ''), {});
  });

  it('names the field that is not, and does not quote it', () => {
    refuses([], /is not a JSON object/);
    refuses({ flow: 'magic' }, /the profile x: "flow" must be one of browser, device/);
    refuses({ redirectPort: 70_000 }, /"redirectPort" must be a port/);
    refuses({ agent: { nodes: 5 } }, /"agent.nodes" is no field of a profile/);
    refuses({ allowedMethods: ['agent', 'carrier pigeon'] }, /"allowedMethods" must be a list of/);
    refuses({ url: 'javascript:alert(1)' }, /"url" must be an address/);
    refuses({ apiKeyHeader: 'X Key\n' }, /"apiKeyHeader" must be/);
    refuses(JSON.parse('{"__proto__": 5}'), /"__proto__" is no field/);
    refuses({ account: 'hunter2\n' }, /^(?!.*hunter2)/);
  });

  it('any JSON is a profile or is refused, and what is one is the same when it is read again', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          const profile = parseProfile(value, 'x');
          assert.deepEqual(parseProfile(JSON.parse(JSON.stringify(profile)), 'x'), profile);
        } catch (error) {
          assert.ok(error instanceof UsageError);
        }
      }),
    );
  });

  it('is found by name, by variable, as default, or as the only one', async (t) => {
    const XDG_CONFIG_HOME = await tempDir(t);
    const env = { XDG_CONFIG_HOME };
    const chosen = async (given?: string, variable?: string) => (await chooseProfile(variable === undefined ? env : { ...env, STREAMER_PROFILE: variable }, given))?.name;
    assert.equal(await chosen(), undefined);
    await writeProfile(env, 'daint', {});
    assert.equal(await chosen(), 'daint');
    await writeProfile(env, 'alps', {});
    assert.deepEqual([await chosen(), await chosen('alps'), await chosen(undefined, 'daint'), await chosen('alps', 'daint')], [undefined, 'alps', 'daint', 'alps']);
    await writeProfile(env, 'default', {});
    assert.equal(await chosen(), 'default');
    for (const name of ['', '../x', 'a/b', '-x', '.x', '_x']) await assert.rejects(readProfile(env, name), UsageError, name);
  });

  it('that is not JSON, or that others can read, is told of by its name', async (t) => {
    const env = { XDG_CONFIG_HOME: await tempDir(t) };
    const directory = path.join(env.XDG_CONFIG_HOME, 'streamer/profiles');
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, 'bad.json'), '{"account": hunter2', { mode: 0o600 });
    await assert.rejects(readProfile(env, 'bad'), (error) => error instanceof UsageError && /the profile bad is not JSON/.test(error.message) && !error.message.includes('hunter2'));
    await writeFile(path.join(directory, 'open.json'), '{}', { mode: 0o666 });
    await assert.rejects(readProfile(env, 'open'), (error) => error instanceof StreamerError && error.code === 'storage-denied');
  });
});
