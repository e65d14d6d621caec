// The built command as a child process, its events read as they come.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const streamer = path.join(path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url)))), 'bin/streamer.cjs');
const running = new Set();

/** Starts the command with `--json`. `until` waits for an event; `exit` for its end. */
export function start(words, env = {}) {
  const child = spawn(process.execPath, [streamer, ...words, '--json'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  running.add(child);
  const events = [];
  const listeners = new Set();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line);
    events.push(event);
    for (const listener of listeners) listener(event);
  });
  const exit = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  const until = (wanted) =>
    new Promise((resolve, reject) => {
      const look = (event) => {
        if (wanted(event)) resolve(event);
        if (event.event === 'error') reject(new Error(event.message));
      };
      events.forEach(look);
      listeners.add(look);
      void exit.then(({ code }) => reject(new Error(`streamer ${words[0]} ended early, with ${code}`)));
    });
  return { child, events, until, exit };
}

/** Runs it to its good end. */
export async function run(words, env) {
  const started = start(words, env);
  const { code } = await started.exit;
  const failed = started.events.find(({ event }) => event === 'error');
  if (code !== 0) throw new Error(failed?.message ?? `streamer ${words[0]} ended with ${code}`);
  return started.events;
}

/** The same as a person would see it: its output goes to this terminal. */
export function show(words, env) {
  console.log(`\n$ streamer ${words.join(' ')}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [streamer, ...words], { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
    running.add(child);
    child.on('close', (code) => {
      running.delete(child);
      if (code === 0) resolve();
      else reject(new Error(`streamer ${words[0]} ended with ${code}`));
    });
  });
}

/** Ends what still runs. */
export function stopAll() {
  for (const child of running) child.kill('SIGKILL');
}
