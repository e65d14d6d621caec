/**
 * What `ls -l` says, as objects.
 *
 * @module
 */

/** The options that make ls write what {@link parseListing} reads. */
export const LS = "ls -l --quoting-style=c --time-style='+%Y-%m-%dT%H:%M:%S'";

const LINE = /^(?<type>\S)(?<permissions>\S+)\s+\d+\s+(?<user>\S+)\s+(?<group>\S+)\s+(?<size>\d+)\s+(?<lastModified>[\dT:-]+)\s+(?<names>"(?:[^"\\]|\\.)*"(?: -> "(?:[^"\\]|\\.)*")?)$/u;

/** A file in a listing; its size is a string. */
export interface ListedFile {
  readonly name: string;
  readonly type: string;
  readonly linkTarget: string | null;
  readonly user: string;
  readonly group: string;
  readonly permissions: string;
  readonly lastModified: string;
  readonly size: string;
}

/** Reads a listing. With directories in it (`-R`), names are relative to the first one. */
export function parseListing(text: string): ListedFile[] {
  const files: ListedFile[] = [];
  let root: string | undefined;
  let prefix = '';
  for (const line of text.split('\n')) {
    const [, directory] = /^("(?:[^"\\]|\\.)+"):$/u.exec(line) ?? [];
    if (directory !== undefined) {
      const place = `${unquote(directory).replace(/\/+$/u, '')}/`;
      root ??= place;
      prefix = place.startsWith(root) ? place.slice(root.length) : place;
      continue;
    }
    const groups = LINE.exec(line)?.groups;
    if (groups === undefined) continue;
    const [name = '', linkTarget] = (groups['names'] ?? '').match(/"(?:[^"\\]|\\.)*"/gu) ?? [];
    const { type = '', user = '', group = '', permissions = '', lastModified = '', size = '' } = groups;
    files.push({ name: prefix + unquote(name), type, linkTarget: linkTarget === undefined ? null : unquote(linkTarget), user, group, permissions, lastModified, size });
  }
  return files;
}

/** FirecREST reads ls's C strings with Python's shlex: of the escapes only those of `"` and `\` are undone. */
const unquote = (text: string): string => text.slice(1, -1).replace(/\\(["\\])/gu, '$1');
