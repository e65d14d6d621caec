/**
 * What a process is doing that was waited for in vain: whether it runs or sleeps, and whom it is connected to. It tells an
 * end that waits for a peer from one that hangs.
 *
 * @module
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** States of /proc/net/tcp, by number (include/net/tcp_states.h). */
const TCP_STATES = ['', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING'];

/** A few lines for a failed test's message. Never rejects: elsewhere than on Linux it knows little. */
export async function processState(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  if (status === undefined) return 'it is gone';
  const [, state = 'in an unknown state'] = /^State:\s*(.*)$/mu.exec(status) ?? [];
  const sockets = await tcpSockets(pid).catch((error: unknown) => [String(error)]);
  return [`it is there: ${state}`, ...sockets].join('\n  ');
}

/**
 * Resolves when it has come to rest: it sleeps whenever one looks, for half a second. One that starts on a busy machine runs, or
 * waits to run. Elsewhere than on Linux it is a second.
 */
export async function atRest(pid: number): Promise<void> {
  for (let rests = 0; rests < 10; ) {
    await sleep(50);
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
    if (stat === undefined) return sleep(1000);
    rests = stat.slice(stat.lastIndexOf(')') + 2).startsWith('S') ? rests + 1 : 0;
  }
}

/** Its TCP sockets over IPv4: ports, state, and bytes that wait to be sent and to be read. */
async function tcpSockets(pid: number): Promise<string[]> {
  const directory = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(directory)).map((fd) => readlink(`${directory}/${fd}`).catch(() => '')));
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/u.exec(link)?.slice(1) ?? []));
  const rows = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, local = '', remote = '', state = '', queues = '', , , , , inode = ''] = row.trim().split(/\s+/u);
    if (!inodes.has(inode)) return [];
    const [toSend = '', toRead = ''] = queues.split(':');
    return `port ${portOf(local)} to ${portOf(remote)}: ${TCP_STATES[Number.parseInt(state, 16)] ?? state}, ${Number.parseInt(toSend, 16)} bytes to send, ${Number.parseInt(toRead, 16)} to read`;
  });
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}
