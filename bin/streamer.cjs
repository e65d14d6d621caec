#!/usr/bin/env node
'use strict';
// Starts the command from one file, with the code that V8 made of it when it was built: without that, reading and
// compiling takes longer than a small transfer. V8 takes the cache only from its own version; another one compiles.
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { Script } = require('node:vm');

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`streamer ${require('../package.json').version}\n`);
} else {
  load(path.join(__dirname, '../dist/bundle/streamer.cjs')).runProgram(words);
}

/** @returns what the bundle exports */
function load(filename) {
  const script = new Script(`(function(exports,require,module,__filename,__dirname){${readFileSync(filename, 'latin1')}\n})`, { filename, cachedData: cacheOf(filename) });
  const bundle = { exports: {} };
  script.runInThisContext()(bundle.exports, require, bundle, filename, path.dirname(filename));
  return bundle.exports;
}

function cacheOf(filename) {
  try {
    return readFileSync(`${filename}.cache`);
  } catch {
    return undefined;
  }
}
