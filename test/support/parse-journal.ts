/**
 * A whole journal held in memory, as storage reads one piece by piece.
 *
 * @module
 */
import { ChunkTable } from '../../src/storage/chunk-table.js';
import { chunkCount, HEADER_BYTES, parseHeader, type ParsedJournal, RecordCodec } from '../../src/storage/journal.js';

/** undefined when its header does not pass. Any bytes will do: it never throws. */
export function parseJournal(bytes: Uint8Array): ParsedJournal | undefined {
  const header = parseHeader(bytes);
  if (header === undefined) return undefined;
  const table = new ChunkTable(chunkCount(header.size, header.chunkSize));
  const length = HEADER_BYTES + new RecordCodec(bytes).parse(bytes.subarray(HEADER_BYTES), table);
  return { header, table, length };
}
