/**
 * Options of the wire and what is beneath it, which several commands take.
 *
 * @module
 */
import { Option } from 'commander';
import { DEFAULTS } from '../options.js';
import { formatSize } from '../util/units.js';
import { sizeArgument, wireArgument, workersArgument } from './arguments.js';

/** `--wire`. @param help whose choice it is. */
export function wireOption(help: string): Option {
  return new Option('--wire <wire>', `${help}: auto, native (encrypted) or compat (the Python streamer's, not encrypted)`)
    .argParser(wireArgument)
    .default(DEFAULTS.wire);
}

/** `--window`, in bytes. */
export function windowOption(): Option {
  return new Option('--window <size>', 'most bytes in flight or waiting for the disk, 8MiB to 1GiB').argParser(sizeArgument).default(DEFAULTS.windowBytes, formatSize(DEFAULTS.windowBytes));
}

/** `--ca`: a file's name. */
export function caOption(): Option {
  return new Option('--ca <file>', 'PEM file of authorities to trust, where the server or the relay speaks TLS (default: those that node knows)');
}

/** `--workers`: see `util/spare-processors.ts`. Every command that has it takes it in the same way: `action` does. */
export function workersOption(): Option {
  return new Option('--workers <number>', 'threads that encrypt and decrypt beside the main one; or set $STREAMER_WORKERS (default: 1 on four processors or more, else 0)').argParser(workersArgument);
}
