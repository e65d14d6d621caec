/**
 * Ports that nobody listens on.
 *
 * @module
 */
import net from 'node:net';

/** A port that is free at an address of this machine, as the kernel picks it: another one each time. */
export function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, address, () => {
      const bound = probe.address();
      probe.close(() => {
        if (bound !== null && typeof bound === 'object') resolve(bound.port);
        else reject(new Error('no free port'));
      });
    });
  });
}
