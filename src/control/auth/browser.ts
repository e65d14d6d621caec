/**
 * The user's browser: whether there is one, and opening it.
 *
 * @module
 */
import { spawn } from 'node:child_process';

/**
 * Whether a browser can be expected to open before the user's eyes: not over SSH, where it would be the other machine's, nor
 * without a display.
 */
export function hasBrowser(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): boolean {
  const set = (name: string) => env[name] !== undefined && env[name] !== '';
  if (set('SSH_CONNECTION') || set('SSH_TTY') || set('SSH_CLIENT')) return false;
  if (set('BROWSER')) return true;
  return platform === 'darwin' || platform === 'win32' || set('DISPLAY') || set('WAYLAND_DISPLAY');
}

/** The command that opens an address. $BROWSER, as xdg-open and others read it, is several programs between colons. */
export function browserCommand(address: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): readonly [string, ...string[]] {
  const [chosen] = (env['BROWSER'] ?? '').split(':').filter((program) => program !== '' && !program.includes('%'));
  if (chosen !== undefined && platform !== 'win32') return [chosen, address];
  if (platform === 'darwin') return ['open', address];
  // Without cmd.exe, to which & and % are more than characters.
  if (platform === 'win32') return ['rundll32.exe', 'url.dll,FileProtocolHandler', address];
  return ['xdg-open', address];
}

/** How long an opener is waited for before it is taken to have worked: some are the browser itself, milliseconds. */
const OPENER_MS = 3_000;

/**
 * Opens an address. It stands in the process list for a moment, so it must hold no secret.
 * @returns whether it seems to have worked
 */
export function openBrowser(address: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const [program, ...words] = browserCommand(address, env);
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: 'ignore', detached: true, env });
    const timer = setTimeout(() => resolve(true), OPENER_MS);
    const settle = (worked: boolean) => {
      clearTimeout(timer);
      resolve(worked);
    };
    child.once('error', () => settle(false));
    child.once('exit', (code) => settle(code === 0));
    child.unref();
  });
}
