/**
 * The first frames on a new channel: the client says who it is and what it does, the server takes it or says why not.
 *
 * @module
 */
import { errorFromPeer, ProtocolError, TimeoutError, type StreamerError } from '../errors.js';
import type { Frame, HelloFrame, WelcomeFrame } from '../wire/frame.js';
import type { Channel } from './channel.js';

/** Time for the server's answer, in milliseconds: it may first ask another client whether it still lives. */
const WELCOME_TIMEOUT_MS = 20_000;

/**
 * The client's side.
 * @param early frames of the session that need no answer to the hello first: a round trip saved.
 * @throws StreamerError when the server refuses, or goes.
 */
export async function greetAsClient(channel: Channel, hello: HelloFrame, early: readonly Frame[] = []): Promise<WelcomeFrame> {
  channel.send(hello);
  for (const frame of early) channel.send(frame);
  const frame = await firstFrame(channel, WELCOME_TIMEOUT_MS);
  if (frame.type === 'failure') throw errorFromPeer(frame.code, frame.message);
  if (frame.type !== 'welcome') throw new ProtocolError('protocol-violation', `the server sent a frame '${frame.type}' before its welcome`);
  if (hello.alive === true && frame.alive === true) channel.keepAlive();
  return frame;
}

/**
 * The server's side, first half: the client's hello, with which it is authenticated.
 * @throws StreamerError when something else comes, or nothing in time.
 */
export async function awaitHello(channel: Channel, timeoutMs: number): Promise<HelloFrame> {
  const frame = await firstFrame(channel, timeoutMs);
  if (frame.type !== 'hello') throw new ProtocolError('protocol-violation', `the client sent a frame '${frame.type}' before its hello`);
  return frame;
}

/** The server's side, second half: the client is taken. */
export function welcome(channel: Channel, hello: HelloFrame, answer: Omit<WelcomeFrame, 'type' | 'alive'>): void {
  const alive = hello.alive === true;
  channel.send({ type: 'welcome', ...answer, ...(alive ? { alive } : {}) });
  if (alive) channel.keepAlive();
}

/** The next frame; later ones wait in the channel. */
function firstFrame(channel: Channel, timeoutMs: number): Promise<Frame> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      channel.attach(undefined);
      settle();
    };
    const timer = setTimeout(() => {
      const error: StreamerError = new TimeoutError('timeout-handshake', `the other end did not greet within ${timeoutMs / 1000} s`, { retryable: true });
      finish(() => {
        channel.fail(error);
        reject(error);
      });
    }, timeoutMs);
    channel.attach({
      frame: (frame) => finish(() => resolve(frame)),
      closed: (error) => finish(() => reject(error)),
    });
  });
}
