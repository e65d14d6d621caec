/**
 * The command's entry. What is needed for `--version` is here; everything else is loaded when it is used.
 *
 * @module
 */
import { VERSION } from '../version.js';

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`streamer ${VERSION}\n`);
} else {
  const { runProgram } = await import('./program.js');
  await runProgram(words);
}
