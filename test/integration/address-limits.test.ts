import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import { assertError, startServing, type Serving } from './serving.ts';

const behind = (address: string) => ({ headers: { 'x-forwarded-for': address } });

const connect = (t: TestContext, server: Serving, address: string): Promise<WsClient> =>
  connectWs(t, `${server.wsUrl}/ws?uid=${encodeURIComponent(address)}`, behind(address));

async function refusal(server: Serving, address: string): Promise<Record<string, unknown>> {
  const answer = await refusedWs(`${server.wsUrl}/ws?uid=x`, behind(address));
  return {
    ...assertError(answer, answer.text.includes('rate_exceeded') ? 'rate_exceeded' : 'address_connections_exceeded'),
  };
}

test('one address has as many connections as it may, one more is refused, and a closed one makes room', async (t) => {
  const flags = ['--trust-proxy=loopback', '--max-connections-per-address=3'];
  const server = await startServing(t, { flags });
  const clients = [0, 1, 2].map(() => connect(t, server, '192.0.2.1'));
  const [first] = await Promise.all(clients);
  assert.match(String((await refusal(server, '192.0.2.1'))['message']), /--max-connections-per-address/);
  // What the client itself has written before its proxy's word changes nothing.
  await refusal(server, '198.51.100.1, 192.0.2.1');
  const others = [await connect(t, server, '192.0.2.2'), await connect(t, server, '2001:db8::1')];
  assert.ok(others.every((client) => client.isOpen()));
  const { counters } = await server.stats();
  assert.equal(counters['overAddressConnections'], 2);
  assert.equal(counters['listenersRefused'], 2);
  const { address, limit } = await server.logged('address.refused');
  assert.deepEqual([address, limit], ['192.0.2.1', 'max-connections-per-address']);
  await first?.close();
  await connect(t, server, '192.0.2.1');
  await refusal(server, '192.0.2.1');
  await server.serves();
});

test('who is refused for another reason, or goes without a word, leaves no place behind', async (t) => {
  const flags = ['--trust-proxy=loopback', '--max-connections-per-address=1', '--max-handshakes-per-address=0'];
  const server = await startServing(t, { flags });
  for (let count = 0; count < 20; count += 1) {
    assertError(await refusedWs(`${server.wsUrl}/ws?uid=`, behind('192.0.2.1')), 'invalid_listen');
  }
  (await connect(t, server, '192.0.2.1')).terminate();
  await server.until(({ gauges }) => gauges.connections === 1, 'the connection to be forgotten');
  await connect(t, server, '192.0.2.1');
  await server.serves();
});

test('one address comes as often as it may in a second, and is then told when to come', async (t) => {
  const flags = ['--trust-proxy=loopback', '--max-handshakes-per-address=5', '--max-connections-per-address=0'];
  const server = await startServing(t, { flags });
  let refused = 0;
  // However long they take: five of each second are taken.
  const come = async (): Promise<void> => {
    try {
      await connect(t, server, '192.0.2.1');
    } catch {
      refused += 1;
    }
  };
  await Promise.all(Array.from({ length: 60 }, come));
  assert.ok(refused >= 1 && refused <= 55, `${refused} of 60 were refused`);
  const { counters } = await server.stats();
  assert.equal(counters['overAddressHandshakes'], refused);
  await connect(t, server, '192.0.2.2');
  await server.serves();
});

test('this machine is not limited where no proxy is trusted, whatever a header says', async (t) => {
  const server = await startServing(t, {
    flags: ['--max-connections-per-address=2', '--max-handshakes-per-address=2'],
  });
  for (let count = 0; count < 10; count += 1) await connect(t, server, '192.0.2.1');
  await server.serves();
});

test('each of the workers has its part of what one address may have', async (t) => {
  const flags = ['--workers=2', '--trust-proxy=loopback', '--max-connections-per-address=4'];
  const server = await startServing(t, { flags });
  const all = Array.from({ length: 20 }, async () => {
    try {
      await connect(t, server, '192.0.2.1');
      return 1;
    } catch {
      return 0;
    }
  });
  const taken = (await Promise.all(all)).reduce<number>((sum, one) => sum + one, 0);
  assert.equal(taken, 4);
  assert.equal((await server.stats()).counters['overAddressConnections'], 16);
});
