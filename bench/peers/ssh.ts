/**
 * An sshd of the bench's own for scp, rsync and tar: its own host key, user key, configuration and port.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onEnd } from '../cleanup.js';
import { missingProgram, needProgram, run, versionOf } from '../programs.js';
import type { Place, Setting, Trial } from './peer.js';

/** The fastest that OpenSSH has where the processor has AES instructions. */
export const CIPHER = 'aes128-gcm@openssh.com';
/** Where sshd, started as root, keeps its unprivileged half. Compiled into it; distributions make it at boot. */
const PRIVILEGE_SEPARATION = '/run/sshd';

/** Makes keys and tries them. Answers why there can be no login. */
export async function sshAvailable(setting: Setting): Promise<string | undefined> {
  const missing = missingProgram('ssh', 'sshd', 'ssh-keygen');
  if (missing !== undefined) return missing;
  for (const name of ['host', 'user']) {
    const file = path.join(setting.folder, `${name}-key`);
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

/** Version of OpenSSH. */
export function sshVersion(): Promise<string> {
  return versionOf([needProgram('ssh'), '-V']);
}

/** Whom to log in as: who runs the bench. */
export function userAt({ serverIp }: Setting): string {
  return `${os.userInfo().username}@${serverIp}`;
}

/** Logs in once over a pipe, with nobody listening: sshd refuses locked accounts, shells that are none, and more. */
async function tryLogin(setting: Setting): Promise<string | undefined> {
  const daemon = `${needProgram('sshd')} -i -e -f ${writeConfiguration({ ...setting, port: 22 })}`;
  const options = ['-n', '-q', '-p', '22', ...sshOptions(setting), '-o', `ProxyCommand=${daemon}`];
  const { ok } = await run([needProgram('ssh'), ...options, userAt(setting), 'true'], 15_000);
  return ok ? undefined : `sshd does not let ${os.userInfo().username} log in (a locked account, or no shell?)`;
}

function writeConfiguration({ folder, serverIp, port }: Setting & Pick<Place, 'port'>): string {
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

/** Options of ssh and scp that keep every user's and system's configuration out. The port is not among them. */
export function sshOptions({ folder }: Setting): readonly string[] {
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

/** The server's half of a trial. */
export function sshServer(place: Place): Omit<Trial, 'client'> {
  return {
    server: { argv: [needProgram('sshd'), '-D', '-e', '-f', writeConfiguration(place)] },
    ready: /Server listening on/,
    serverEnds: 'when stopped',
  };
}
