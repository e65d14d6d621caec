/**
 * scp against an sshd of this bench's own: its own host key, user key, configuration and port.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onEnd } from '../cleanup.js';
import { missingProgram, needProgram, run, versionOf } from '../programs.js';
import type { Peer, Place, Setting } from './peer.js';

const CIPHER = 'aes128-gcm@openssh.com';
/** Where sshd, started as root, keeps its unprivileged half. Compiled into it; distributions make it at boot. */
const PRIVILEGE_SEPARATION = '/run/sshd';

function userName(): string {
  return os.userInfo().username;
}

async function prepare(setting: Setting): Promise<string | undefined> {
  const { folder } = setting;
  for (const name of ['host', 'user']) {
    const file = path.join(folder, `${name}-key`);
    if (existsSync(file)) continue;
    const { ok } = await run([needProgram('ssh-keygen'), '-q', '-t', 'ed25519', '-N', '', '-C', 'streamer-bench', '-f', file]);
    if (!ok) return 'ssh-keygen could not make a key';
  }
  if (process.getuid?.() === 0 && !existsSync(PRIVILEGE_SEPARATION)) {
    mkdirSync(PRIVILEGE_SEPARATION, { mode: 0o755 });
    onEnd(() => rmdirSync(PRIVILEGE_SEPARATION));
  }
  return tryLogin(setting);
}

/** Logs in once over a pipe, with nobody listening: sshd refuses locked accounts, shells that are none, and more. */
async function tryLogin(setting: Setting): Promise<string | undefined> {
  const configuration = writeConfiguration({ ...setting, port: 22 });
  const daemon = `${needProgram('sshd')} -i -e -f ${configuration}`;
  const options = ['-n', '-q', '-p', '22', ...clientOptions(setting), '-o', `ProxyCommand=${daemon}`];
  const { ok } = await run([needProgram('ssh'), ...options, `${userName()}@${setting.serverIp}`, 'true'], 15_000);
  return ok ? undefined : `sshd does not let ${userName()} log in (a locked account, or no shell?)`;
}

function writeConfiguration({ folder, serverIp, port }: Omit<Place, 'target'>): string {
  const key = (name: string) => readFileSync(path.join(folder, `${name}-key.pub`), 'utf8');
  writeFileSync(path.join(folder, 'authorized-keys'), key('user'), { mode: 0o600 });
  writeFileSync(path.join(folder, 'known-hosts'), `${port === 22 ? serverIp : `[${serverIp}]:${port}`} ${key('host')}`);
  const file = path.join(folder, 'sshd.conf');
  writeFileSync(
    file,
    `ListenAddress ${serverIp}:${port}
HostKey ${folder}/host-key
PidFile none
AuthorizedKeysFile ${folder}/authorized-keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
StrictModes no
Ciphers ${CIPHER}
Subsystem sftp internal-sftp
`,
  );
  return file;
}

function clientOptions({ folder }: Setting): readonly string[] {
  const options = [
    `IdentityFile=${folder}/user-key`,
    'IdentitiesOnly=yes',
    `UserKnownHostsFile=${folder}/known-hosts`,
    'GlobalKnownHostsFile=/dev/null',
    'StrictHostKeyChecking=yes',
    'BatchMode=yes',
    'Compression=no',
    `Ciphers=${CIPHER}`,
  ];
  return ['-F', '/dev/null', ...options.flatMap((option) => ['-o', option])];
}

/** scp, one file, both directions. */
export const scp: Peer = {
  id: 'scp',
  name: 'scp',
  flags: `${CIPHER}, no compression, the program's default protocol (SFTP since 9.0)`,
  directions: ['down', 'up'],
  ours: [],
  moves: 'file',
  available: (setting) => {
    const missing = missingProgram('scp', 'ssh', 'sshd', 'ssh-keygen');
    return missing === undefined ? prepare(setting) : Promise.resolve(missing);
  },
  version: () => versionOf([needProgram('ssh'), '-V']),
  trial(direction, place) {
    const remote = (file: string) => `${userName()}@${place.serverIp}:${file}`;
    const [from, to] = direction === 'down' ? [remote(place.source), place.target] : [place.source, remote(place.target)];
    return {
      server: { argv: [needProgram('sshd'), '-D', '-e', '-f', writeConfiguration(place)] },
      ready: /Server listening on/,
      client: () => ({ argv: [needProgram('scp'), '-q', '-P', String(place.port), ...clientOptions(place), from, to] }),
      serverEnds: 'when stopped',
    };
  },
};
