/**
 * What podman and docker are told: the command lines, and what is read from their answers. Nothing is run here.
 *
 * @module
 */

const PREFIX = 'streamer-bench';
const OWN_NAME = new RegExp(`^(?:localhost/)?(${PREFIX}-(\\d+)(?:-(?:server|client))?)$`);

/** A way to run containers here. */
export interface Engine {
  readonly kind: 'podman' | 'docker';
  /** Its path. */
  readonly program: string;
  /** What starts the containers for it, where that is not to be what it is set up with. Podman's only. */
  readonly runtime?: string;
  /** It belongs to a user, who is nobody in particular in the containers, too. Podman's only. */
  readonly rootless: boolean;
}

type Argv = readonly [string, ...string[]];

/** What can be tried, best first. `find` answers where a program is, or undefined. */
export function enginesAmong(find: (name: string) => string | undefined, rootless: boolean): readonly Engine[] {
  const [podman, runc, docker] = [find('podman'), find('runc'), find('docker')];
  const engines: Engine[] = [];
  if (podman !== undefined) engines.push({ kind: 'podman', program: podman, rootless });
  // crun, which most are set up with, refuses a machine that has controllers of both cgroup versions.
  if (podman !== undefined && runc !== undefined) engines.push({ kind: 'podman', program: podman, runtime: runc, rootless });
  if (docker !== undefined) engines.push({ kind: 'docker', program: docker, rootless });
  return engines;
}

/** One container, which does nothing but wait for others to come in. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly network: string;
  /** Folders of the machine that are there under the same path. */
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  /** Such as `nofile=1024:1024`: podman asks for more than the machine may allow. */
  readonly limits: readonly string[];
  readonly command: Argv;
}

/** A container as its engine describes it: a process in it as the machine sees it, and its address. */
export interface Inside {
  readonly pid: number;
  readonly ip: string;
}

/** What the bench of a process calls its network and image; its containers have the side after it. */
export function nameOf(pid: number): string {
  return `${PREFIX}-${pid}`;
}

/** Names of a bench's in what an engine lists, one a line: of each bench whose process `whose` says yes to. */
export function namesOf(listed: string, whose: (pid: number) => boolean): readonly string[] {
  const matches = listed.split('\n').map((line) => OWN_NAME.exec(line.trim()));
  return matches.flatMap((match) => (match?.[1] !== undefined && whose(Number(match[2])) ? [match[1]] : []));
}

/** Asks for the version, of what runs the containers: a docker without its daemon has none. */
export function askVersion({ kind, program }: Engine): Argv {
  return [program, 'version', '--format', kind === 'podman' ? '{{.Client.Version}}' : '{{.Server.Version}}'];
}

/** Makes an image of nothing, from an archive of nothing: none is ever pulled. */
export function makeImage({ program }: Engine, image: string): Argv {
  return ['sh', '-c', 'head -c 1024 /dev/zero | "$0" import - "$1"', program, image];
}

/** Makes a network that has no way out of the machine. */
export function makeBridge({ kind, program }: Engine, network: string): Argv {
  // Both ends are dialled by address; podman would want another program for names.
  return [program, 'network', 'create', '--internal', ...(kind === 'podman' ? ['--disable-dns'] : []), network];
}

/** Starts a container. */
export function startContainer({ kind, program, runtime, rootless }: Engine, container: Container): Argv {
  const { name, image, network, readable, writable, limits, command } = container;
  const volumes = [...readable.map((folder) => `${folder}:${folder}:ro`), ...writable.map((folder) => `${folder}:${folder}`)];
  return [
    ...([program, ...(runtime === undefined ? [] : ['--runtime', runtime])] as const),
    ...['run', '--detach', '--pull', 'never', '--name', name, '--network', network],
    // So that /proc shows the processes that come in from outside to themselves.
    ...['--pid', 'host'],
    // It need not be waited for when it is removed, and may read the machine's files where SELinux labels them.
    ...['--stop-signal', 'KILL', '--security-opt', 'label=disable'],
    ...(rootless ? ['--userns', 'keep-id'] : []),
    ...(kind === 'podman' ? limits.flatMap((limit) => ['--ulimit', limit]) : []),
    ...volumes.flatMap((volume) => ['--volume', volume]),
    image,
    ...command,
  ];
}

/** Asks for what {@link readInside} reads. */
export function inspectContainer({ program }: Engine, name: string): Argv {
  return [program, 'inspect', '--format', '{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name];
}

/** Undefined when the container does not run. */
export function readInside(output: string): Inside | undefined {
  const match = /^([1-9]\d*) (\d+\.\d+\.\d+\.\d+)$/m.exec(output);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { pid: Number(match[1]), ip: match[2] };
}

/** Runs a command in a container as a process of the caller's: with the container's files and network, and the machine's name. */
export function enterContainer({ rootless }: Engine, nsenter: string, pid: number, argv: readonly string[]): Argv {
  const user = rootless ? ['--user', '--preserve-credentials'] : [];
  // Whoever enters is at the root of what is mounted there. A measured process's home is the folder that it is to be in.
  return [nsenter, '--target', `${pid}`, ...user, '--mount', '--ipc', '--net', 'sh', '-c', 'cd "$HOME" && exec "$@"', 'sh', ...argv];
}

/** What the bench leaves with an engine, how its names are listed, and what removes those that follow. */
export interface Leftover {
  readonly what: 'containers' | 'networks' | 'images';
  readonly list: Argv;
  readonly remove: Argv;
}

/** In the order in which they can be removed. */
export function leftovers({ program }: Engine): readonly Leftover[] {
  return [
    { what: 'containers', list: [program, 'ps', '--all', '--format', '{{.Names}}'], remove: [program, 'rm', '--force'] },
    { what: 'networks', list: [program, 'network', 'ls', '--format', '{{.Name}}'], remove: [program, 'network', 'rm'] },
    { what: 'images', list: [program, 'images', '--format', '{{.Repository}}'], remove: [program, 'rmi', '--force'] },
  ];
}

/** What went wrong, of all that an engine prints when something has. */
export function complaint(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /error|cannot/i.test(line)) ?? lines[0] ?? 'failed').slice(0, 300);
}
