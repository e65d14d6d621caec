import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseNetwork, type Makers, type Network, type NetworkKind, type Obstacle } from '../../../bench/network.js';

function network(kind: NetworkKind): Network {
  return { kind, serverIp: '127.0.0.1', description: `a path (${kind})`, command: () => ['true'], freePort: () => Promise.resolve(1) };
}

/** A machine that has some kinds and lacks the others; `asked` is which of them were tried. */
function machine(...has: readonly NetworkKind[]): { readonly makers: Makers; readonly asked: NetworkKind[] } {
  const asked: NetworkKind[] = [];
  const maker = (kind: NetworkKind) => (): Promise<Network | Obstacle> => {
    asked.push(kind);
    return Promise.resolve(has.includes(kind) ? network(kind) : { reason: `no ${kind}` });
  };
  return { makers: { namespaces: maker('namespaces'), containers: maker('containers'), loopback: maker('loopback') }, asked };
}

describe("the choice of the bench's path", () => {
  it('is namespaces where they can be made, and nothing else is tried', async () => {
    const { makers, asked } = machine('namespaces', 'containers', 'loopback');
    const chosen = await chooseNetwork('auto', makers);
    assert.ok(!('reason' in chosen));
    assert.deepEqual([chosen.description, asked], ['a path (namespaces)', ['namespaces']]);
  });

  it('is containers where namespaces cannot be made, and says why', async () => {
    const chosen = await chooseNetwork('auto', machine('containers', 'loopback').makers);
    assert.ok(!('reason' in chosen));
    assert.equal(chosen.kind, 'containers');
    assert.equal(chosen.description, 'a path (containers) (namespaces skipped: no namespaces)');
  });

  it('is loopback where there is nothing better, and says why each was not', async () => {
    const chosen = await chooseNetwork('auto', machine('loopback').makers);
    assert.ok(!('reason' in chosen));
    assert.equal(chosen.description, 'a path (loopback) (namespaces skipped: no namespaces; containers skipped: no containers)');
  });

  it('is the kind that is named, though there are better ones', async () => {
    const { makers, asked } = machine('namespaces', 'containers', 'loopback');
    const chosen = await chooseNetwork('loopback', makers);
    assert.ok(!('reason' in chosen));
    assert.deepEqual([chosen.description, asked], ['a path (loopback)', ['loopback']]);
  });

  it('is no other than the kind that is named', async () => {
    const { makers, asked } = machine('namespaces', 'loopback');
    assert.deepEqual(await chooseNetwork('containers', makers), { reason: 'containers skipped: no containers' });
    assert.deepEqual(asked, ['containers']);
  });
});
