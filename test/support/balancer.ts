/**
 * A load balancer as simple as they come: each TCP connection goes to the next of its targets that answers.
 *
 * @module
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface Balancer {
  readonly port: number;
  /** Connections that went to each target, by port. */
  readonly counts: ReadonlyMap<number, number>;
}

/** Starts one over ports of 127.0.0.1. */
export async function startBalancer(t: TestContext, targets: readonly number[]): Promise<Balancer> {
  const counts = new Map<number, number>();
  const sockets = new Set<Socket>();
  let next = 0;
  const server = createServer({ pauseOnConnect: true }, (near) => {
    keep(near);
    tryTarget(near, targets.length);
  });
  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.setNoDelay(true).on('error', () => undefined).on('close', () => sockets.delete(socket));
  }
  function tryTarget(near: Socket, left: number): void {
    const port = targets[(next += 1) % targets.length] ?? 0;
    const far = connect(port, '127.0.0.1');
    keep(far);
    far.once('error', () => {
      if (far.connecting || left <= 1) near.destroy();
      else tryTarget(near, left - 1);
    });
    far.once('connect', () => {
      counts.set(port, (counts.get(port) ?? 0) + 1);
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, counts };
}
