/**
 * The batch script of a transfer: what FirecREST's own does, line by line, but for the virtual environment, which is the
 * tests' own and not made anew (and removed) in every job. **Like FirecREST's it has the path in it without any quotes**: it
 * is only ever to be run in temporary directories.
 *
 * @module
 */
import path from 'node:path';
import { BIN } from '../cli.js';
import { PYTHON } from '../python-venv.js';

/** What goes into the script. */
export interface TransferScriptOptions {
  /** What serves: the real Python package, or this repository's command, as a site would put it there. */
  readonly streamer: 'python' | 'ours';
  readonly directives: readonly string[];
  readonly operation: 'send' | 'receive';
  readonly target: string;
  readonly secret: string;
  readonly host: string;
  readonly publicIps: readonly string[];
  readonly portRange: readonly [first: number, last: number];
  readonly waitTimeoutSeconds: number;
  readonly inboundTransferLimit: number;
}

/** The script. */
export function transferScript(options: TransferScriptOptions): string {
  const target = htmlEscaped(options.target);
  return `#!/bin/bash


${options.directives.join('\n')}


echo $(date -u) "Ingress/Outgress File Transfer Job (id:\${SLURM_JOB_ID:-\${PBS_JOBID:-unknown}})"

latest_python=${options.streamer === 'python' ? `$('${PYTHON}' -c 'import sys; print("python%d.%d" % sys.version_info[:2])')` : 'none'}
echo "Most recent Python version detected is: $latest_python"

${options.operation === 'send' ? unless(`[ ! -f "${target}" ]`, 'source file does not exist.') : unless(`[ -f "${target}" ]`, 'destination file already exist.')}

cleanup() {
    echo $(date -u) "Clean up temp env folder...";
}
trap cleanup EXIT

${options.streamer === 'python' ? `source '${path.join(path.dirname(PYTHON), 'activate')}'\n` : ''}
echo $(date -u) "Starting firecrest streamer in ${options.operation} mode..."

${command(options)} server --secret ${options.secret} --host ${options.host} ${options.publicIps.map((ip) => `--public-ips ${ip}`).join(' ')} --port-range ${options.portRange.join(' ')} --wait-timeout ${options.waitTimeoutSeconds} --inbound-transfer-limit ${options.inboundTransferLimit} ${options.operation} --path ${target}
`;
}

const unless = (condition: string, message: string): string => `if ${condition}; then\n    echo "Error: ${message}"\n    exit 1\nfi\n`;

const command = ({ streamer }: TransferScriptOptions): string => (streamer === 'python' ? 'streamer' : `'${process.execPath}' '${BIN}'`);

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/** As Jinja's autoescape does, which FirecREST has on. */
const htmlEscaped = (text: string): string => text.replace(/[&<>"']/gu, (found) => ENTITIES[found] ?? found);
