#!/usr/bin/env node
'use strict';
// Starts the command from one file, with the code that V8 made of it when it was built: without that, reading and
// compiling takes longer than a small transfer. The cache is named for the node that made it, and no other is given it: V8
// refuses only those of another version of its own, and node 20.12 dies of one that 20.20 has made. Another node compiles.
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { Script } = require('node:vm');

// Whoever makes the cache loads it as it is loaded here: of another text V8 would not take it.
module.exports = { load, cacheFileOf };
if (require.main === module) main(process.argv.slice(2));

function main(words) {
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    process.stdout.write(`streamer ${require('../package.json').version}\n`);
    return;
  }
  const file = path.join(__dirname, '../dist/bundle/streamer.cjs');
  load(file, { filename: file, cachedData: cacheOf(file) }).bundle.runProgram(words);
}

/** @returns the script of a file, and what it exports */
function load(file, options) {
  const script = new Script(`(function(exports,require,module,__filename,__dirname){${readFileSync(file, 'latin1')}\n})`, options);
  // A script of node:vm has no import() of its own.
  const bundle = { exports: {}, import: (url) => import(url) };
  script.runInThisContext()(bundle.exports, require, bundle, file, path.dirname(file));
  return { script, bundle: bundle.exports };
}

/** The name of the cache that this very node makes of a file, and takes. */
function cacheFileOf(filename) {
  return `${filename}.${process.version}-${process.platform}-${process.arch}.cache`;
}

function cacheOf(filename) {
  try {
    return readFileSync(cacheFileOf(filename));
  } catch {
    return undefined;
  }
}
