import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as commands from '../../../bench/container-commands.js';

const PODMAN: commands.Engine = { kind: 'podman', program: '/usr/bin/podman', rootless: false };
const DOCKER: commands.Engine = { kind: 'docker', program: '/usr/bin/docker', rootless: false };
const CONTAINER: commands.Container = {
  name: 'streamer-bench-7-server',
  image: 'streamer-bench-7',
  network: 'streamer-bench-7',
  readable: ['/usr', '/etc'],
  writable: ['/dev/shm'],
  limits: ['nofile=1024:1024'],
  command: ['/usr/bin/sleep', 'infinity'],
};

/** The word after each `option`. */
function after(argv: readonly string[], option: string): readonly (string | undefined)[] {
  return argv.flatMap((word, index) => (word === option ? [argv[index + 1]] : []));
}

describe("the bench's container engines", () => {
  it('are podman, podman with runc, and docker, as far as each is there', () => {
    const among = (...there: readonly string[]) =>
      commands.enginesAmong((name) => (there.includes(name) ? `/bin/${name}` : undefined), false).map(({ kind, runtime }) => [kind, runtime]);
    const [podman, withRunc, docker] = [['podman', undefined], ['podman', '/bin/runc'], ['docker', undefined]];
    assert.deepEqual(among('docker', 'runc', 'podman'), [podman, withRunc, docker]);
    assert.deepEqual(among('podman'), [podman]);
    assert.deepEqual(among('docker', 'runc'), [docker]);
    assert.deepEqual(among('runc'), []);
  });

  it('start a container on the network of its bench, with the files of the machine, from an image that is there', () => {
    const argv = commands.startContainer(PODMAN, CONTAINER);
    assert.deepEqual(argv.slice(0, 5), ['/usr/bin/podman', 'run', '--detach', '--pull', 'never']);
    assert.deepEqual(after(argv, '--network'), ['streamer-bench-7']);
    assert.deepEqual(after(argv, '--volume'), ['/usr:/usr:ro', '/etc:/etc:ro', '/dev/shm:/dev/shm']);
    assert.deepEqual(after(argv, '--ulimit'), ['nofile=1024:1024']);
    assert.deepEqual(argv.slice(-3), ['streamer-bench-7', '/usr/bin/sleep', 'infinity']);
  });

  it('are told what only podman knows where it is podman', () => {
    const rootless = commands.startContainer({ ...PODMAN, rootless: true, runtime: '/bin/runc' }, CONTAINER);
    assert.deepEqual(rootless.slice(0, 4), ['/usr/bin/podman', '--runtime', '/bin/runc', 'run']);
    assert.deepEqual(after(rootless, '--userns'), ['keep-id']);
    const docker = commands.startContainer(DOCKER, CONTAINER);
    assert.deepEqual([after(docker, '--ulimit'), after(docker, '--userns')], [[], []]);
    assert.ok(commands.makeBridge(PODMAN, 'n').includes('--disable-dns'));
    assert.deepEqual(commands.makeBridge(DOCKER, 'n'), ['/usr/bin/docker', 'network', 'create', '--internal', 'n']);
  });

  it('are entered by nsenter, as the user of a rootless one', () => {
    const argv = commands.enterContainer(PODMAN, '/bin/nsenter', 42, ['node', '-v']);
    assert.deepEqual(argv.slice(0, 6), ['/bin/nsenter', '--target', '42', '--mount', '--ipc', '--net']);
    assert.deepEqual(argv.slice(-2), ['node', '-v']);
    const own = commands.enterContainer({ ...PODMAN, rootless: true }, '/bin/nsenter', 42, ['node']);
    assert.deepEqual(own.slice(3, 5), ['--user', '--preserve-credentials']);
  });

  it('tell a process and an address, once the container runs', () => {
    assert.deepEqual(commands.readInside('4711 10.89.0.2'), { pid: 4711, ip: '10.89.0.2' });
    for (const output of ['0 ', '0 10.89.0.2', '4711 ', 'Error: no such object', '']) assert.equal(commands.readInside(output), undefined);
  });

  it("remove what a bench of the asked process has left, and nobody else's", () => {
    const listed = ['podman', 'streamer-bench-7', 'localhost/streamer-bench-7', 'streamer-bench-7-client', 'streamer-bench-8-server', 'my-streamer-bench-7', 'streamer-bench-7-more'];
    const names = commands.namesOf(listed.join('\n'), (pid) => pid === 7);
    assert.deepEqual(names, ['streamer-bench-7', 'streamer-bench-7', 'streamer-bench-7-client']);
    assert.deepEqual(commands.namesOf('', () => true), []);
  });

  it('complain in one line', () => {
    assert.equal(commands.complaint('failed to connect to syslog\nError: crun: no cgroups\n'), 'Error: crun: no cgroups');
    assert.equal(commands.complaint('\nCannot connect to the Docker daemon.'), 'Cannot connect to the Docker daemon.');
    assert.equal(commands.complaint(''), 'failed');
  });
});
