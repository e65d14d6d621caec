/**
 * The ways there are.
 *
 * @module
 */
import { agentMethod } from '../agent/method.js';
import type { Method } from '../method.js';
import { opsMethod } from './ops.js';
import { streamerMethod } from './streamer.js';

/** In the order of the manual. */
export function allMethods(): readonly Method[] {
  return [streamerMethod(), agentMethod, opsMethod];
}
