import { Redis as Client } from 'ioredis';

/** One question to the Redis server, sentinel or node at this port of the test, on a connection of its own. */
export async function askRedis<T>(
  port: number,
  password: string | undefined,
  ask: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    retryStrategy: () => null,
    commandTimeout: 1000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

/** How many are connected to this server beside who asks, and beside its own master, replicas and sentinels. */
export async function countClients(port: number, password: string | undefined): Promise<number> {
  const list = await askRedis(port, password, (client) => client.client('LIST'));
  const lines = String(list).trim().split('\n');
  return lines.filter((line) => !/ flags=\S*[SM]| name=sentinel-/.test(line)).length - 1;
}
