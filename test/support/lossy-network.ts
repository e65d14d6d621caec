/**
 * A network of its own that loses packets: one namespace with nothing but its loopback, whose MTU is Ethernet's, and a rule of
 * nftables that drops some of what arrives. TCP is the kernel's own, at both ends. Needs root.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

const MTU = '1500';

/** A namespace's name, unlike that of any other test's that runs now. */
let made = 0;

/** Whether this machine can have one. */
export function canLosePackets(): boolean {
  return process.getuid?.() === 0 && spawnSync('ip', ['netns', 'list'], { stdio: 'ignore' }).status === 0 && spawnSync('nft', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** See the module's head. It goes with the test. */
export class LossyNetwork {
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
  }

  static make(t: TestContext): LossyNetwork {
    made += 1;
    const network = new LossyNetwork(`streamer-test-${process.pid}-${made}`);
    run(['ip', 'netns', 'add', network.#name]);
    t.after(() => run(['ip', 'netns', 'delete', network.#name]));
    network.#run(['ip', 'link', 'set', 'lo', 'mtu', MTU, 'up']);
    // Whole packets, as a wire has them: loopback would pass 64 KiB at once.
    network.#run(['ip', 'link', 'set', 'lo', 'gso_max_segs', '1']);
    network.#run(['nft', 'add table inet wire; add chain inet wire in { type filter hook input priority 0; }']);
    return network;
  }

  /** A command line that runs in it. */
  readonly within = (argv: readonly string[]): string[] => ['ip', 'netns', 'exec', this.#name, ...argv];

  /** Drops `perThousand` of 1000 packets, by chance, from now on; 1000: all. */
  lose(perThousand: number): void {
    const random = perThousand >= 1000 ? '' : `numgen random mod 1000 < ${perThousand} `;
    this.#run(['nft', `flush chain inet wire in; add rule inet wire in ${random}counter drop`]);
  }

  /** Packets that the rule of now has dropped. */
  lost(): number {
    const [, packets = '0'] = /counter packets (\d+)/u.exec(this.#run(['nft', 'list chain inet wire in'])) ?? [];
    return Number(packets);
  }

  /** Bytes that its wire has carried so far, headers and what was dropped included. */
  carried(): number {
    return Number(this.#run(['cat', '/sys/class/net/lo/statistics/rx_bytes']));
  }

  #run(argv: readonly string[]): string {
    return run(this.within(argv));
  }
}

function run([program = '', ...words]: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
