/**
 * The library's messages name its options and functions in backticks, as code: `waitTimeoutMs`, `wire: 'compat'`. A user of the
 * command line knows flags. So on their way to the screen, and here alone, the names become flags, whatever the error's class
 * and whichever end wrote it; what has no flag stays as it is, and so no message is written twice.
 *
 * A file's name that is one of these, backticks included, is shown as a flag, too: nothing but the screen reads it.
 *
 * @module
 */

/** By the code as it stands in a message. */
export const FLAGS: ReadonlyMap<string, string> = new Map([
  ['account', '--account'],
  ['authenticator', '--authenticator'],
  ['ca', '--ca'],
  ['checksum', '--checksum'],
  ['compat', '--compat'],
  ['connectTimeoutMs', '--connect-timeout'],
  ['coordinatesFile', '--coordinates-file'],
  ['cpus', '--cpus'],
  ['delete', '--delete'],
  ['digest', '--digest'],
  ['direct: false', '--no-direct'],
  ['directives', '--directive'],
  ['dryRun', '--dry-run'],
  ['exclude', '--exclude'],
  ['existing', '--overwrite and its like'],
  ['expiresAt', '--expires'],
  ['generateIdentity', '"streamer keygen"'],
  ['graceMs', '--grace'],
  ['host', '--host'],
  ['inboundTransferLimit', '--inbound-transfer-limit'],
  ['include', '--include'],
  ['jobName', '--job-name'],
  ['node', '--node'],
  ['nodes', '--nodes'],
  ['openCoordinates', '--identity'],
  ['output', '--output'],
  ['partition', '--partition'],
  ['portRange', '--port-range'],
  ['profile', '--profile'],
  ['publicIps', '--public-ips'],
  ['publicKeyOf', '"streamer keygen --public"'],
  ['rate', '--rate'],
  ['relay.token', '--relay-token-file, or STREAMER_RELAY_TOKEN'],
  ['relay.tokenFile', '--relay-token-file'],
  ['relay.url', '--relay'],
  ['retryTimeoutMs', '--retry-timeout'],
  ["route: 'direct'", '--direct'],
  ["route: 'relay'", '--via-relay'],
  ['sealTo', '--seal-to'],
  ['serverOptions', '--server-option'],
  ['streamerCommand', '--streamer'],
  ['streams', '--streams'],
  ['timeMs', '--time'],
  ['tls', '--tls-cert'],
  ['tokenCommand', '--token-command'],
  ['tokenFile', '--token-file'],
  ['url', '--url'],
  ['waitTimeoutMs', '--wait-timeout'],
  ['windowBytes', '--window'],
  ['wire', '--wire'],
  ["wire: 'compat'", '--wire compat'],
  ["wire: 'native'", '--wire native'],
  ['workingDirectory', '--working-directory'],
]);

/** A message of the library's, for a user of the command line. */
export function inFlags(message: string): string {
  return message.replace(/`([^`]+)`/gu, (code, name: string) => FLAGS.get(name) ?? code);
}
