/**
 * How an answer of the gateway is held against a recorded one: everything must be equal but for what cannot be, such as times and
 * numbers of processes, of which the type must be.
 *
 * @module
 */
import assert from 'node:assert/strict';

/** What differs from run to run, or from machine to machine: only types are compared. */
const VARIABLE = new Set([
  // Times, and what follows from them.
  'elapsed', 'start', 'end', 'lastChecked', 'lastHealthCheck', 'latency', 'lastUpdate', 'lastModified', 'atime', 'ctime', 'mtime', 'alps', 'alps-busy', 'wormy', 'noxfer', 'down',
  // How many there were before.
  'priority',
  // The machine, its file system and who it is.
  'sockets', 'cores', 'threads', 'cpus', 'idleCpus', 'freeMemory', 'cpuLoad', 'ino', 'dev', 'uid', 'gid',
  // The recorded site's settings of SSH, and its ports.
  'port', 'maxClients', 'connection', 'login', 'commandExecution', 'portRange',
  // A secret and ports are in it; what it is made of has a test of its own.
  'coordinates',
]);

/** Compares values, all the way down. @param at where this is, for the message */
export function assertLike(actual: unknown, recorded: unknown, at = '$', name = ''): void {
  if (Array.isArray(recorded) && Array.isArray(actual) && !VARIABLE.has(name)) {
    assert.equal(actual.length, recorded.length, `${at}: how many`);
    recorded.forEach((one, index) => assertLike(actual[index], one, `${at}[${index}]`));
  } else if (isRecord(recorded) && isRecord(actual)) {
    assert.deepEqual(Object.keys(actual).sort(), Object.keys(recorded).sort(), `${at}: which keys`);
    for (const key of Object.keys(recorded)) assertLike(actual[key], recorded[key], `${at}.${key}`, key);
  } else if (VARIABLE.has(name)) {
    assert.equal(kindOf(actual), kindOf(recorded), `${at}: type`);
  } else {
    assert.deepEqual(actual, recorded, at);
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const kindOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

/**
 * A log without what differs from run to run: from the line on that says that the streamer starts, if there is one, for what
 * pip says before it depends on where the packages come from; without dates, ports, coordinates and Python's version.
 */
export function readLog(log: string): string {
  const lines = log.split('\n');
  const at = lines.findIndex((line) => line.includes('Starting firecrest streamer'));
  return lines
    .slice(Math.max(at, 0))
    .join('\n')
    .replaceAll(/\w{3} \w{3} [\d ]\d [\d:]{8} (?:[AP]M )?UTC \d{4}/gu, 'DATE')
    .replaceAll(/CANCELLED AT [\dT:-]+/gu, 'CANCELLED AT TIME')
    .replaceAll(/(ws:\/\/[\d.]+:|bing on port: )\d+/gu, '$1PORT')
    .replaceAll(/(Use these coordinates to connect: )\S+/gu, '$1COORDINATES')
    .replaceAll(/python3\.\d+/gu, 'python3');
}
