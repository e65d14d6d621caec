/**
 * nginx of a test's own: TLS on a free port of 127.0.0.1, in the foreground, with everything that it writes in a directory
 * that goes with the test.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startProgram, tempDir, type Child } from './cli.js';

/** Where Debian puts it is not in everybody's PATH. */
const PROGRAM = ['nginx', '/usr/sbin/nginx'].find((name) => spawnSync(name, ['-v']).status === 0);

/** Whether there is one. */
export const hasNginx = PROGRAM !== undefined;

/** What it serves. */
export interface NginxOptions {
  readonly port: number;
  /** Files, PEM. */
  readonly cert: string;
  readonly key: string;
  /** What stands in its `server` block besides. */
  readonly lines: string;
}

/** Starts it, and waits until it listens. It ends with the test. */
export async function startNginx(t: TestContext, { port, cert, key, lines }: NginxOptions): Promise<Child> {
  const directory = await tempDir(t);
  await mkdir(path.join(directory, 'temp'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/temp/${name};`).join('\n');
  const file = path.join(directory, 'nginx.conf');
  // One process: workers would outlive a master that is killed.
  await writeFile(file, `daemon off;
master_process off;
pid ${directory}/pid;
events {}
http {
access_log off;
${temporary}
server {
listen 127.0.0.1:${port} ssl;
ssl_certificate ${cert};
ssl_certificate_key ${key};
${lines}
}
}
`);
  const child = startProgram(t, [PROGRAM ?? 'nginx', '-e', 'stderr', '-p', directory, '-c', file]);
  for (;;) {
    if (await listens(port)) return child;
    if (child.stderr.includes('[emerg]')) throw new Error(child.stderr);
    await delay(20);
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
