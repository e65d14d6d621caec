/**
 * What runs beside a transfer on the command line: the rate's control and the receipt.
 *
 * @module
 */
import type { ProgressListener } from '../transfer/progress.js';
import type { RateLimit } from '../transfer/rate-limit.js';
import { controlRate } from './rate-control.js';
import { Receipt } from './receipt.js';
import type { Renderer } from './render.js';
import type { TransferCommandOptions } from './transfer-options.js';

/** For the transfer to use. */
export interface TransferTools {
  readonly rate: RateLimit;
  readonly onProgress: ProgressListener;
}

/**
 * Runs a transfer with its tools, and puts them away.
 * @param keys whether standard input is free to be listened to.
 */
export async function withTransferTools<T>(
  options: Pick<TransferCommandOptions, 'rate' | 'receipt'>,
  renderer: Renderer,
  keys: boolean,
  run: (tools: TransferTools) => Promise<T>,
): Promise<T> {
  const control = controlRate(options.rate, keys, renderer.onProgress);
  let receipt: Receipt | undefined;
  try {
    receipt = options.receipt === undefined ? undefined : new Receipt(options.receipt);
    return await run({
      rate: control.rate,
      onProgress: (event) => {
        receipt?.onProgress(event);
        renderer.onProgress(event);
      },
    });
  } finally {
    control.end();
    receipt?.end();
  }
}
