/**
 * Every peer, in the order of the table.
 *
 * @module
 */
import { httpsCurl } from './https-curl.js';
import { iperf3 } from './iperf3.js';
import type { Peer } from './peer.js';
import { pythonPair } from './python.js';
import { rawTcp } from './raw-tcp.js';
import { scp } from './scp.js';
import { compat, native, ourClientPythonServer, pythonClientOurServer } from './streamer.js';

/** The peers. To add one: describe it in a file of this folder, and name it here. */
export const PEERS: readonly Peer[] = [
  rawTcp,
  iperf3,
  httpsCurl,
  scp,
  native,
  compat,
  ourClientPythonServer,
  pythonClientOurServer,
  pythonPair,
];
