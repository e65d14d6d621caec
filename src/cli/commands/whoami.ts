/**
 * `streamer whoami`: wiring only.
 *
 * @module
 */
import { identify } from '../../control/auth/identity.js';
import { openSignIn } from '../../control/open.js';
import { peerText } from '../../errors.js';
import type { Context } from '../action.js';
import { controlChoice, type ControlOptions } from '../control-options.js';
import { inFlags } from '../flags.js';
import { timeLeft } from '../time-left.js';

/** Says who one is, by the token; it is renewed first where it has to be. @throws StreamerError */
export async function runWhoami(options: ControlOptions, { renderer, stopSignal }: Context): Promise<void> {
  const { authenticator, store, fetch, url, settings, profileName } = await openSignIn(controlChoice(options));
  const { claims, expiresAtMs } = await identify(authenticator, url, { store, fetch, signal: stopSignal() });
  const nowMs = Date.now();
  const rows: readonly (readonly [label: string, value: string | undefined])[] = [
    ['user', claims?.user ?? 'not told by the token'],
    ['subject', claims?.subject],
    ['issued by', claims?.issuer],
    ['for', claims === undefined || claims.audience.length === 0 ? undefined : claims.audience.join(', ')],
    ['to', claims?.authorizedParty],
    ['scope', claims?.scope],
    ['FirecREST', url],
    ['signed in by', `${settings.flow} (${inFlags(settings.from)})`],
    ['time left', expiresAtMs === undefined ? 'not told by the token' : timeLeft(expiresAtMs, nowMs)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.flatMap(([label, value]) => (value === undefined ? [] : [`${label.padEnd(width)}  ${peerText(value)}`]));
  renderer.print(lines.join('\n'), {
    event: 'whoami',
    ...claims,
    url,
    flow: settings.flow,
    from: inFlags(settings.from),
    profile: settings.from === `the profile ${profileName ?? ''}` ? profileName : undefined,
    expiresAtMs,
    secondsLeft: expiresAtMs === undefined ? undefined : Math.round((expiresAtMs - nowMs) / 1000),
  });
}
