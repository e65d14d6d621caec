/**
 * The script of a scheduler job that runs streamer's server for one transfer.
 *
 * @module
 */
import { checkJobOptions, JOB_DEFAULTS, type JobScriptOptions } from './job-options.js';
import { clusterPath, findNode, findStreamer } from './job-node.js';
import { directives } from './scheduler-directives.js';
import { shellQuote } from './shell-quote.js';

/**
 * Writes the script: complete, commented, every value quoted. It holds no secret; the server makes its own when it runs.
 *
 * At its end the shell becomes the server (`exec`) instead of waiting for it. So whoever signals the job's script signals the
 * server, and only once: where both are signalled, as scancel and PBS do, a shell that passes the signal on would send the
 * second one, which ends the server at once. And the job is over in the moment in which the server is.
 *
 * @throws UsageError that names the option whose value cannot be used.
 */
export function jobScript(options: JobScriptOptions): string {
  checkJobOptions(options);
  return `#!/bin/bash
# Moves ${options.action === 'send' ? 'files or directories to' : 'a file or a directory from'} the client that has the coordinates, which it prints, and ends.
# Made by "streamer job-script"; submit it with "${options.scheduler === 'slurm' ? 'sbatch' : 'qsub'} <this file>".
#
${directives(options).join('\n')}

set -eu
fail() {
  printf 'streamer job: %s\\n' "$*" >&2
  exit 1
}

# What this script makes is its owner's alone; what the server receives gets the usual modes.
usual_umask=$(umask)
umask 077
# A core file would hold the keys.
ulimit -c 0
# No secret, and no other setting of streamer's, comes from the environment.
unset "\${!STREAMER_@}"

${workingDirectory(options)}
${findNode(options)}
${findStreamer(options)}
${runServer(options)}`;
}

function workingDirectory({ scheduler, workingDirectory: directory }: JobScriptOptions): string {
  if (directory !== undefined) return `# The scheduler may have begun elsewhere, where this is not there.\ncd -- ${shellQuote(directory, '`workingDirectory`')}\n`;
  return scheduler === 'pbs' ? '# PBS begins in the home directory.\ncd -- "${PBS_O_WORKDIR:-$HOME}"\n' : '';
}

function runServer(options: JobScriptOptions): string {
  const limitSeconds = Math.ceil((options.timeMs ?? JOB_DEFAULTS.timeMs) / 1000);
  const names = options.publicIps ?? (options.relay === undefined ? [NODE_NAME] : []);
  const paths = options.paths.map((path) => shellQuote(clusterPath(path), 'the path')).join(' ');
  return `set -- "$@" server ${serverWords(options, names).join(' \\\n  ')}
${names.includes(NODE_NAME) ? '# Its name, as others on the network know it.\nset -- "$@" "--public-ips=$(hostname -f 2>/dev/null || hostname)"\n' : ''}# Nobody is to look for a job that is over. Slurm 23.02 and later tell its end, and the server looks there by itself.
[ -n "\${SLURM_JOB_END_TIME:-}" ] || set -- "$@" "--expires=$((${limitSeconds} - SECONDS))"
umask "$usual_umask"
# The server takes this shell's place: a signal for the job is for the server.
exec "$@" ${options.action} ${paths} </dev/null
`;
}

/** Stands for the node's own name, which is not known before the job runs. */
const NODE_NAME = '@node';

/** What `streamer server` is told, each option in one word: a value that begins with a dash is none of its own. */
function serverWords(options: JobScriptOptions, names: readonly string[]): string[] {
  const { timeMs = JOB_DEFAULTS.timeMs, waitTimeoutMs = Math.min(JOB_DEFAULTS.waitTimeoutMs, timeMs), relay, portRange, inboundTransferLimit, coordinatesFile } = options;
  const words: (readonly [option: string, value: string | number | undefined])[] = [
    ['--wait-timeout', Math.ceil(waitTimeoutMs / 1000)],
    ...(options.sealTo ?? []).map((key) => ['--seal-to', key] as const),
    ['--relay', relay?.url],
    ['--relay-token-file', relay?.tokenFile],
    ...names.filter((name) => name !== NODE_NAME).map((name) => ['--public-ips', name] as const),
    ['--host', options.host ?? (names.length === 0 ? undefined : '0.0.0.0')],
    ['--port-range', portRange?.join('-')],
    ['--inbound-transfer-limit', inboundTransferLimit],
    ['--coordinates-file', coordinatesFile],
  ];
  const given = words.filter(([, value]) => value !== undefined).map(([option, value]) => shellQuote(`${option}=${value ?? ''}`, 'an option'));
  return [...given, ...(options.serverOptions ?? []).map((word) => shellQuote(word, '`serverOptions`'))];
}
